import subprocess
from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.debian_package import DebianPackage
from deploy.errors import DeployError

TOOL = DebianPackage("some-tool")
SYSTEM = "/usr/bin:/bin"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.fixture
def path(tmp_path: Path, checkout: Checkout) -> Path:
    """A folder of programs that comes first on PATH."""
    checkout.root.mkdir()
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def program(file: Path, script: str) -> Path:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def environment(path: Path) -> dict[str, str]:
    return {"PATH": f"{path}:{SYSTEM}"}


def a_distribution(path: Path, tool: str) -> None:
    """An apt-get that says where it writes and has one package, and a dpkg-deb whose packages hold `tool`."""
    program(
        path / "apt-get",
        'for word in "$@"; do case $word in Dir::Cache=*) cache=${word#*=} ;; esac; done\n'
        'case "$*" in *--download-only*) echo "$*" >"$cache/archives/some-tool.deb" ;; esac',
    )
    program(
        path / "dpkg-deb",
        'mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"\n'
        f"printf '%s\\n' '#!/bin/sh' '{tool}' >\"$3/usr/bin/some-tool\"\n"
        'chmod 755 "$3/usr/bin/some-tool"',
    )


def test_the_machines_own_is_found_though_it_ends_its_version_with_an_error(
    checkout: Checkout, path: Path
) -> None:
    own = program(path / "some-tool", "exit 1")
    assert TOOL.find(checkout, environment(path)) == own


def test_one_that_lacks_a_library_is_passed_over(checkout: Checkout, path: Path) -> None:
    program(path / "some-tool", "exit 127")
    assert TOOL.find(checkout, environment(path)) is None


def test_a_package_is_unpacked_below_the_checkout_and_found_there(
    checkout: Checkout, path: Path
) -> None:
    a_distribution(path, tool='echo "$LD_LIBRARY_PATH $*"')

    unpacked = TOOL.unpack(checkout, environment(path))

    assert unpacked == checkout.tools / "some-tool" / "bin" / "some-tool"
    assert TOOL.find(checkout, environment(path)) == unpacked
    said = subprocess.run([unpacked, "a", "b"], capture_output=True, text=True, check=True).stdout
    assert said == f"{checkout.tools}/some-tool/usr/lib/x86_64-linux-gnu a b\n"
    assert [entry.name for entry in checkout.tools.iterdir()] == ["some-tool"]


def test_an_unpacked_program_that_does_not_run_is_told(checkout: Checkout, path: Path) -> None:
    a_distribution(path, tool="exit 127")
    with pytest.raises(DeployError, match=r"does not run. Install it: sudo apt-get install some-"):
        TOOL.unpack(checkout, environment(path))


def test_a_package_that_cannot_be_fetched_is_told_with_apts_own_words(
    checkout: Checkout, path: Path
) -> None:
    a_distribution(path, tool="")
    program(path / "apt-get", "echo no such archive; exit 100")
    with pytest.raises(DeployError, match=r"(?s)sudo apt-get install some-tool.*no such archive"):
        TOOL.unpack(checkout, environment(path))
