import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.settings import load
from testing.checkout import ROOT
from testing.services import checkout_of_samples


def test_services_take_the_ports_after_nginx_in_the_order_of_the_list(tmp_path: Path) -> None:
    settings = load(checkout_of_samples(tmp_path), {"GATEHOUSE_PORT": "9000"})

    assert (settings.bind, settings.port) == ("127.0.0.1", 9000)
    assert settings.binds == {
        "auth": "127.0.0.1:9001",
        "items": "127.0.0.1:9002",
        "wide_notes": "127.0.0.1:9003",
    }
    assert settings.url == "http://localhost:9000"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GATEHOUSE_PORT=9000\nDEMO_USERNAME=ada\n")

    settings = load(checkout_of_samples(tmp_path), {"GATEHOUSE_PORT": "9100"})

    assert settings.port == 9100
    assert settings.get("DEMO_USERNAME") == "ada"
    assert settings.get("ADMIN_USERNAME") == ""


@pytest.mark.parametrize(
    ("bind", "origin"),
    [
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("192.0.2.7", "http://192.0.2.7:8080"),
        ("::", "http://[::1]:8080"),
        ("2001:db8::1", "http://[2001:db8::1]:8080"),
    ],
)
def test_this_machine_finds_nginx_whatever_it_listens_on(
    tmp_path: Path, bind: str, origin: str
) -> None:
    assert load(checkout_of_samples(tmp_path), {"GATEHOUSE_BIND": bind}).origin == origin


@pytest.mark.parametrize("port", ["eighty", "0", "-1", "65534", "8080 ", "٣"])
def test_a_port_that_is_none_is_refused_with_the_setting(tmp_path: Path, port: str) -> None:
    with pytest.raises(DeployError, match=r"GATEHOUSE_PORT is .* 1 to 65532"):
        load(checkout_of_samples(tmp_path), {"GATEHOUSE_PORT": port})


def test_local_processes_are_told_what_follows_from_the_list(tmp_path: Path) -> None:
    told = load(
        checkout_of_samples(tmp_path), {"ITEMS_BIND": "127.0.0.1:7000", "ITEMS_WORKERS": ""}
    ).of_local_processes()

    assert told["ITEMS_BIND"] == told["ITEMS_ADDRESS"] == "127.0.0.1:7000"
    assert told["ITEMS_ROOT_PATH"] == "/items"
    assert told["ITEMS_JWKS_URL"] == "http://127.0.0.1:8081/.well-known/jwks.json"
    assert told["ITEMS_STATUS_LIST_URL"] == "http://127.0.0.1:8081/status-list"
    assert (told["ITEMS_WORKERS"], told["ITEMS_BODY_LIMIT"]) == ("2", "131072")
    assert (told["WIDE_NOTES_WORKERS"], told["WIDE_NOTES_BODY_LIMIT"]) == ("3", "1000000")
    assert "AUTH_JWKS_URL" not in told
    assert told["LEGACY_ADDRESS"] == "127.0.0.1:9099"
    assert "LEGACY_BIND" not in told


@pytest.mark.parametrize("name", ["WORKERS", "BODY_LIMIT", "JWKS_URL", "STATUS_LIST_URL"])
def test_the_environment_wins_over_the_list(tmp_path: Path, name: str) -> None:
    settings = load(checkout_of_samples(tmp_path), {f"WIDE_NOTES_{name}": "said"})

    assert settings.of_local_processes()[f"WIDE_NOTES_{name}"] == "said"


def test_another_program_gets_the_settings_and_what_is_set_already_wins(tmp_path: Path) -> None:
    """`./gatehouse` runs so: .env has one reader, which refuses what shells and Compose read differently."""
    for name in ("deploy", "gatehouse_chassis", "services.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    # The package finds its checkout by its own path.
    (tmp_path / "deploy").unlink()
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / ".env").write_text("DEMO_USERNAME='a b'\nADMIN_USERNAME=file\n")

    def said(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.with_settings", "sh", "-c", script],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "ADMIN_USERNAME": "environment"},
            capture_output=True,
            text=True,
            check=False,
        )

    printed = said('echo "$DEMO_USERNAME, $ADMIN_USERNAME, $AUTH_ROOT_PATH"; exit 3')
    assert (printed.returncode, printed.stdout) == (3, "a b, environment, /auth\n")
    (tmp_path / ".env").write_text("DEMO_PASSWORD=a$HOME\n")
    refused = said("echo never")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert ".env, line 1 (DEMO_PASSWORD)" in refused.stderr
