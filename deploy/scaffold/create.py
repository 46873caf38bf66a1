"""`make service NAME=notes`: a package, its tests, its entry in `services.toml`, and what is made from that."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy import sync
from deploy.checkout import Checkout
from deploy.commands import run
from deploy.errors import UsageRefused
from deploy.scaffold import services_file, template
from deploy.scaffold.names import Names, names_of, refuse_taken
from gatehouse_chassis.services import ServiceEntry, ServicesError, parse_services


def create(checkout: Checkout, name: str, singular: str = "") -> str:
    """Make the service and return what to do next.

    Raises:
        UsageRefused: the name cannot be had; nothing was written.
        DeployError: something failed on the way; what had been written is gone again.
    """
    names = names_of(name, singular)
    old = checkout.services_file.read_text(encoding="utf-8")
    services = parse_services(checkout.services_file, old)
    refuse_taken(names, services)
    _refuse_what_exists(checkout, names)
    _refuse_half_a_service(checkout, services)
    template.refuse_used_words(names)
    position = len(services)
    new = services_file.with_entry(old, names.plural, template.render_entry(names, position))
    try:
        parse_services(checkout.services_file, new)
    except ServicesError as error:
        raise UsageRefused(str(error)) from None

    folders = (Path(names.package), Path("tests") / names.package)
    try:
        for path, text in template.render_files(names, position).items():
            (checkout.root / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout.root / path).write_text(text, encoding="utf-8")
        _format(checkout, folders)
        checkout.services_file.write_text(new, encoding="utf-8")
        written = sync.sync_with_pages(checkout)
    except BaseException:  # Ctrl-C too
        for folder in folders:
            shutil.rmtree(checkout.root / folder, ignore_errors=True)
        checkout.services_file.write_text(old, encoding="utf-8")
        sync.sync_with_pages(checkout)
        raise
    return _report(names, written)


def _refuse_what_exists(checkout: Checkout, names: Names) -> None:
    if (checkout.root / names.plural).exists():
        raise UsageRefused(
            f"NAME={names.plural} is taken: there is {names.plural} at the top of this checkout."
        )
    for folder in (names.package, f"tests/{names.package}"):
        if (checkout.root / folder).exists():
            raise UsageRefused(
                f"{folder}/ exists, but services.toml has no entry [{names.plural}]: remove the folder "
                "if an interrupted run left it, or choose another name."
            )


def _refuse_half_a_service(checkout: Checkout, services: Mapping[str, ServiceEntry]) -> None:
    for other in services.values():
        if other.package and not (checkout.root / other.package).is_dir():
            raise UsageRefused(
                f"services.toml has an entry [{other.name}], but {other.package}/ is not there: put it "
                f"back, or take the entry out with make service-remove NAME={other.name}"
            )


def _format(checkout: Checkout, folders: Sequence[Path]) -> None:
    """How long a name is decides where lines break, and its first letter where its imports stand."""
    for arguments in (("check", "--quiet", "--select", "I", "--fix"), ("format", "--quiet")):
        run(
            [checkout.venv / "bin" / "ruff", *arguments, *folders],
            cwd=checkout.root,
            env=os.environ,
            failed="The new files could not be formatted.",
        )


def _report(names: Names, written: Sequence[str]) -> str:
    package = names.package
    changed = ", ".join(["services.toml", *written])
    edit = {
        f"{package}/tables.py": f"the columns of one {names.singular}",
        f"{package}/schemas.py": "what the API takes and returns",
        f"{package}/store.py": "the SQL",
        f"{package}/routes.py": "the routes",
        "services.toml": "title, description and scopes (then: make sync)",
    }
    width = max(map(len, edit))
    files = "\n".join(f"  {file:{width}}  {meaning}" for file, meaning in edit.items())
    return f"""\
Made {package}/ and tests/{package}/. Changed {changed}.

Next: make up
It serves /{names.plural}/ then, and its documentation at /{names.plural}/docs.

Make it yours:
{files}
After a change of tables.py:  .venv/bin/python -m {package} revise "what changes"
Its tests:                    make test ARGS=tests/{package}
More:                         docs/add-a-service.md"""
