"""Runs the scripts of `node/`: clients that are written in JavaScript."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_node_client(
    scripts: Path, name: str, settings: dict[str, str], visit: Callable[[str], str]
) -> dict[str, Any]:
    """What the client reports at its end.

    Args:
        scripts: where the scripts and their packages are.
        name: of the script.
        settings: what it is told of the server and of itself.
        visit: takes the person to the address that the client asks for, and returns where they arrive.
    """
    log = scripts / f"{name}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            ["node", scripts / f"{name}.js", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as node,
    ):
        assert node.stdin
        assert node.stdout
        asked = node.stdout.readline()
        if asked:
            node.stdin.write(f"{visit(json.loads(asked)['visit'])}\n")
            node.stdin.close()
        said = node.stdout.read()
        status = node.wait(30)
    assert status == 0, log.read_text()
    outcome: dict[str, Any] = json.loads(said)
    return outcome
