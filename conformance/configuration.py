"""The files below proxy/, as they are, with other addresses and with the options that they offer."""

import re
from collections.abc import Collection, Mapping

_OPTION = re.compile(r"^(?P<indent>\s*)#(?P<name>[a-z]+): (?P<line>.*)$", re.MULTILINE)


def configure(text: str, *, options: Collection[str], values: Mapping[str, str]) -> str:
    """Returns a configuration with `options` turned on and each of `values` in the place of its example.

    A line with an option begins with `#strip:` or another word; without the word it is in force.
    Raises AssertionError when the text has no such option, or none of the examples.
    """
    offered = {match["name"] for match in _OPTION.finditer(text)}
    assert offered.issuperset(options), f"there is no option {set(options) - offered}"
    chosen = _OPTION.sub(
        lambda match: match["indent"] + match["line"] if match["name"] in options else match[0],
        text,
    )
    for example in values:
        assert example in chosen, f"the configuration has no {example!r}"
    pattern = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    return re.sub(pattern, lambda match: values[match[0]], chosen)
