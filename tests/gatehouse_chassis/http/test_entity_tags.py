"""If-Match and If-None-Match, as RFC 9110 section 13.1 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse_chassis.http.entity_tags import NEVER, entity_tag, expected_version, still_has
from gatehouse_chassis.http.problems import BadRequest


@given(st.integers(1, 999_999_999))
def test_a_version_comes_back_from_its_tag(version: int) -> None:
    assert expected_version(entity_tag(version)) == version
    assert still_has(entity_tag(version), entity_tag(version))
    assert not still_has(entity_tag(version), entity_tag(version + 1))


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_any_version_will_do_for_who_names_none(header: str | None) -> None:
    assert expected_version(header) is None


@pytest.mark.parametrize(
    "header",
    [
        '"1", "2"',  # two at once were not read
        '"1-gz"',
        '"1-gzip-gzip"',
        '"-gzip"',
        '"abc"',
        '"01"',
        '"+1"',
        '"-1"',
        '""',
        '"1 "'.replace(" ", ","),
        '"a,b"',
        '"٣"'.encode().decode("latin-1"),
        '"99999999999999999999999"',
        '"2147483648"',  # PostgreSQL's integer ends before it
    ],
)
def test_a_tag_that_is_not_ours_matches_no_version(header: str) -> None:
    assert expected_version(header) == NEVER
    assert not still_has(header.replace("1", "7"), entity_tag(5))


@pytest.mark.parametrize(
    "header", ['W/"5"', '"5-gzip"', '"5--gzip"', 'W/"5-br"', '"5;zstd"', '"5-deflate"']
)
def test_what_a_compressing_proxy_made_of_our_tag_is_our_tag(header: str) -> None:
    assert expected_version(header) == 5
    assert still_has(header, entity_tag(5))
    assert not still_has(header, entity_tag(6))


@pytest.mark.parametrize(
    "header", ["", "1", "'1'", '"1', '1"', 'w/"1"', '"1" x', '"a b"', '*, "1"', ","]
)
def test_what_is_no_entity_tag_is_refused(header: str) -> None:
    with pytest.raises(BadRequest, match="double quotes"):
        expected_version(header)
    with pytest.raises(BadRequest, match="double quotes"):
        still_has(header, entity_tag(1))


@pytest.mark.parametrize("header", ["*", '"5"', 'W/"5"', '"4", "5"', 'W/"4",W/"5"', '"a,b" ,, "5"'])
def test_a_copy_is_current_when_one_of_its_tags_is(header: str) -> None:
    assert still_has(header, entity_tag(5))


@given(st.text(alphabet='"W/*, 12a', max_size=12))
def test_no_header_raises_anything_else(header: str) -> None:
    for read in (expected_version, lambda value: still_has(value, entity_tag(1))):
        try:
            read(header)
        except BadRequest:
            continue
