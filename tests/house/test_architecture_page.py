"""docs/architecture.md has a line for every package, and only for folders that exist."""

import re

from testing.checkout import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| `([\w/]+)/` \| (.*) \|$", PAGE, re.MULTILINE)
# Services come and go by `make service` and `make service-remove`; the page describes auth and the example.
COMES_AND_GOES = re.compile(r"(?!auth_)\w+_service(/|$)")


def test_every_package_has_a_line() -> None:
    tops = [folder for folder in ROOT.iterdir() if (folder / "__init__.py").exists()]
    packages = {
        file.parent.relative_to(ROOT).as_posix()
        for top in tops
        for file in top.rglob("__init__.py")
    }
    described = {folder for folder, _ in LINES}
    assert sorted(p for p in packages - described if not COMES_AND_GOES.match(p)) == []


def test_every_line_is_a_folder_with_one_sentence() -> None:
    for folder, sentence in LINES:
        assert (ROOT / folder).is_dir() or COMES_AND_GOES.match(folder), folder
        assert sentence.endswith("."), folder
