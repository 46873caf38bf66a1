"""The sentence for a Python that is too old. Every Python 3 can read this module, unlike the rest of the package."""

OLDEST = (3, 11)


def complaint(version: "tuple[int, ...]") -> str:
    """What is wrong with this version of Python and what to do; empty when nothing is."""
    if tuple(version[:2]) >= OLDEST:
        return ""
    return (
        "Python {} runs this, but 3.11 or newer is needed: install one (Debian, Ubuntu: "
        "sudo apt-get install python3) and name it with `make up PYTHON=python3.11`."
    ).format(".".join(map(str, version[:3])))
