"""What is said when a part is used whose extra is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(what: str, *extras: str) -> Iterator[None]:
    """Import within this what comes with one of `extras`.

    Raises:
        ImportError: a package is missing; the sentence names `what`, the package and the command that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or "a package"
        if not extras or missing.partition(".")[0] == "gatehouse_chassis":
            raise
        commands = " or ".join(f"pip install 'gatehouse-chassis[{extra}]'" for extra in extras)
        raise ImportError(
            f"{what} needs {missing}, which is not installed: {commands}", name=error.name
        ) from None
