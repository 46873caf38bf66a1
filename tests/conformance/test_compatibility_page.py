"""docs/compatibility.md tells what the suite that stands here has shown, and nothing else."""

from conformance.report import PAGE, complaint_about


def test_the_page_is_what_the_suite_wrote_about_these_very_files() -> None:
    complaint = complaint_about(PAGE.read_text(encoding="utf-8"))
    assert not complaint, f"docs/compatibility.md {complaint}; run: make conformance"


def test_an_edited_page_is_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert complaint_about(page.replace("✓", "✗", 1)) == "was edited by hand"
    assert complaint_about("# Compatibility\n").startswith("has no seal")


def test_a_page_about_other_files_is_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    start = page.index("configurations: ") + len("configurations: ")
    assert complaint_about(page[:start] + "0" * 64 + page[start + 64 :]).startswith("is older")
