"""gatehouse-doctor as its users run it, in this process."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from doctor.__main__ import main


@dataclass(frozen=True)
class Run:
    """What one run printed, and its exit code."""

    code: int
    output: str
    errors: str

    @property
    def report(self) -> Any:
        return json.loads(self.output)

    @property
    def findings(self) -> list[str]:
        return [finding["id"] for finding in self.report["findings"]]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(*arguments: str, terminal: bool = False) -> Run:
    """Run the command with these arguments; `terminal` is what its standard error says that it is."""
    output, errors = io.StringIO(), Terminal() if terminal else io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        try:
            code = main(arguments)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
    return Run(code, output.getvalue(), errors.getvalue())
