import io
from contextlib import closing
from pathlib import Path

from deploy.local import logs


def test_the_last_lines_of_each_log_are_shown_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "auth.log").write_text("one\ntwo\nthree\n")
    out = io.StringIO()

    logs.show(
        {"auth": tmp_path / "auth.log", "items": tmp_path / "none.log"}, 2, follow=False, out=out
    )

    assert out.getvalue() == "auth  | two\nauth  | three\n"


def test_a_log_is_followed_through_its_rotation(tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.write_text("old\n")
    out = io.StringIO()
    with closing(logs.Tail(path, "auth | ")) as tail:
        tail.print_last(0, out)

        with path.open("a") as file:
            file.write("one\n")
        tail.print_new(out)
        path.rename(tmp_path / "auth.log.1")
        tail.print_new(out)
        path.write_text("two\n")
        tail.print_new(out)  # notices the new file
        tail.print_new(out)

    assert out.getvalue() == "auth | one\nauth | two\n"
