"""What `make service` writes is what this repository keeps itself: items, with other words."""

import pytest

from deploy.scaffold.names import names_of
from deploy.scaffold.template import FOLDER, SUFFIX, render_entry, render_files
from gatehouse_chassis.services import load_services, parse_services
from testing.checkout import ROOT

SERVICES = load_services(ROOT / "services.toml")
ITEMS = [name for name in SERVICES if name == "items"]


@pytest.mark.parametrize("name", ITEMS)
def test_the_template_gives_the_files_of_items(name: str) -> None:
    names = names_of(name)
    rendered = render_files(names, position=[*SERVICES].index(name))
    kept = {
        file.relative_to(ROOT)
        for folder in (ROOT / names.package, ROOT / "tests" / names.package)
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert rendered.keys() == kept
    for path, text in rendered.items():
        assert text == (ROOT / path).read_text(encoding="utf-8"), f"change {path} and its template"


@pytest.mark.parametrize("name", ITEMS)
def test_the_template_gives_the_entry_of_items(name: str) -> None:
    auth = '[auth]\ntitle = "Auth"\ndescription = "x"\nprefix = "/auth"\npackage = "auth_service"\n'
    text = auth + render_entry(names_of(name), position=1)
    (_, rendered) = parse_services(ROOT / "services.toml", text).values()
    kept = SERVICES[name]
    assert (rendered.prefix, rendered.package, rendered.title) == (
        kept.prefix,
        kept.package,
        kept.title,
    )
    assert rendered.scopes == kept.scopes


def test_every_file_of_the_template_is_written() -> None:
    files = [file for file in FOLDER.rglob("*") if file.is_file()]
    assert all(file.name.endswith(SUFFIX) for file in files)
    # All but the entry of services.toml.
    assert len(render_files(names_of("notes"), position=2)) == len(files) - 1
