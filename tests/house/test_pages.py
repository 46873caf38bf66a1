import re
from types import ModuleType

import pytest

from deploy.pages import routes, settings
from gatehouse_chassis.services import load_services
from testing.checkout import ROOT

READERS = ("docker-compose.yml", "proxy/gateway/start.sh", "deploy", "gatehouse_chassis")
# Set by one program of the stack for another, never by a person.
INTERNAL = {"GATEHOUSE_SUPERVISOR_SOCKET"}


@pytest.mark.parametrize("made", [settings, routes])
def test_a_page_says_what_the_code_says(made: ModuleType) -> None:
    written = (ROOT / made.PAGE).read_text(encoding="utf-8")
    assert written == made.page(load_services(ROOT / "services.toml")), "run `make sync`"


def test_every_setting_of_the_whole_stack_is_on_the_page() -> None:
    files = [
        file
        for name in READERS
        for file in ((ROOT / name).rglob("*.py") if (ROOT / name).is_dir() else [ROOT / name])
    ]
    read = {
        name
        for file in files
        for name in re.findall(r"\bGATEHOUSE_[A-Z_]+[A-Z]\b", file.read_text())
    }
    written = (ROOT / settings.PAGE).read_text(encoding="utf-8")
    assert sorted(name for name in read - INTERNAL if f"`{name}`" not in written) == []
