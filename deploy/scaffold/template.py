"""The files of a new service, out of `deploy/service_template/`."""

import io
import keyword
import tokenize
from pathlib import Path
from string import Template

from deploy.errors import UsageRefused
from deploy.scaffold.names import Names

FOLDER = Path(__file__).parents[1] / "service_template"
SUFFIX = ".template"

# The ports below are auth's, in the order of services.toml; they count when a service is started by hand.
_FIRST_PORT = 8001


def render_files(names: Names, position: int) -> dict[Path, str]:
    """The files of the service, by their path in the checkout.

    Args:
        names: what it is called.
        position: its place in `services.toml`, from 0.
    """
    files = {}
    for folder, place in (("service", names.package), ("tests", f"tests/{names.package}")):
        for file in sorted((FOLDER / folder).rglob(f"*{SUFFIX}")):
            inside = file.relative_to(FOLDER / folder).as_posix().removesuffix(SUFFIX)
            path = Path(place) / inside.replace("names", names.plural)
            files[path] = _render(file, names, position)
    return files


def render_entry(names: Names, position: int) -> str:
    """Its entry in `services.toml`."""
    return _render(FOLDER / f"services.toml{SUFFIX}", names, position)


def refuse_used_words(names: Names) -> None:
    """Refuse a name whose forms the files of a service use for something else, such as `pages`.

    Raises:
        UsageRefused: names the word.
    """
    used = set()
    blank = Names("zz9s", "zz9")
    for path, text in render_files(blank, 0).items():
        if path.suffix == ".py":
            used |= _python_names(text)
    for word in ("names", "name", "Names", "Name"):
        form = names.placeholders()[word]
        if form in used:
            raise UsageRefused(
                f"NAME={names.plural} is refused: the files of a service already use the word {form} "
                "for something else."
            )


def _render(file: Path, names: Names, position: int) -> str:
    template = Template(file.read_text(encoding="utf-8"))
    return template.substitute(names.placeholders(), port=str(_FIRST_PORT + position))


def _python_names(text: str) -> set[str]:
    """The names in a module, but those that are only an attribute of something."""
    found, previous = set(), ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and previous != "." and not keyword.iskeyword(token.string):
            found.add(token.string)
        previous = token.string
    return {name for name in found if "zz9" not in name.lower()}
