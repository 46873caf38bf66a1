from bench.__main__ import PAGE
from bench.markdown import fill
from bench.measures import MEASURES
from testing.checkout import ROOT


def test_the_page_has_a_place_for_every_table_that_is_measured() -> None:
    blocks = ["machine", "rows", *(measure.block for measure in MEASURES if measure.block)]
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert fill(page, dict.fromkeys(blocks, "new")).count("\nnew\n") == len(blocks)
