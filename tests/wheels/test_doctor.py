"""The doctor as a wheel of its own."""

import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import uv
from deploy.checkout import Checkout
from testing.checkout import ROOT
from testing.serving import served
from testing.wheels import Environment
from tests.doctor.deployments import right
from tests.doctor.proxies import Proxy
from tests.doctor.services import on_uvicorn, service
from tests.wheels.files import OF_THE_PROJECT, in_folder, in_wheel, metadata


@pytest.fixture(scope="module")
def installed(empty_environment: Callable[[], Environment], doctor_wheel: Path) -> Environment:
    environment = empty_environment()
    seconds = environment.install(str(doctor_wheel))
    print(f"gatehouse-doctor: {environment.size() / 1e6:.1f} MB installed in {seconds:.1f} s")  # noqa: T201  # shown by -rP
    return environment


def test_the_command_shows_its_help(installed: Environment) -> None:
    done = installed.run("gatehouse-doctor", "--help")
    assert done.returncode == 0, done.stderr
    assert "exit codes: 0 nothing found" in done.stdout


def test_it_examines_a_server(installed: Environment) -> None:
    with served(right()) as port:
        healthy = installed.run("gatehouse-doctor", f"http://127.0.0.1:{port}/items")
    assert healthy.returncode == 0, healthy.stderr
    assert healthy.stdout.endswith("Nothing found.\n")

    with served(Proxy(on_uvicorn(service(), root_path=""))) as port:
        ill = installed.run("gatehouse-doctor", f"http://127.0.0.1:{port}/items", "--json")
    assert ill.returncode == 1, ill.stderr
    assert json.loads(ill.stdout)["findings"][0]["id"] == "prefix-unknown"


def test_it_runs_as_a_module_too(installed: Environment) -> None:
    assert installed.run("python", "-m", "gatehouse_doctor", "--help").returncode == 0


def test_it_brings_an_http_client_and_nothing_else(installed: Environment) -> None:
    alone = {"anyio", "certifi", "h11", "httpcore2", "httpx2", "idna", "truststore"}
    assert installed.packages() - alone - {"typing_extensions"} == {"gatehouse-doctor"}


def test_no_other_package_gets_the_name_doctor(installed: Environment) -> None:
    code = "import importlib.util; print(importlib.util.find_spec('doctor'))"
    assert installed.python(code) == "None"


def test_uvx_runs_it_from_the_file(doctor_wheel: Path, packages: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(uv.find(Checkout(ROOT)), "tool", "run", "--offline", "--no-config", "--quiet"),
            *("--no-index", "--find-links", packages, "--cache-dir", packages / "cache"),
            *("--from", doctor_wheel, "gatehouse-doctor", "--help"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_the_folder_under_another_name(doctor_wheel: Path) -> None:
    tracked = in_folder("doctor") - OF_THE_PROJECT
    assert in_wheel(doctor_wheel) == {f"gatehouse_doctor/{name}" for name in tracked}


def test_no_module_of_the_wheel_imports_the_short_name(doctor_wheel: Path) -> None:
    with zipfile.ZipFile(doctor_wheel) as archive:
        lines = [
            f"{name}: {line}"
            for name in archive.namelist()
            if name.endswith(".py")
            for line in archive.read(name).decode().splitlines()
            if line.lstrip().startswith(("from doctor", "import doctor"))
        ]
    assert lines == []


def test_its_metadata_is_complete(doctor_wheel: Path) -> None:
    told = metadata(doctor_wheel)
    for field in ("Summary", "License-Expression", "License-File", "Requires-Python", "Classifier"):
        assert told[field], field
    assert "gatehouse-doctor https://example.com/items" in str(told.get_payload())
    assert [line for line in told.get_all("Requires-Dist", []) if "extra ==" not in line] == [
        "httpx2<3,>=2.16"
    ]
