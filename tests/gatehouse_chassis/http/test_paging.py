"""Cursors are input: what this service did not write is refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse_chassis.http.paging import decode_cursor, encode_cursor
from gatehouse_chassis.http.problems import InvalidInput


@given(st.uuids())
def test_a_cursor_leads_back_to_its_row(row_id: UUID) -> None:
    cursor = encode_cursor(row_id)
    assert decode_cursor(cursor) == row_id
    assert len(cursor) == 22


@given(st.text(max_size=64))
@pytest.mark.parametrize("prefix", ["", "AZMfKk"])
def test_any_other_text_is_invalid_input_or_the_one_spelling_of_a_cursor(
    prefix: str, text: str
) -> None:
    try:
        row_id = decode_cursor(prefix + text)
    except InvalidInput:
        return
    assert encode_cursor(row_id) == prefix + text


CURSOR = encode_cursor(UUID(int=0))


@pytest.mark.parametrize("cursor", [CURSOR[:-1], CURSOR + "=", CURSOR + "A", CURSOR[:-1] + "B"])
def test_a_cursor_that_was_changed_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(cursor)
    assert refused.value.errors[0]["pointer"] == "#/cursor"
