"""Runs the whole matrix, prints each cell, and writes docs/compatibility.md: python -m conformance"""

import sys
import time
from datetime import UTC, datetime

import structlog

from conformance.bench import Bench, what_lacks
from conformance.imitations import DIALECTS, views_of
from conformance.matrix import all_cells
from conformance.report import PAGE, render
from conformance.run import Cell, Outcome, run_cell
from conformance.ways import WAYS
from testing.checkout import ROOT

_USAGE = "usage: python -m conformance  (it takes no arguments; about 5 minutes)"


def main(arguments: list[str]) -> int:
    """0: every case holds or cannot; 1: one fails; 2: something is not installed."""
    if arguments:
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    cells = all_cells()
    lacking = sorted({lack for cell in cells if (lack := what_lacks(cell))})
    if lacking:
        needs = "\n  ".join(["The whole matrix needs every proxy and server:", *lacking])
        sys.stderr.write(f"{needs}\n")
        return 2
    started = time.monotonic()
    imitated = [outcome for outcomes in map(_imitate, _imitated_cells()) for outcome in outcomes]
    _say(f"imitated proxies: {len(_imitated_cells())} cells, {len(imitated)} cases")
    real = []
    with Bench() as bench:
        for number, cell in enumerate(cells, start=1):
            outcomes = bench.run(cell)
            real += outcomes
            bad = [outcome for outcome in outcomes if outcome.is_bad]
            result = "FAILED" if bad else "ok"
            _say(f"[{number}/{len(cells)}] {cell}: {len(outcomes)} cases, {result}")
            for outcome in bad:
                _say(f"    {outcome.case.id} {outcome.case.promise}\n    {outcome.why}")
    PAGE.write_text(render(real, imitated, datetime.now(UTC).date()), encoding="utf-8")
    bad = [outcome for outcome in [*real, *imitated] if outcome.is_bad]
    _say(
        f"{len(cells)} cells of real proxies, {len(real)} cases, {len(bad)} failed, "
        f"{time.monotonic() - started:.0f} s; written: {PAGE.relative_to(ROOT)}"
    )
    return 1 if bad else 0


def _imitated_cells() -> list[Cell]:
    return [Cell(dialect, way.name, "in process") for dialect in DIALECTS for way in WAYS]


def _imitate(cell: Cell) -> list[Outcome]:
    [way] = [way for way in WAYS if way.name == cell.way]
    return run_cell(cell, views_of(DIALECTS[cell.proxy], way))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    sys.exit(main(sys.argv[1:]))
