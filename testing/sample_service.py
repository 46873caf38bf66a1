"""A service that is in no checkout: what `make service NAME=samples` would write, in a folder of its own."""

import os
import sys
from pathlib import Path

from deploy.scaffold.names import names_of
from deploy.scaffold.template import render_entry, render_files
from testing.checkout import ROOT

NAMES = names_of("samples")
PACKAGE = NAMES.package


def write_sample_service(folder: Path) -> dict[str, str]:
    """Write the package and its `services.toml` into `folder`; return the environment in which Python finds both."""
    for path, text in render_files(NAMES, position=1).items():
        if path.parts[0] == PACKAGE:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    listed = (ROOT / "services.toml").read_text(encoding="utf-8")
    services = folder / "services.toml"
    services.write_text(f"{listed}\n{render_entry(NAMES, position=1)}", encoding="utf-8")
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{folder}:{ROOT}",
        "GATEHOUSE_SERVICES": str(services),
    }
