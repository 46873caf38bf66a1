import pytest

from bench.markdown import MarkersMissing, fill, table

PAGE = """Before.

<!-- bench:rows -->
old
<!-- /bench:rows -->

What a person wrote.

<!-- bench:machine --><!-- /bench:machine -->
"""


def test_only_what_is_between_the_markers_is_replaced() -> None:
    filled = fill(PAGE, {"rows": r"new \1", "machine": "fast"})

    assert filled == (
        "Before.\n\n<!-- bench:rows -->\n\nnew \\1\n\n<!-- /bench:rows -->\n\nWhat a person wrote.\n\n"
        "<!-- bench:machine -->\n\nfast\n\n<!-- /bench:machine -->\n"
    )
    assert fill(filled, {"rows": r"new \1", "machine": "fast"}) == filled


@pytest.mark.parametrize("page", ["", PAGE + PAGE], ids=["none", "twice"])
def test_a_page_without_one_place_for_a_block_is_refused(page: str) -> None:
    with pytest.raises(MarkersMissing, match=r"bench:rows"):
        fill(page, {"rows": "new"})


def test_columns_of_figures_stand_right() -> None:
    assert table(["what", ">ms"], [["a", "1"]]) == "| what | ms |\n| --- | ---: |\n| a | 1 |"
