from pathlib import Path

import pytest

from deploy import uv
from deploy.checkout import Checkout
from deploy.errors import DeployError


def a_uv(folder: Path, version: str) -> Path:
    """Return a stand-in for uv that tells its version and otherwise notes what it was asked."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "uv"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && echo "uv {version} (built somewhere)" && exit\n'
        f'echo "$UV_PYTHON_DOWNLOADS" "$VIRTUAL_ENV" "$@" >"{folder}/asked"\n'
    )
    program.chmod(0o755)
    return program


def test_a_uv_on_the_path_is_used(tmp_path: Path) -> None:
    on_path = a_uv(tmp_path / "bin", "0.9.0")

    assert uv.find(Checkout(tmp_path), {"PATH": str(on_path.parent)}) == on_path


def test_a_uv_that_is_too_old_is_passed_over_for_the_private_one(tmp_path: Path) -> None:
    too_old = a_uv(tmp_path / "bin", "0.8.9")
    private = a_uv(tmp_path / ".local" / "uv" / "bin", uv.PINNED)

    assert uv.find(Checkout(tmp_path), {"PATH": str(too_old.parent)}) == private


def test_packages_are_installed_as_locked_without_fetching_a_python(tmp_path: Path) -> None:
    folder = a_uv(tmp_path / "bin", "0.9.0").parent

    uv.sync(
        Checkout(tmp_path),
        env={"PATH": f"{folder}:/usr/bin:/bin", "VIRTUAL_ENV": "/another/environment"},
    )

    asked = (folder / "asked").read_text().split()
    assert asked[:3] == ["never", "sync", "--locked"], "and no other environment is named"
    assert asked[-2] == "--python", "where there is no environment, this Python makes it"


def test_an_environment_that_works_keeps_its_python(tmp_path: Path) -> None:
    folder = a_uv(tmp_path / "bin", "0.9.0").parent
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/true")

    uv.sync(Checkout(tmp_path), env={"PATH": f"{folder}:/usr/bin:/bin"})

    assert "--python" not in (folder / "asked").read_text().split()


def test_an_authority_of_one_s_own_is_told_to_uv(tmp_path: Path) -> None:
    folder = a_uv(tmp_path / "bin", "0.9.0").parent
    program = folder / "uv"
    program.write_text(
        program.read_text() + f'echo "$SSL_CERT_FILE $UV_NATIVE_TLS" >"{folder}/asked"\n'
    )
    told = {"SSL_CERT_FILE": "/etc/ours.pem", "UV_NATIVE_TLS": "1"}

    uv.sync(Checkout(tmp_path), env={"PATH": f"{folder}:/usr/bin:/bin", **told})

    assert (folder / "asked").read_text() == "/etc/ours.pem 1\n"


def test_a_certificate_that_nobody_knows_is_told_with_the_setting(tmp_path: Path) -> None:
    folder = a_uv(tmp_path / "bin", "0.9.0").parent
    (folder / "uv").write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "uv 0.9.0" && exit\n'
        "echo 'invalid peer certificate: UnknownIssuer' >&2\nexit 1\n"
    )

    with pytest.raises(DeployError, match=r"UnknownIssuer\n.* SSL_CERT_FILE=/path/to/ca.pem"):
        uv.sync(Checkout(tmp_path), env={"PATH": f"{folder}:/usr/bin:/bin"})
