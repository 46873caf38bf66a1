"""The chassis as a wheel: what it holds, what it needs, and what it says when a part of that is missing."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import gatehouse_chassis
from gatehouse_chassis.hatch_build import FILES
from testing.wheels import Environment
from tests.wheels.files import OF_THE_PROJECT, in_folder, in_wheel, metadata

# What needs more than the core, and the extras that each bring all of it. Every other public name needs the core alone.
NEEDS = {
    "create_service": {"server"},
    "Database": {"sqlite", "postgresql", "server"},
    "open_database": {"sqlite", "postgresql", "server"},
    "UtcDateTime": {"sqlite", "postgresql", "server"},
    "add_metrics": {"metrics", "server"},
    "DatabaseURL": {"settings", "server"},
    "ServiceSettings": {"settings", "server"},
    "SettingsError": {"settings", "server"},
}
NAMES = sorted(gatehouse_chassis._MODULE_OF)
# What the packages that the core depends on are imported as, where that differs from their names.
IMPORTED_AS = {"pyjwt": "jwt"}
IMPORT_EACH = """
import json, sys
refused = {}
for name in sys.argv[1:]:
    try:
        exec(f"from gatehouse_chassis import {name}")
    except ImportError as error:
        refused[name] = f"{type(error).__name__}: {error}"
print(json.dumps(refused))
"""


@pytest.fixture(scope="session")
def installed(
    empty_environment: Callable[[], Environment], chassis_wheel: Path
) -> Callable[[str], Environment]:
    made: dict[str, Environment] = {}

    def install(extras: str) -> Environment:
        if extras not in made:
            made[extras] = empty_environment()
            seconds = made[extras].install(f"{chassis_wheel}{extras}")
            size = made[extras].size() / 1e6
            print(f"gatehouse-chassis{extras}: {size:.1f} MB installed in {seconds:.1f} s")  # noqa: T201  # shown by -rP
        return made[extras]

    return install


SWEPT = [
    pytest.param(name, marks=pytest.mark.sweep) for name in ("metrics", "settings", "postgresql")
]


@pytest.mark.parametrize("extra", ["", "sqlite", "server", *SWEPT])
def test_a_name_works_where_its_extra_is_installed_and_elsewhere_names_it(
    installed: Callable[[str], Environment], extra: str
) -> None:
    environment = installed(f"[{extra}]" if extra else "")
    done = environment.run("python", "-c", IMPORT_EACH, *NAMES)
    assert done.returncode == 0, done.stderr
    refused = json.loads(done.stdout)
    assert [name for name in refused if name not in NEEDS or extra in NEEDS[name]] == [], refused
    if not extra:
        assert sorted(refused) == sorted(NEEDS), "the rest needs the core alone by now"
    for name, sentence in refused.items():
        assert re.match(
            rf"ImportError: gatehouse_chassis\.{name} needs \w+, which is not", sentence
        )
        assert set(re.findall(r"pip install 'gatehouse-chassis\[(\w+)\]'", sentence)) <= NEEDS[name]


def test_the_core_depends_on_nothing_that_none_of_its_names_imports(
    installed: Callable[[str], Environment], chassis_wheel: Path
) -> None:
    names = ", ".join(name for name in NAMES if name not in NEEDS)
    loaded = installed("").python(
        f"import sys; from gatehouse_chassis import {names}; print(*sys.modules)"
    )
    required = [
        IMPORTED_AS.get(name, name)
        for line in metadata(chassis_wheel).get_all("Requires-Dist", [])
        if "extra ==" not in line
        for name in re.findall(r"^[\w-]+", line)
    ]
    assert required
    assert sorted({*required} - {*loaded.split()}) == []


def test_all_extras_fit_together(installed: Callable[[str], Environment]) -> None:
    environment = installed("[server,postgresql,docs]")
    environment.python("import gatehouse_chassis.serving.command, gatehouse_chassis.serving.server")
    environment.python(f"from gatehouse_chassis import {', '.join(NAMES)}")


def test_a_database_whose_driver_is_missing_names_the_extra(
    installed: Callable[[str], Environment],
) -> None:
    code = "from gatehouse_chassis import open_database; open_database('postgresql://h/d')"
    done = installed("[sqlite]").run("python", "-c", code)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: A PostgreSQL database needs asyncpg, which is not installed: "
        "pip install 'gatehouse-chassis[postgresql]'"
    )


def test_the_command_that_is_told_adds_the_extra_to_a_chassis_from_a_file(
    empty_environment: Callable[[], Environment], chassis_wheel: Path
) -> None:
    environment = empty_environment()
    environment.install(str(chassis_wheel))
    environment.install("gatehouse-chassis[metrics]")
    assert "prometheus_client" in environment.packages()


def test_an_application_without_extras_knows_its_prefix_and_checks_tokens(
    installed: Callable[[str], Environment],
) -> None:
    code = """
import asyncio, httpx2
from typing import Annotated
from fastapi import FastAPI, Security
from gatehouse_chassis import Principal, PublicPrefixMiddleware, ResourceServer, add_problems
from gatehouse_chassis.testing import TestIssuer

server = ResourceServer(
    issuer="https://issuer.test", audience="notes", scopes={"notes:read": "Read your notes"}
)
app = FastAPI()
app.add_middleware(PublicPrefixMiddleware, root_path="/notes")
add_problems(app)

@app.get("/mine")
async def mine(user: Annotated[Principal, Security(server.bearer, scopes=["notes:read"])]) -> str:
    return user.subject

async def ask():
    issuer = TestIssuer(audience="notes")
    good = {"Authorization": f"Bearer {issuer.token(sub='me', scope='notes:read')}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://notes") as client:
        with issuer.trusted_by(server):
            for path, headers in [("/notes/mine", good), ("/mine", good), ("/mine", {})]:
                answer = await client.get(path, headers=headers)
                print(answer.status_code, answer.text if answer.is_success else "", end=" ")

asyncio.run(ask())
"""
    assert installed("").python(code) == '200 "me" 200 "me" 401'


def test_an_application_without_extras_has_its_docs(
    installed: Callable[[str], Environment],
) -> None:
    code = """
import asyncio, httpx2
from fastapi import FastAPI
from gatehouse_chassis import add_docs

app = FastAPI(docs_url=None, redoc_url=None)
add_docs(app)

async def ask():
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://notes") as client:
        for path in ("swagger-ui-dist/swagger-ui-bundle.js", "redoc/bundles/redoc.standalone.js"):
            answer = await client.get(f"/docs/assets/vendor/{path}")
            print(answer.status_code, len(answer.content) > 1_000_000, end=" ")

asyncio.run(ask())
"""
    environment = installed("")
    assert environment.python(code) == "200 True 200 True"
    assert "Django" not in environment.packages()


def test_the_wheel_holds_the_folder_and_the_files_of_the_docs_pages(chassis_wheel: Path) -> None:
    tracked = in_folder("gatehouse_chassis") - OF_THE_PROJECT
    files = {*tracked, *(f"docs/vendor/{name}" for name in FILES)}
    assert in_wheel(chassis_wheel) == {f"gatehouse_chassis/{name}" for name in files}
    assert "py.typed" in files


def test_its_metadata_is_complete(chassis_wheel: Path) -> None:
    told = metadata(chassis_wheel)
    for field in ("Summary", "License-Expression", "License-File", "Requires-Python", "Classifier"):
        assert told[field], field
    assert told["Version"] == gatehouse_chassis.__version__
    assert "# gatehouse-chassis" in str(told.get_payload())
