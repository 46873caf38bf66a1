"""Every command of the README, in its order, in one shell, on a copy of this checkout."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from testing.checkout import ROOT, Copy
from testing.docker import needs_docker

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
PRINTED = re.findall(r"^```text\n(.*?)^```", README, re.DOTALL | re.MULTILINE)[0].splitlines()
# What differs from machine to machine: why this mode was chosen, where nginx is, how long a step takes, the port.
VARIES = re.compile(r"because .*\.|using \S+|\d+\.\d s|localhost:\d+")


@pytest.fixture(
    params=["local", pytest.param("docker", marks=[needs_docker, pytest.mark.sweep])],
    scope="module",
)
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a shell prints that runs the README from its first command to its last."""
    copy = Copy(tmp_path_factory.mktemp(f"readme-{request.param}") / "gatehouse", request.param)
    copy.environment["TIME"] = "5s"  # what `make load` takes 30 seconds for, here in five
    # However slow this machine is just now: only failures break a budget here.
    patient = copy.folder / "patient.toml"
    patient.write_text('["GET /items/{item_id}"]\n')
    copy.environment["BUDGETS"] = str(patient)
    script = "\n".join(["exec 2>&1", "set -euo pipefail", *BLOCKS])
    try:
        done = copy.run(
            "bash", "-c", script.replace("localhost:8080", f"localhost:{copy.port}"), seconds=600
        )
        assert done.returncode == 0, done.stdout
        yield done.stdout
    finally:
        copy.make("down")


def test_the_commands_of_the_readme_do_what_it_says(walk: str) -> None:
    assert '"access_token"' in walk
    assert '"title":"A first item"' in walk
    assert '"title":"A first note"' in walk
    assert re.search(r"^WWW-Authenticate: Bearer\b", walk, re.MULTILINE | re.IGNORECASE)
    assert 'error="invalid_token"' in walk
    assert walk.count("load test: every budget was kept.") == 2
    assert re.search(r"^# \S+ \(A\) and \S+ \(B\)$", walk, re.MULTILINE), "two runs compared"


def test_make_up_prints_what_the_readme_shows(walk: str) -> None:
    if walk.startswith("Docker"):
        pytest.skip("the README shows what is printed without Docker")
    printed = [VARIES.sub("*", line) for line in walk.splitlines()]
    assert [line for line in PRINTED if VARIES.sub("*", line) not in printed] == []


def test_the_readme_is_read_in_a_few_minutes() -> None:
    lines = README.splitlines()
    assert len(lines) <= 160
    assert lines.index("make up") <= 40, "the one command is on the first screen"


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"make ([a-z-]+)", README))
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert named <= set(re.findall(r"^  make ([a-z-]+)", listed, re.MULTILINE))


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
