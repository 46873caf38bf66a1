"""`python -m bench`: every promise about speed in one run."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine, report, wrk
from bench.markdown import MarkersMissing, fill, table
from bench.measures import MEASURES
from bench.progress import Progress
from bench.rows import Findings, Row
from bench.session import QUICK, WHOLE, Measure, Session
from bench.subjects import Subjects
from deploy.checkout import Checkout
from deploy.errors import DeployError
from gatehouse_chassis.observability.logs import configure_logging

PAGE = Path("docs/performance.md")
IMAGES = Path("docs/images")

REFUSED, MISSED, INTERRUPTED = 1, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page after a whole run."""
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = options.only - {measure.name for measure in MEASURES}
    if unknown:
        parser.error(f"--only knows no {', '.join(sorted(unknown))}; it knows {_names()}")
    chosen = [m for m in MEASURES if m.name in options.only or not options.only]
    if options.quick and not options.only:
        chosen = [measure for measure in chosen if measure.quick]
    # So that what runs is ended in order when this is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    configure_logging(service="bench", level="warning", style="text")
    try:
        return _run(chosen, options)
    # `testing` says with an AssertionError what did not start, and how its log ends.
    except (DeployError, MarkersMissing, AssertionError) as problem:
        print(problem, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left running.", file=sys.stderr)
        return INTERRUPTED


def _run(chosen: list[Measure], options: argparse.Namespace) -> int:
    began = time.monotonic()
    checkout = Checkout.here()
    generator = wrk.bring(checkout)
    facts = machine.describe(checkout, generator.version)
    progress = Progress(len(chosen))
    rows: list[Row] = []
    found: list[Findings] = []
    with (
        tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder,
        Subjects(Path(folder)) as subjects,
    ):
        plan = QUICK if options.quick else WHOLE
        session = Session(generator, subjects, plan, progress.say)
        for measure in chosen:
            with progress.step(measure.what):
                findings = _findings(measure, session)
            found.append(findings)
            rows += _rows(measure, findings)
    print(report.for_a_terminal(rows))
    for name, block in [block for findings in found for block in findings.blocks.items()]:
        print(f"\n{name}:\n{block}")
    whole = len(chosen) == len(MEASURES) and not options.quick
    if whole:
        _write(checkout, facts, rows, found)
    print(f"{time.monotonic() - began:.0f} s; {_where(whole)}")
    return outcome(rows, strict=options.strict)


def outcome(rows: Sequence[Row], *, strict: bool) -> int:
    """The exit code: a refused figure is a failure, a missed target one only where the rule is strict."""
    if any(isinstance(row.figure, wrk.Refused) for row in rows):
        return REFUSED
    missed = any(row.verdict != "met" for row in rows)
    return MISSED if missed and strict else 0


def _findings(measure: Measure, session: Session) -> Findings:
    try:
        return measure.run(session)
    except wrk.Refused as refused:
        session.say(f"refused: {refused}")
        blocks = {measure.block: f"Refused: {refused}"} if measure.block else {}
        return Findings(tuple(refused for _ in measure.promises), blocks)


def _rows(measure: Measure, findings: Findings) -> list[Row]:
    pairs = zip(measure.promises, findings.figures, strict=True)
    return [Row(promise, figure) for promise, figure in pairs]


def _write(
    checkout: Checkout, facts: dict[str, str], rows: list[Row], found: list[Findings]
) -> None:
    blocks = {
        "machine": table(["", ""], facts.items()),
        "rows": report.for_the_page(rows),
    }
    for findings in found:
        blocks.update(findings.blocks)
        for name, draw in findings.plots.items():
            draw(checkout.root / IMAGES / name)
    page = checkout.root / PAGE
    page.write_text(fill(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")


def _where(whole: bool) -> str:
    return f"written: {PAGE}" if whole else f"{PAGE} is written by a whole run only"


def _names() -> str:
    return ", ".join(measure.name for measure in MEASURES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure what the project promises about speed, as ratios in one run, and write "
        f"{PAGE} with its plots. It starts what it measures and touches no stack that runs.",
        epilog=f"Measures: {_names()}. Exit codes: 0 measured, 1 a figure was refused because an answer "
        "was an error, 3 a target was missed and --strict was given.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="the promises only, in fewer and shorter rounds"
    )
    parser.add_argument(
        "--only",
        type=lambda names: set(names.replace(",", " ").split()),
        default=set(),
        metavar="NAMES",
        help="some measures, such as reads,logins",
    )
    parser.add_argument("--strict", action="store_true", help="exit code 3 when a target is missed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
