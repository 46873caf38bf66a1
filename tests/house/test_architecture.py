import ast
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import gatehouse_chassis
from auth_service.oauth.scopes import scope_list
from gatehouse_chassis.services import load_services

ROOT = Path(__file__).parents[2]
LISTED = load_services(ROOT / "services.toml")
SERVICES = [service.package for service in LISTED.values() if service.is_ours]
MAY_IMPORT = {
    **{service: {"gatehouse_chassis"} for service in SERVICES},
    "gatehouse_chassis": set(),
    "deploy": {"gatehouse_chassis"},
    "doctor": set(),
    "loadtests": set(),
    "testing": {*SERVICES, "gatehouse_chassis", "deploy"},
    "conformance": {"gatehouse_chassis", "deploy", "testing"},
    # It measures the services' own parts too; nobody imports what measures.
    "bench": {*SERVICES, "gatehouse_chassis", "deploy", "testing"},
    "tests": {
        *(*SERVICES, "gatehouse_chassis", "deploy", "doctor", "loadtests"),
        *("testing", "conformance", "bench"),
    },
}
OURS = set(MAY_IMPORT)
# Where a service meets HTTP; everything else in it is domain or storage.
EDGE_FILES = {"main.py", "dependencies.py", "problems.py", "routes.py"}
EDGE_FOLDERS = {"auth_service/oauth", "auth_service/pages"}
# Of the folders at the edge, these are domain.
DOMAIN_AT_THE_EDGE = {
    f"auth_service/oauth/{name}.py"
    for name in (
        *("authorization", "grants", "issuer", "opaque_tokens", "pkce", "requests", "resources"),
        *("schemas", "scopes", "store"),
    )
}
EVERY_SERVICE_HAS = {"__init__.py", "__main__.py", "main.py", "settings.py", "tables.py"}


def imports_of(package: str) -> Iterator[tuple[Path, str]]:
    for file in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield file, node.module


@pytest.mark.parametrize("package", sorted(OURS))
def test_arrows_between_packages_point_one_way(package: str) -> None:
    crossing = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file, module in imports_of(package)
        if (top := module.partition(".")[0]) in OURS and top not in {package, *MAY_IMPORT[package]}
    ]
    assert crossing == []


@pytest.mark.parametrize("service", SERVICES)
def test_two_services_look_like_twins(service: str) -> None:
    missing = {
        name
        for name in EVERY_SERVICE_HAS
        # What has grown into several files is a folder of the same name.
        if not (ROOT / service / name).exists()
        and not (ROOT / service / name).with_suffix("").is_dir()
    }
    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_store_and_the_tables_of_a_service_speak_sql(service: str) -> None:
    speaking = {
        file.relative_to(ROOT / service).as_posix()
        for file, module in imports_of(service)
        if module.partition(".")[0] in {"sqlalchemy", "alembic", "asyncpg", "sqlite3"}
    }
    others = {
        file
        for file in speaking
        if Path(file).name not in {"store.py", "tables.py"} and not file.startswith("migrations/")
    }
    assert others == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_domain_of_a_service_knows_no_http(service: str) -> None:
    speaking = {
        file.relative_to(ROOT).as_posix()
        for file, module in imports_of(service)
        if module.partition(".")[0] in {"fastapi", "starlette"}
        or module == "gatehouse_chassis.http.problems"
    }
    domain = {
        file
        for file in speaking
        if Path(file).name not in EDGE_FILES
        and (Path(file).parent.as_posix() not in EDGE_FOLDERS or file in DOMAIN_AT_THE_EDGE)
    }
    assert domain == set()


def test_the_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == gatehouse_chassis.__version__


def test_every_decision_is_numbered_once_and_in_order() -> None:
    files = (ROOT / "docs" / "decisions").glob("*.md")
    names = sorted(file.name for file in files if file.name != "README.md")
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_and_auth_say_the_same_of_a_scope(service: str) -> None:
    bearer = import_module(f"{service}.dependencies").bearer
    declared = bearer.model.model_dump()["flows"]["password"]["scopes"]
    assert declared
    assert declared.items() <= scope_list().descriptions.items()


def test_what_libraries_keep_private_is_imported_in_one_room_only() -> None:
    private = [
        f"{file.relative_to(ROOT)} imports {module}"
        for package in sorted(OURS - {"tests", "testing"})
        for file in sorted((ROOT / package).rglob("*.py"))
        if file.parent != ROOT / "gatehouse_chassis" / "serving"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for module in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        if module.partition(".")[0] not in OURS
        and any(part.startswith("_") and part != "__version__" for part in module.split("."))
    ]
    assert private == []
