"""Text that every database and every JSON document can hold."""

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from gatehouse_chassis.http.text import OMITTED, StorableText

adapter = TypeAdapter(StorableText)


@pytest.mark.parametrize("text", ["", " ", "é", "\U0001f600", "\ufeff", "line\nbreak", "\u202e"])
def test_text_is_taken_as_it_is(text: str) -> None:
    assert adapter.validate_python(text) == text


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfff"])
def test_what_a_database_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        adapter.validate_python(text)


class Change(BaseModel):
    name: StorableText = OMITTED


def test_a_field_that_may_be_left_out_is_not_one_that_may_be_null() -> None:
    assert Change.model_validate({}).model_dump(exclude_unset=True) == {}
    with pytest.raises(ValidationError):
        Change.model_validate({"name": None})
    assert Change.model_json_schema()["properties"]["name"] == {"title": "Name", "type": "string"}
    assert "required" not in Change.model_json_schema()
