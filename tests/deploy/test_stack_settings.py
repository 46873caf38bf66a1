from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.settings import load


def test_services_take_the_two_ports_after_nginx(tmp_path: Path) -> None:
    settings = load(Checkout(tmp_path), {"GATEHOUSE_PORT": "9000"})

    assert (settings.bind, settings.port) == ("127.0.0.1", 9000)
    assert settings.auth_bind == "127.0.0.1:9001"
    assert settings.items_bind == "127.0.0.1:9002"
    assert settings.url == "http://localhost:9000"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GATEHOUSE_PORT=9000\nDEMO_USERNAME=ada\n")

    settings = load(Checkout(tmp_path), {"GATEHOUSE_PORT": "9100"})

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
    assert load(Checkout(tmp_path), {"GATEHOUSE_BIND": bind}).origin == origin


@pytest.mark.parametrize("port", ["eighty", "0", "-1", "65534", "8080 ", "٣"])
def test_a_port_that_is_none_is_refused_with_the_setting(tmp_path: Path, port: str) -> None:
    with pytest.raises(DeployError, match=r"GATEHOUSE_PORT is .* 1 to 65533"):
        load(Checkout(tmp_path), {"GATEHOUSE_PORT": port})
