"""proxy/gateway/start.sh says what is wrong with a setting before nginx does."""

import subprocess
from pathlib import Path

import pytest

from testing.http import send
from testing.nginx import Proxy, proxy_environment, running_proxy, start_script
from testing.ports import free_port
from testing.services import SAMPLE


def start(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = proxy_environment(folder, port=8080, ports={"auth": 8001, "items": 8002})
    return subprocess.run(
        [start_script(folder / "checkout", SAMPLE), *arguments],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=20,
    )


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("GATEHOUSE_BIND", "localhost", "IP address"),
        ("GATEHOUSE_BIND", "256.1.1.1", "IP address"),
        ("GATEHOUSE_BIND", "1::2::3", "IP address"),
        ("GATEHOUSE_PORT", "http", "port, 1 to 65535"),
        ("GATEHOUSE_PORT", "0", "port, 1 to 65535"),
        ("GATEHOUSE_PORT", "65536", "port, 1 to 65535"),
        ("GATEHOUSE_PORT", "80; evil", "port, 1 to 65535"),
        ("AUTH_ADDRESS", "127.0.0.1", "a host and a port"),
        ("ITEMS_ADDRESS", "http://items:8000", "a host and a port"),
        ("ITEMS_ADDRESS", "items:8000; } evil {", "a host and a port"),
        ("WIDE_NOTES_ADDRESS", "notes", "a host and a port"),
        ("LEGACY_ADDRESS", "legacy:0", "a host and a port"),
        ("ITEMS_BODY_LIMIT", "1m", "a number of bytes"),
        ("GATEHOUSE_TRUSTED_PROXIES", "*", "IP address or a network"),
        ("GATEHOUSE_TRUSTED_PROXIES", "nginx", "IP address or a network"),
        ("GATEHOUSE_TRUSTED_PROXIES", "10.0.0.0/33", "IP address or a network"),
        ("GATEHOUSE_TRUSTED_PROXIES", "fd00::/129", "IP address or a network"),
        ("GATEHOUSE_RATE_LIMIT_EXEMPT", "1;evil", "IP address or a network"),
        ("GATEHOUSE_ALLOWED_HOSTS", "https://example.com", "without a port"),
        ("GATEHOUSE_ALLOWED_HOSTS", "example.com:8080", "without a port"),
        ("GATEHOUSE_ALLOWED_HOSTS", "*", "without a port"),
        ("GATEHOUSE_ALLOWED_HOSTS", "a.*.com", "without a port"),
        ("GATEHOUSE_ALLOWED_HOSTS", 'a"b', "without a port"),
        ("PROXY_SITE", "/nowhere/at/all", "no folder"),
        ("DOCS_ASSETS", "/nowhere/at/all", "no folder"),
        ("DOCS_VENDOR", "/nowhere/at/all", "make up"),
        ("PROXY_ACCESS_LOG", '/tmp/a"b', "cannot use a path"),
        ("NGINX", "no-such-nginx", "not found"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_value(
    tmp_path: Path, name: str, value: str, wanted: str
) -> None:
    result = start(tmp_path, **{name: value})
    assert result.returncode == 2
    assert result.stdout == ""
    assert f"{name} " in result.stderr
    assert f"'{value}'" in result.stderr
    assert wanted in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_one_wrong_network_among_right_ones_is_named_alone(tmp_path: Path) -> None:
    result = start(tmp_path, GATEHOUSE_TRUSTED_PROXIES="10.0.0.0/8, 300.0.0.1 ,::1")
    assert result.returncode == 2
    assert "'300.0.0.1'" in result.stderr


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    result = start(tmp_path, "--nonsense")
    assert (result.returncode, result.stdout) == (2, "")
    assert "--help" in result.stderr


def test_help_names_every_variable(tmp_path: Path) -> None:
    result = start(tmp_path, "--help")
    assert result.returncode == 0
    for name in proxy_environment(tmp_path, port=1, ports={"auth": 1, "items": 1}):
        assert name == "PATH" or name in result.stdout


def test_the_template_passes_the_test_of_nginx(tmp_path: Path) -> None:
    result = start(tmp_path, "--test", GATEHOUSE_PORT="nonsense, which example values replace")
    assert result.returncode == 0, result.stderr
    assert "[warn]" not in result.stderr
    assert not (tmp_path / "proxy").exists()


def test_lists_take_commas_spaces_and_both_families(tmp_path: Path, items_port: int) -> None:
    networks = "10.0.0.0/8,192.0.2.1  fd00::/8 ::1, 2001:db8::/32"
    settings = {"GATEHOUSE_TRUSTED_PROXIES": networks, "GATEHOUSE_RATE_LIMIT_EXEMPT": networks}
    with running_proxy(
        tmp_path,
        services=SAMPLE,
        ports={"auth": free_port(), "items": items_port},
        settings=settings,
    ) as proxy:
        assert send(proxy.url, "/items/").status == 200
        assert "[warn]" not in proxy.program.log_tail()


def test_everything_is_written_below_the_state_folder_even_with_a_space_in_its_name(
    tmp_path: Path, items_port: int
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    with running_proxy(
        folder, services=SAMPLE, ports={"auth": free_port(), "items": items_port}
    ) as proxy:
        body = b"x" * 100_000  # larger than the buffer, so it goes through a file
        assert send(proxy.url, "/items/", method="POST", body=body).json["body_bytes"] == len(body)
        written = {path.name for path in (folder / "proxy").iterdir()}
        assert written >= {"body", "proxy", "fastcgi", "uwsgi", "scgi", "access.log", "nginx.conf"}
        assert (folder / "proxy" / "nginx.pid").read_text().strip() == str(proxy.program.pid)


def test_nginx_starts_without_a_complaint(proxy: Proxy) -> None:
    """It would take the variable NGINX, which names the program, for sockets to inherit."""
    said = proxy.program.log_tail(1000)
    assert "[emerg]" not in said
    assert "inherited" not in said
