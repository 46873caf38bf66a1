import pytest

from deploy.errors import DeployError
from deploy.scaffold.services_file import with_entry, without_entry

LISTED = """\
# All services.

[auth]
title = "Auth"

[auth.scopes]
"auth:admin" = {}

# Notes of the team, see the wiki.
[notes]
title = "Notes"  # a comment of its own

# Both are for everybody.
"x" = 1
[notes.scopes]
"notes:read" = {}

# The last one.
[tags]
title = "Tags"
"""


def test_an_entry_is_taken_out_with_the_comments_that_are_its_own() -> None:
    assert (
        without_entry(LISTED, "notes")
        == """\
# All services.

[auth]
title = "Auth"

[auth.scopes]
"auth:admin" = {}

# The last one.
[tags]
title = "Tags"
"""
    )


@pytest.mark.parametrize("name", ["notes", "tags"])
def test_an_entry_that_comes_and_goes_leaves_the_text_as_it_was(name: str) -> None:
    others = without_entry(LISTED, name)
    entry = f'[{name}]\ntitle = "Anew"\n\n[{name}.scopes]\n"{name}:read" = {{}}\n'
    assert with_entry(others, name, entry) == f"{others}\n{entry}"
    assert without_entry(with_entry(others, name, entry), name) == others


def test_a_name_that_begins_like_another_is_another() -> None:
    text = with_entry(LISTED, "tags_of_notes", '[tags_of_notes]\ntitle = "x"')
    assert "[tags_of_notes]" in without_entry(text, "tags")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tags = { title = 'x' }\n", "tags"),
        ("tags.title = 'x'\n", "tags"),
        ("[auth]\ntext = '''\n[tags]\n'''\n[tags]\n", "tags"),
        ("[auth\n", "auth"),
        ("[auth]\n", "tags"),
    ],
)
def test_what_only_a_person_can_take_out_is_left_alone(text: str, name: str) -> None:
    with pytest.raises(DeployError, match="by hand"):
        without_entry(text, name)


@pytest.mark.parametrize("text", ["[notes]\n", "[auth\n", "notes.title = 'x'\n"])
def test_an_entry_that_cannot_follow_is_not_written(text: str) -> None:
    with pytest.raises(DeployError, match="by hand"):
        with_entry(text, "notes", "[notes]\n")
