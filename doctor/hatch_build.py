"""Names the package `gatehouse_doctor` in the wheel: `doctor` would be too general beside other people's packages.

The folder keeps its short name, so each module is copied with its imports of the others written anew.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

IMPORT = re.compile(r"^(\s*(?:from|import)) doctor\b", re.MULTILINE)


class ImportName(BuildHookInterface[Any]):
    """Replaces the modules by copies that import `gatehouse_doctor`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self._copies = TemporaryDirectory()
        root = Path(self.root)
        for number, module in enumerate(sorted(root.rglob("*.py"))):
            name = module.relative_to(root).as_posix()
            if name == Path(__file__).name:
                continue
            copy = Path(self._copies.name, str(number))
            text = module.read_text(encoding="utf-8")
            copy.write_text(IMPORT.sub(r"\1 gatehouse_doctor", text), encoding="utf-8")
            build_data["force_include"][str(copy)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self._copies.cleanup()
