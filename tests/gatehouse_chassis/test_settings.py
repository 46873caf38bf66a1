"""Settings that cannot work are refused with a sentence that names the variable and what mends it."""

import os
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from gatehouse_chassis.settings import Password, ResourceServerSettings, Secret, SettingsError

GOOD_SECRET = "4f1c9a7be2d85036fd17c2a9e8b3440d"  # 32 characters
GOOD = {
    "KEEP_ROOT_PATH": "/keep",
    "KEEP_BIND": "127.0.0.1:8001",
    "KEEP_DATABASE_URL": "sqlite:///keep.db",
    "KEEP_STATE_DIR": "state",
    "KEEP_SECRET": GOOD_SECRET,
    "KEEP_FIRST_PASSWORD": "correct horse",
}


class KeepSettings(ResourceServerSettings):
    model_config = SettingsConfigDict(env_prefix="KEEP_")

    open: bool = True
    name: Annotated[str, Field(min_length=1, examples=["ada"])] = "x"

    secret: Secret
    first_password: Password
    third_party: SecretStr | None = None


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which the service can start."""
    for name in os.environ:
        if name.startswith(("GATEHOUSE_", "KEEP_")):
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def _refusal() -> str:
    with pytest.raises(SettingsError) as refused:
        KeepSettings.load()
    return str(refused.value)


def test_good_settings_are_read(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KEEP_ROOT_PATH", "keep/")
    environment.setenv("KEEP_TRUSTED_PROXIES", "10.0.0.0/8 unix:")
    environment.setenv("GATEHOUSE_PUBLIC_URL", "https://api.example.com/outer/")
    settings = KeepSettings.load()
    assert settings.root_path == "/keep"
    assert settings.trusted_proxies.trust("10.1.2.3")
    assert not settings.trusted_proxies.trust("127.0.0.1")
    assert settings.issuer == "https://api.example.com/outer/auth"
    assert settings.secret.get_secret_value() == GOOD_SECRET


def test_the_issuer_follows_the_port_where_no_public_url_is_set(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("GATEHOUSE_PORT", "9000")
    assert KeepSettings.load().issuer == "http://localhost:9000/auth"


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("KEEP_SECRET", None, "is not set"),
        ("KEEP_SECRET", "", "is 0 characters long"),
        ("KEEP_SECRET", GOOD_SECRET[:-1], "is 31 characters long, and a secret needs at least 32"),
        ("KEEP_SECRET", "change-me-" + GOOD_SECRET, "looks like a placeholder"),
        ("KEEP_SECRET", "Your_Secret" * 4, "looks like a placeholder"),
        ("KEEP_SECRET", "a" * 64, "looks like a placeholder"),
        ("KEEP_FIRST_PASSWORD", "elevenchars", "is 11 characters long, and a password needs"),
        ("KEEP_FIRST_PASSWORD", "password12345", "looks like a placeholder"),
        ("KEEP_ROOT_PATH", "/keep//it", "must be a path such as /items"),
        ("KEEP_ROOT_PATH", "/../keep", "must be a path such as /items"),
        ("KEEP_ROOT_PATH", "https://example.com/keep", "must be a path such as /items"),
        ("KEEP_TRUSTED_PROXIES", "*", "contains '*'"),
        ("KEEP_TRUSTED_PROXIES", "127.0.0.1,nginx", "contains 'nginx'"),
        ("KEEP_TRUSTED_PROXIES", "10.0.0.1/8", "write 10.0.0.0/8"),
        ("KEEP_BIND", "8001", "must be an address and a port"),
        ("KEEP_BIND", ":8001", "must be an address and a port"),
        ("KEEP_BIND", "127.0.0.1:", "must be an address and a port"),
        ("KEEP_BIND", "127.0.0.1:65536", "must be an address and a port"),
        ("KEEP_BIND", "127.0.0.1:٣", "must be an address and a port"),
        (
            "KEEP_DATABASE_URL",
            "mysql://localhost/keep",
            "must begin with sqlite:/// or postgresql://",
        ),
        ("KEEP_DATABASE_URL", "sqlite://", "must begin with sqlite:/// or postgresql://"),
        ("KEEP_DATABASE_URL", "sqlite:///", "names no database"),
        ("KEEP_DATABASE_URL", "postgresql://keep:hunter2hunter2@db:port/keep", "is no URL"),
        ("KEEP_DATABASE_URL", "postgresql://keep:hunter2hunter2@db:5432", "names no database"),
        ("KEEP_WORKERS", "0", "greater than or equal to 1"),
        ("KEEP_WORKERS", "two", "should be a valid integer"),
        ("GATEHOUSE_PORT", "70000", "less than or equal to 65535"),
        ("GATEHOUSE_PUBLIC_URL", "localhost:8080", "must be a URL such as"),
        ("GATEHOUSE_PUBLIC_URL", "ftp://example.com", "must be a URL such as"),
        ("GATEHOUSE_PUBLIC_URL", "https://", "must be a URL such as"),
        ("GATEHOUSE_PUBLIC_URL", "https://example.com/?a=1", "must be a URL such as"),
        ("GATEHOUSE_PUBLIC_URL", "https://[::1", "must be a URL such as"),
        ("GATEHOUSE_PUBLIC_URL", "https://example.com:99999", "must be a URL such as"),
        ("GATEHOUSE_PUBLIC_URL", "https://exa mple.com", "must be a URL such as"),
        ("GATEHOUSE_LOG_LEVEL", "loud", "should be 'debug', 'info'"),
        ("GATEHOUSE_LOG_FORMAT", "xml", "should be 'auto', 'text'"),
    ],
)
def test_a_setting_that_cannot_work_is_named_with_the_reason_and_the_mend(
    environment: pytest.MonkeyPatch, variable: str, value: str | None, reason: str
) -> None:
    if value is None:
        environment.delenv(variable)
    else:
        environment.setenv(variable, value)
    (sentence,) = _refusal().splitlines()
    assert sentence.startswith(f"{variable} ")
    assert reason in sentence
    assert sentence.endswith(("set it yourself.", "Change it in .env or in the environment."))


@pytest.mark.parametrize(
    ("variable", "value", "example"),
    [
        ("KEEP_JWKS_REFRESH", "10 minutes", "KEEP_JWKS_REFRESH=PT1M"),
        ("KEEP_JWKS_REFRESH", "P2D", "KEEP_JWKS_REFRESH=PT1M"),
        ("KEEP_WORKERS", "many", "KEEP_WORKERS=2"),
        ("KEEP_BODY_LIMIT", "0", "KEEP_BODY_LIMIT=131072"),
        ("KEEP_JWKS_URL", "auth", "KEEP_JWKS_URL=http://127.0.0.1:8001/"),
        ("KEEP_OPEN", "perhaps", "KEEP_OPEN=on"),
        ("KEEP_NAME", "", "KEEP_NAME=ada"),
        ("GATEHOUSE_PORT", "0", "GATEHOUSE_PORT=8080"),
        ("GATEHOUSE_LOG_LEVEL", "loud", "GATEHOUSE_LOG_LEVEL=info"),
        ("KEEP_SECRET", "short", "`openssl rand -hex 32`"),
    ],
)
def test_a_setting_that_cannot_work_is_shown_with_one_that_can(
    environment: pytest.MonkeyPatch, variable: str, value: str, example: str
) -> None:
    environment.setenv(variable, value)
    assert f"such as {example}" in _refusal()


def test_every_wrong_setting_has_its_own_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KEEP_BIND", "nowhere")
    environment.delenv("KEEP_SECRET")
    assert [line.split()[0] for line in _refusal().splitlines()] == ["KEEP_BIND", "KEEP_SECRET"]


@pytest.mark.parametrize("variable", ["KEEP_SECRET", "KEEP_FIRST_PASSWORD", "KEEP_DATABASE_URL"])
def test_a_refused_secret_is_not_told(environment: pytest.MonkeyPatch, variable: str) -> None:
    environment.setenv(variable, "changeme-hunter2")
    assert "hunter2" not in _refusal()


def test_secrets_do_not_show_in_a_printed_setting(environment: pytest.MonkeyPatch) -> None:
    assert GOOD_SECRET not in repr(KeepSettings.load())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KEEP_SECRET", GOOD_SECRET[::-1]),
        ("KEEP_FIRST_PASSWORD", "horse correct"),
        ("KEEP_THIRD_PARTY", "any"),
        ("KEEP_DATABASE_URL", "postgresql://keep:word@db/keep"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_every_secret_can_stand_in_a_file(
    environment: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, end: str
) -> None:
    (tmp_path / "word").write_text(value + end, newline="")
    environment.setenv(variable, "")  # as Compose hands on what is not set
    environment.setenv(f"{variable}_FILE", str(tmp_path / "word"))
    read = getattr(KeepSettings.load(), variable.removeprefix("KEEP_").lower())
    assert (read.get_secret_value() if isinstance(read, SecretStr) else read) == value


def test_what_is_no_secret_stands_in_no_file(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("KEEP_NAME_FILE", str(tmp_path / "none"))
    assert KeepSettings.load().name == "x"


def test_a_secret_of_which_two_are_told_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("KEEP_SECRET_FILE", str(tmp_path / "word"))
    assert "KEEP_SECRET and KEEP_SECRET_FILE are both set" in _refusal()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file"), ("\n", "is empty"), ("folder", "Is a directory"), (b"\xff", "UTF-8")],
)
def test_a_file_without_a_secret_is_refused_with_its_name_and_all_are_at_once(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes | None, reason: str
) -> None:
    path = tmp_path / "word"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for variable in ("KEEP_SECRET", "KEEP_DATABASE_URL"):
        environment.delenv(variable)
        environment.setenv(f"{variable}_FILE", str(path))
    sentences = _refusal().splitlines()
    assert {one.split()[0] for one in sentences} == {"KEEP_SECRET_FILE", "KEEP_DATABASE_URL_FILE"}
    assert all(reason in one and str(path) in one for one in sentences)


def test_a_weak_secret_is_mended_where_it_stands(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text("hunter2")
    environment.delenv("KEEP_SECRET")
    environment.setenv("KEEP_SECRET_FILE", str(tmp_path / "word"))
    refusal = _refusal()
    assert refusal.startswith("KEEP_SECRET is 7 characters long")
    assert refusal.endswith(f"Change it in '{tmp_path}/word', which KEEP_SECRET_FILE names.")
    assert "hunter2" not in refusal
