"""A path with a slash that is data and with two that follow each other, which proxies like to tidy."""

from doctor.deployment import PROBE, Answer

VERBATIM, DECODED, MERGED = f"{PROBE}%2Fa//b", f"{PROBE}/a//b", f"{PROBE}/a/b"


def awkward_path(template: str) -> str:
    """Return the path of a route that ends in its one parameter, with an awkward value in it."""
    return template[: template.index("{")] + VERBATIM


def readings(answer: Answer) -> list[str]:
    """Return the forms of the value that an answer repeats."""
    return [reading for reading in (VERBATIM, DECODED, MERGED) if reading in answer.text]
