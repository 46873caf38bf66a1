import os
from pathlib import Path

import pytest

from deploy import preflight
from deploy.errors import DeployError
from deploy.settings import load
from testing.services import checkout_of_samples


def test_a_folder_that_can_be_made_is_fine(tmp_path: Path) -> None:
    preflight.check_folders([tmp_path, tmp_path / "var" / "log"])


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_refused_with_the_owner() -> None:
    with pytest.raises(DeployError, match=r"/var cannot be written, because / belongs to root"):
        preflight.check_folders([Path("/gatehouse/var")])


def test_a_folder_of_one_s_own_that_is_read_only_is_not_blamed_on_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere

    with pytest.raises(DeployError) as refused:
        preflight.check_folders([tmp_path / "log"])

    assert str(refused.value) == (
        f"{tmp_path / 'log'} cannot be written, because {tmp_path} is read-only. It is yours: chmod u+rwx {tmp_path}"
    )


def test_data_without_its_secrets_is_refused(tmp_path: Path) -> None:
    settings = load(checkout_of_samples(tmp_path), {})

    with pytest.raises(DeployError, match=r"no \.env .* var/auth/auth\.db.* make clean"):
        preflight.check_secrets_fit_the_data(settings, ["var/auth/auth.db"])
    preflight.check_secrets_fit_the_data(settings, [])


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("AUTH_ROOT_PATH", "/auth"),
        ("ITEMS_ROOT_PATH", "/items"),
        ("WIDE_NOTES_ROOT_PATH", "/team/notes"),
    ],
)
def test_a_prefix_that_the_rest_of_the_stack_does_not_know_is_refused(
    tmp_path: Path, name: str, prefix: str
) -> None:
    def check(**environ: str) -> None:
        load(checkout_of_samples(tmp_path), environ)

    check()
    check(**{name: prefix})
    check(**{name: f"{prefix}/"})
    for other in ("/identity", ""):
        with pytest.raises(DeployError, match=rf"{name} is '{other}'.* only be {prefix}, because"):
            check(**{name: other})


def test_secrets_that_others_can_read_are_noted(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.touch()

    path.chmod(0o640)
    assert "chmod 600 .env" in (preflight.note_on_readable_secrets(path) or "")
    path.chmod(0o600)
    assert preflight.note_on_readable_secrets(path) is None


def test_an_address_of_a_service_needs_a_host_and_a_port(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"ITEMS_BIND is '8002'.* host:port"):
        load(checkout_of_samples(tmp_path), {"ITEMS_BIND": "8002"})
