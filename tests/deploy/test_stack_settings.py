import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.settings import load, of_program, unknown_names
from gatehouse_chassis.services import load_services
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


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [
        ("GATEHOUSE_BIND", "999.1.1.1", "GATEHOUSE_BIND=127.0.0.1"),
        ("GATEHOUSE_BIND", "localhost", "GATEHOUSE_BIND=127.0.0.1"),
        ("GATEHOUSE_TRUSTED_PROXIES", "10.0.0.0/8 not-a-network", "10.0.0.0/8"),
        ("GATEHOUSE_RATE_LIMIT_EXEMPT", "10.0.0.0/255.0.0.0", "fd00::/8"),
        ("GATEHOUSE_ALLOWED_HOSTS", "api.example.com:8080", "*.example.com"),
        ("ITEMS_BIND", "8002", "127.0.0.1:8001"),
    ],
)
def test_a_wrong_setting_is_told_with_an_example(
    tmp_path: Path, name: str, value: str, example: str
) -> None:
    with pytest.raises(DeployError) as refused:
        load(checkout_of_samples(tmp_path), {name: value})

    assert str(refused.value).startswith(f"{name} is {value!r}, but ")
    assert example in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEHOUSE_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8 192.0.2.7"),
        ("GATEHOUSE_RATE_LIMIT_EXEMPT", ""),
        ("GATEHOUSE_ALLOWED_HOSTS", "api.example.com, *.example.org [2001:db8::1] localhost"),
        ("GATEHOUSE_BIND", "::1"),
        ("ITEMS_BIND", "[::1]:8002"),
    ],
)
def test_what_nginx_takes_is_taken(tmp_path: Path, name: str, value: str) -> None:
    load(checkout_of_samples(tmp_path), {name: value})


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=it's\nB=$HOME\nITEMS_BIND=8002\n")

    with pytest.raises(DeployError) as refused:
        load(checkout_of_samples(tmp_path), {"GATEHOUSE_PORT": "0", "GATEHOUSE_BIND": "here"})

    told = [sentence.split(" is ")[0] for sentence in str(refused.value).splitlines()]
    assert [one.partition(" cannot")[0] for one in told] == [
        ".env, line 1 (A)",
        ".env, line 2 (B)",
        "GATEHOUSE_PORT",
        "GATEHOUSE_BIND",
        "ITEMS_BIND",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GATEHOUSE_PROT", "GATEHOUSE_PORT"),
        ("AUTH_ACESS_TOKEN_LIFE", "AUTH_ACCESS_TOKEN_LIFE"),
        ("ITEMS_WORKER", "ITEMS_WORKERS"),
        ("AUTH_KEY_ENCRYPTON_SECRET_FILE", "AUTH_KEY_ENCRYPTION_SECRET_FILE"),
        ("ITEMS_DATABASE_URL_FIEL", "ITEMS_DATABASE_URL_FILE"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(DeployError, match=rf"^{name} is no setting: did you mean {meant}\?"):
        load(Checkout(ROOT), {name: "1"})


def test_a_variable_of_another_program_is_only_named() -> None:
    others = {"AUTH_X": "1", "ITEMS_GREETING": "1", "NOTES_WORKERS": "1", "PATH": "/bin"}
    settings = load(
        Checkout(ROOT),
        others
        | {"ITEMS_PER_OWNER": "5", "AUTH_SMTP_URL": "", "AUTH_SMTP_URL_FILE": "/run/secrets/smtp"},
    )

    assert unknown_names(Checkout(ROOT), settings)[:2] == ["AUTH_X", "ITEMS_GREETING"]
    names = unknown_names(Checkout(ROOT), replace(settings, environment=others))

    assert names == ["AUTH_X", "ITEMS_GREETING"]


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


SECRETS = {
    "ADMIN_PASSWORD": "admin's",
    "DEMO_PASSWORD": "demo's",
    "POSTGRES_PASSWORD": "the superuser's",
    "AUTH_KEY_ENCRYPTION_SECRET": "auth's",
    "AUTH_SMTP_URL": "smtps://user:password@mail:465",
    "AUTH_DATABASE_URL": "postgresql://auth:password@host/auth",
    "ITEMS_DATABASE_URL": "postgresql://items:password@host/items",
    "WIDE_NOTES_DATABASE_PASSWORD": "wide notes'",
    "ADMIN_PASSWORD_FILE": "/run/secrets/admin",
    "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres",
    "AUTH_SMTP_URL_FILE": "/run/secrets/smtp",
}


@pytest.mark.parametrize(
    ("program", "secrets"),
    [
        (
            "auth",
            {
                "AUTH_KEY_ENCRYPTION_SECRET",
                "AUTH_SMTP_URL",
                "AUTH_SMTP_URL_FILE",
                "AUTH_DATABASE_URL",
            },
        ),
        ("items", {"ITEMS_DATABASE_URL"}),
        ("wide_notes", {"WIDE_NOTES_DATABASE_PASSWORD"}),
        ("nginx", set()),
        ("gone", set()),
    ],
)
def test_a_program_knows_no_secret_of_another(
    tmp_path: Path, program: str, secrets: set[str]
) -> None:
    settings = load(
        checkout_of_samples(tmp_path), {**SECRETS, "PATH": "/bin", "GATEHOUSE_PORT": "8080"}
    )
    told = of_program(program, settings.of_local_processes(), settings.services)
    assert set(told) & set(SECRETS) == secrets
    assert (told["PATH"], told["GATEHOUSE_PORT"]) == ("/bin", "8080")
    for name in settings.services:
        prefix = settings.services[name].variable_prefix
        assert (f"{prefix}ADDRESS" in told) == (program in ("nginx", name))
    assert ("ITEMS_JWKS_URL" in told) == (program == "items")


def test_what_installs_packages_knows_the_authority_of_env_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SSL_CERT_FILE=/etc/ours.pem\n")

    told = load(checkout_of_samples(tmp_path), {**SECRETS, "PATH": "/bin"}).of_installers()

    assert told == {"SSL_CERT_FILE": "/etc/ours.pem", "PATH": "/bin"}


def test_a_service_whose_name_begins_as_another_s_keeps_what_is_its_own() -> None:
    services = load_services(ROOT / "services.toml")
    services = {**services, "auth_log": replace(services["items"], name="auth_log")}
    environ = {"AUTH_LOG_DATABASE_URL": "log", "AUTH_DATABASE_URL": "auth"}
    assert of_program("auth_log", environ, services) == {"AUTH_LOG_DATABASE_URL": "log"}
    assert of_program("auth", environ, services) == {"AUTH_DATABASE_URL": "auth"}


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
