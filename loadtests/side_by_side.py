"""`make load-compare BASE=<git revision>`: that revision and the work tree, each with a stack of its own, in turns.

Both stacks are up all the time, on ports of their own and from git worktrees below var/, and two runs of the open model
load them: when one sends, the other waits.
"""

import os
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from loadtests import latency
from loadtests.comparison import RowComparison, compare_turns
from loadtests.report_markdown import table
from loadtests.settings import ROOT, SettingsError, variables_of
from loadtests.verdict import BROKEN, CANNOT_TELL, KEPT, NOTHING_MEASURED, RUN_FAILED, shown

FOLDER = ROOT / "var" / "compare"
SHARED = (".venv", ".local")
SIDES = ("base", "work tree")


class ComparisonError(Exception):
    """The comparison cannot be made; the message says why and how to fix it."""


@dataclass(frozen=True)
class Side:
    """One of the two: its stack is at `url` and its files are in `folder`."""

    number: int
    commit: str
    folder: Path
    url: str
    environment: dict[str, str]


def main(base: str, rate: float, seconds: int, reports: Path) -> int:
    """Compare, print and keep the result; return the exit code."""
    report = reports / f"compare-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
    try:
        commits = (_commit_of(base), _work_tree())
        with ExitStack() as stacks:
            sides = [
                stacks.enter_context(_stack(number, commit))
                for number, commit in enumerate(commits)
            ]
            _load(sides, rate, seconds, report)
        before, after = (
            latency.read(report / str(side.number) / "latencies.json") for side in sides
        )
    except (ComparisonError, SettingsError) as problem:
        print(f"comparison not made: {problem}", file=sys.stderr)
        return NOTHING_MEASURED
    rows = compare_turns(before, after, seconds)
    page = render(rows, (base, "the work tree"))
    (report / "comparison.md").write_text(page + "\n", encoding="utf-8")
    print(page)
    return exit_code(rows)


def exit_code(rows: Sequence[RowComparison]) -> int:
    """As of a run: 3 where a row is slower, 4 where a row cannot be told."""
    verdicts = {row.verdict for row in rows}
    if not rows:
        return NOTHING_MEASURED
    if "slower" in verdicts:
        return BROKEN
    return CANNOT_TELL if "cannot tell" in verdicts else KEPT


def render(rows: Sequence[RowComparison], names: tuple[str, str]) -> str:
    """The rows as a Markdown table, and the sentence that they come to."""
    lines = [
        [
            row.row,
            str(row.pairs),
            *(shown(one) if one == one else "-" for one in (row.before, row.after)),
            f"{row.change:+.1%}" if row.change == row.change else "-",
            f"{row.low:+.1%} to {row.high:+.1%}" if row.low == row.low else "-",
            row.verdict
            + (f" ({row.more_seconds:.0f} more s)" if row.verdict == "cannot tell" else ""),
        ]
        for row in rows
    ]
    headings = ["row", "pairs of turns", "before ms", "after ms", "change", "for sure", "verdict"]
    slower = [row.row for row in rows if row.verdict == "slower"]
    open_ = [row for row in rows if row.verdict == "cannot tell"]
    if slower:
        sentence = f"slower: {', '.join(slower)}."
    elif open_:
        longest = max(row.more_seconds for row in open_)
        sentence = f"cannot tell ({longest:.0f} more seconds are needed): {len(open_)} of {len(rows)} rows."
    else:
        sentence = "no row is slower."
    return "\n\n".join(
        [
            f"# {names[0]} and {names[1]}: {sentence}",
            table(headings, lines),
            "Times are geometric means. `for sure` is the interval of the change, so wide that one comparison in a "
            "thousand of a revision with itself gives an alarm.",
        ]
    )


def _load(sides: Sequence[Side], rate: float, seconds: int, report: Path) -> None:
    running = []
    for side in sides:
        folder = report / str(side.number)
        folder.mkdir(parents=True)
        options = [
            f"--report={folder}",
            f"--url={side.url}",
            f"--rate={rate}",
            f"--side={side.number}",
            f"--time={seconds}s",
        ]
        with (folder / "output.txt").open("wb") as output:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "loadtests", "run", "--shape=rate", *options],
                    cwd=ROOT,
                    env=side.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
    print(f"Loading both in turns for {seconds} s ...", file=sys.stderr, flush=True)
    codes = [one.wait() for one in running]
    for side, code in zip(sides, codes, strict=True):
        if code in (RUN_FAILED, NOTHING_MEASURED) or code < 0:
            said = (report / str(side.number) / "output.txt").read_text().strip()
            raise ComparisonError(
                f"the run on {SIDES[side.number]} ended with {code}: {said[-500:]}"
            )


@contextmanager
def _stack(number: int, commit: str) -> Iterator[Side]:
    folder, port = FOLDER / str(number), _free_port()
    print(f"Starting {SIDES[number]} ({commit[:12]}) ...", file=sys.stderr, flush=True)
    environment = {
        # Not what make tells its children, and nothing that is of this checkout's own stack.
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "MFLAGS", "GATEHOUSE_", "AUTH_", "ITEMS_", "BASE"))
        },
        "MODE": "local",
        "GATEHOUSE_PORT": str(port),
        "COMPOSE_PROJECT_NAME": f"gatehouse-compare-{number}",
    }
    _remove(folder)
    _run(["git", "worktree", "add", "--detach", "--force", str(folder), commit], ROOT)
    try:
        for shared in SHARED:
            same = (folder / "uv.lock").read_bytes() == (ROOT / "uv.lock").read_bytes()
            if (ROOT / shared).exists() and (same or shared == ".local"):
                (folder / shared).symlink_to((ROOT / shared).resolve())
        environment |= {
            f"{name.upper()}_BIND": f"127.0.0.1:{_free_port()}" for name in _own(folder)
        }
        _run(["make", "up"], folder, environment)
        known = variables_of(folder / ".env")
        environment |= {
            name: known[name] for name in ("ADMIN_USERNAME", "ADMIN_PASSWORD") if name in known
        }
        yield Side(number, commit, folder, f"http://127.0.0.1:{port}", environment)
    finally:
        subprocess.run(["make", "down"], cwd=folder, env=environment, capture_output=True)
        _remove(folder)


def _own(folder: Path) -> list[str]:
    """The services whose processes this stack starts."""
    listed = tomllib.loads((folder / "services.toml").read_text(encoding="utf-8"))
    return [name for name, one in listed.items() if "package" in one]


def _remove(folder: Path) -> None:
    if folder.exists():
        subprocess.run(
            ["git", "worktree", "remove", "--force", str(folder)], cwd=ROOT, capture_output=True
        )
        shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["git", "worktree", "prune"], cwd=ROOT, capture_output=True)


def _commit_of(revision: str) -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        raise ComparisonError(f"{revision!r} is no revision of this checkout: see `git log`.")
    return found.stdout.strip()


def _work_tree() -> str:
    """The work tree as a commit that no branch has: with the changes to files that git knows."""
    who = ["-c", "user.name=load-compare", "-c", "user.email=load-compare@localhost"]
    return _run(["git", *who, "stash", "create"], ROOT).strip() or _commit_of("HEAD")


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        said = (done.stderr + done.stdout).strip()
        raise ComparisonError(f"`{' '.join(command[:3])}` in {folder} failed: {said[-800:]}")
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
