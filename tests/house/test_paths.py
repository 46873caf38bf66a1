"""Every path that a page or a comment names exists: a file that moves takes its mentions with it."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from testing.checkout import ROOT

PAGES = [
    page
    for page in (*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")))
    # A decision that was withdrawn names what was there when it was taken.
    if "Status: withdrawn" not in page.read_text(encoding="utf-8")
]
CODE = sorted(
    file
    for folder in ROOT.iterdir()
    if (folder / "__init__.py").exists() or folder.name == "tests"
    for file in folder.rglob("*.py")
)
EXTENSIONS = "py|md|toml|yml|sh|template|conf|html|js|css|svg|png|lua|Dockerfile"
IN_PAGE = re.compile(rf"`((?:[\w.-]+/)+(?:[\w.-]+\.(?:{EXTENSIONS}))?)(?:::\w+)?(?:\[[^`]*\])?`")
IN_COMMENT = re.compile(rf"(?<![\w./:~@-])((?:[\w-]+/)+[\w.-]+\.(?:{EXTENSIONS}))\b")
# What is made when the stack runs or is built, and files of other projects.
NOT_HERE = re.compile(
    r"^(var|dist|\.local|\.venv|site-packages|(tests/)?notes_service|static|routes)/"
)


def sentences(file: Path) -> Iterator[str]:
    """The text of a page; of code, its comments and docstrings."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        yield text
        return
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begins_a_line = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and begins_a_line):
            yield token.string
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type


def mentions(file: Path) -> Iterator[str]:
    pattern = IN_PAGE if file.suffix == ".md" else IN_COMMENT
    for text in sentences(file):
        yield from pattern.findall(text)


def of_a_removed_service(name: str) -> bool:
    """Whether the name is of the example service, which `make service-remove` may have taken out."""
    return "items_service" in name and not (ROOT / "items_service").exists()


def exists(path: str, named_in: Path) -> bool:
    folders = [folder for folder in named_in.parents if folder.is_relative_to(ROOT)]
    folders.append(ROOT / "proxy" / "site")  # as nginx serves them
    return any((folder / path).exists() for folder in folders)


def is_module_or_in_one(name: str) -> bool:
    """Whether the name is a module of ours, or what its last part names may stand in one."""
    parts = name.split(".")
    return any(
        (ROOT / "/".join(parts[:end])).with_suffix(".py").exists()
        or (ROOT / "/".join(parts[:end])).is_dir()
        for end in (len(parts), len(parts) - 1)
        if end > 1 or len(parts) == 2
    )


def stale(files: list[Path]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)} names {path}"
        for file in files
        for path in sorted(set(mentions(file)))
        if not (NOT_HERE.match(path) or of_a_removed_service(path) or exists(path, file))
    ]


def test_every_path_that_a_page_names_exists() -> None:
    assert stale(PAGES) == []


def test_every_path_that_a_comment_names_exists() -> None:
    assert stale(CODE) == []


def test_every_module_that_a_page_or_a_comment_names_exists() -> None:
    packages = "|".join(sorted({file.relative_to(ROOT).parts[0] for file in CODE}))
    module = re.compile(rf"(?<![\w./-])(?:{packages})(?:\.[a-z_]\w*)+")
    missing = [
        f"{file.relative_to(ROOT)} names {name}"
        for file in (*PAGES, *CODE)
        for text in sentences(file)
        for name in module.findall(text)
        if not (is_module_or_in_one(name) or of_a_removed_service(name))
    ]
    assert missing == []
