"""What a new service is called: the forms of its name, and the names that cannot be had."""

import builtins
import keyword
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.errors import UsageRefused
from gatehouse_chassis.services import RESERVED_NAMES

LONGEST = 24

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

# What has this name already, by why a service cannot have it too.
_RESERVED = {
    "a path of the proxy": {"docs", "panels", "portal", "problem", "well_known", "metrics"},
    "a path of every service": {"health", "openapi", "redoc"},
    "what variables of other programs begin with": {"compose", "docker"},
    "reserved in PostgreSQL": {"none", "public"},
    "a part of the stack itself": RESERVED_NAMES,
}

# Plurals that the rules below would get wrong. Any other: SINGULAR=...
_IRREGULAR = {
    "analyses": "analysis",
    "bonuses": "bonus",
    "buses": "bus",
    "caches": "cache",
    "children": "child",
    "cookies": "cookie",
    "leaves": "leaf",
    "movies": "movie",
    "news": "news",
    "people": "person",
    "pies": "pie",
    "series": "series",
    "shelves": "shelf",
    "shoes": "shoe",
    "species": "species",
    "statuses": "status",
    "ties": "tie",
}
_ENDINGS = (
    (re.compile(r"(ss|us|is)$"), None),  # access, status, analysis: no plural
    (re.compile(r"ies$"), "y"),  # categories
    (re.compile(r"(?<=ss|ch|sh|zz)es$"), ""),  # addresses, batches
    (re.compile(r"(?<=[xo])es$"), ""),  # boxes, heroes
    (re.compile(r"(?<=[a-z0-9])s$"), ""),  # notes, invoices, courses
)


@dataclass(frozen=True)
class Names:
    """The name of a service in every form that its files use.

    Attributes:
        plural: as in scopes, variables, the path and the package: `work_orders`.
        singular: one of them: `work_order`.
    """

    plural: str
    singular: str

    @property
    def package(self) -> str:
        """The Python package: `work_orders_service`."""
        return f"{self.plural}_service"

    def placeholders(self) -> dict[str, str]:
        """What the files of the template call these forms."""
        words, word = _words(self.plural), _words(self.singular)
        return {
            "package": self.package,
            "names": self.plural,
            "name": self.singular,
            "Names": _camel_case(self.plural),
            "Name": _camel_case(self.singular),
            "NAMES": self.plural.upper(),
            "a_name": _with_article(self.singular).replace(" ", "_"),
            "words": words,
            "word": word,
            "Word": word.capitalize(),
            "a_word": _with_article(word),
            "A_word": _with_article(word).capitalize(),
            "title": words.capitalize(),
        }


def names_of(name: str, singular: str = "") -> Names:
    """The forms of `name`; `singular` where the rules of English do not give it.

    Raises:
        UsageRefused: it is no name of a package, or means something else already.
    """
    if not name:
        raise UsageRefused("Say what the service is called, in the plural: make service NAME=notes")
    if not _NAME.fullmatch(name):
        raise UsageRefused(
            f"NAME={name} cannot be a package: use lower-case letters, digits and single underscores, "
            "beginning with a letter."
        )
    if name.endswith("_service"):
        raise UsageRefused(
            f"NAME={name} is the package's name: say NAME={name.removesuffix('_service')}."
        )
    if not 2 <= len(name) <= LONGEST:
        raise UsageRefused(f"NAME={name} must have 2 to {LONGEST} characters.")
    singular = singular or singular_of(name)
    if not _NAME.fullmatch(singular) or len(singular) > LONGEST:
        raise UsageRefused(f"SINGULAR={singular} cannot be a name in Python.")
    for word in dict.fromkeys((name, singular)):
        refuse_python_name(word)
    for meaning, words in _RESERVED.items():
        if name in words:
            raise UsageRefused(f"NAME={name} is taken: it is {meaning}.")
    if name.startswith("pg_"):
        raise UsageRefused(f"NAME={name} is taken: PostgreSQL keeps names with pg_ to itself.")
    return Names(name, singular)


def refuse_python_name(word: str) -> None:
    """Refuse what Python itself uses as a name.

    Raises:
        UsageRefused: says what the word is in Python.
    """
    if keyword.iskeyword(word) or keyword.issoftkeyword(word):
        meaning = "a keyword of Python"
    elif hasattr(builtins, word) or hasattr(builtins, _camel_case(word)):
        meaning = "built into Python"
    elif word in sys.stdlib_module_names or word == "test":
        meaning = "a module of Python's standard library"
    else:
        return
    raise UsageRefused(f"The name {word} is taken: it is {meaning}.")


def refuse_taken(names: Names, services: Iterable[str]) -> None:
    """Refuse a name that another of `services` has, or that could be mistaken for it.

    Raises:
        UsageRefused: names the other service.
    """
    for other in services:
        if names.plural == other:
            raise UsageRefused(f"There is a service {other} already: services.toml has it.")
        if names.singular in {other, singular_of(other)}:
            raise UsageRefused(
                f"NAME={names.plural} is too close to the service {other}: choose another word."
            )
        shorter, longer = sorted((names.plural, other), key=len)
        if longer.startswith(f"{shorter}_"):
            raise UsageRefused(
                f"NAME={names.plural} is refused: variables of {longer} would begin with "
                f"{shorter.upper()}_ like those of {shorter}."
            )


def singular_of(plural: str) -> str:
    """One of `plural`: the last word of `work_orders` loses its ending."""
    head, underscore, last = plural.rpartition("_")
    return head + underscore + _singular_word(last)


def _singular_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending, replacement in _ENDINGS:
        if ending.search(word):
            return word if replacement is None else ending.sub(replacement, word)
    return word


def _camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"
