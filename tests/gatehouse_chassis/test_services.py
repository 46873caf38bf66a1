"""`services.toml` is read whole, and refused in a sentence that names the entry."""

from pathlib import Path

import pytest

from gatehouse_chassis.services import RESERVED_NAMES, ServicesError, load_services

AUTH = """
[auth]
title = "Auth"
description = "Who you are."
prefix = "/auth"
package = "auth_service"
"""


def load(folder: Path, text: str) -> list[str]:
    file = folder / "services.toml"
    file.write_text(text, encoding="utf-8")
    return list(load_services(file))


def entry(name: str = "notes", *lines: str, **keys: str) -> str:
    said = {"title": '"Notes"', "description": '"Notes."', "prefix": f'"/{name}"'}
    said |= {"package": f'"{name}_service"'} | keys
    written = [f"{key} = {value}" for key, value in said.items() if value]
    return "\n".join([AUTH, f"[{name}]", *written, *lines])


def scope(keys: str) -> str:
    return entry("notes", "[notes.scopes]", f'"notes:read" = {{ {keys} }}')


def body_limits(line: str) -> str:
    return entry("notes", "[notes.body_limits]", line)


def test_routes_may_have_a_body_limit_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text(body_limits('"PUT /{note_id}/picture" = 6000000'), encoding="utf-8")
    assert load_services(file)["notes"].body_limits == {"PUT /{note_id}/picture": 6_000_000}


def test_a_scope_is_first_party_when_the_list_says_so(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text(scope('description = "Read", first_party = true'), encoding="utf-8")
    assert load_services(file)["notes"].scopes["notes:read"].first_party


def test_services_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, entry()) == ["auth", "notes"]


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    assert load(tmp_path, AUTH) == ["auth"]
    assert load(tmp_path, entry()) == ["auth", "notes"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", r"no entry \[auth\]"),
        ("[auth", "not valid TOML"),
        (entry("Notes"), r"\[Notes\].*lower-case"),
        (entry("proxy"), r"\[proxy\].*taken by a part of the stack"),
        (entry(title=""), "title is missing"),
        (entry(prefix='"notes"'), "prefix must be a path such as /notes"),
        (entry(prefix='"/auth/notes"'), "/auth/notes collides with /auth of auth"),
        (entry(prefix='"/docs"'), "/docs collides with /docs of nginx"),
        (entry(upstream='"a:1"'), "either package or upstream"),
        (entry(package="", upstream='"http://a"'), "upstream must be host:port"),
        (entry(workers="0"), "workers must be 1 or more"),
        (entry(body_limit="true"), "body_limit must be of type int"),
        (body_limits('"POST /x" = "6m"'), "body_limits takes entries such as .*'POST /x' is none"),
        (body_limits('"POST /x" = true'), "'POST /x' is none"),
        (body_limits('"POST /x" = 0'), "'POST /x' is none"),
        (body_limits('"GET /x" = 1'), "'GET /x' is none"),
        (body_limits('"/x" = 1'), "'/x' is none"),
        (body_limits('"POST x" = 1'), "'POST x' is none"),
        (body_limits('"POST /x; }" = 1'), "is none"),
        (body_limits('"POST /{x:path}" = 1'), "is none"),
        (body_limits('"POST /{}" = 1'), "is none"),
        (entry(colour='"red"'), "colour is not known"),
        (entry(panel='"../x"'), "panel must be a folder such as panels/notes"),
        (entry(sign_in_limit='["GET /x"]'), "such as 'POST /token'"),
        (entry(settings='["AUTH_X"]'), "begin with NOTES_"),
        (entry(require='["user"]'), "a package checks its tokens itself"),
        (entry(package="", upstream='"a:1"', require="[]"), "require takes scopes and roles"),
        (
            entry(package="", upstream='"a:1"', require='["notes:raed"]'),
            "has 'notes:raed', which is no scope",
        ),
        (entry(package="", upstream='"a:1"', require="[1]"), "has 1, which is no scope"),
        (entry("notes", "[notes.scopes]", '"x:read" = {}'), "must be written notes:<right>"),
        (entry("notes", "[notes.scopes]", '"notes:read" = {}'), "needs a description"),
        (
            scope('description = "Read", first_party = "yes"'),
            "first_party .* must be true or false",
        ),
        (scope('description = "Read", default = 1'), "default .* must be true or false"),
        (scope('description = "Read", secret = true'), "takes default, description"),
        (scope('description = "Read", default = true, roles = ["admin"]'), "must include user"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, text: str, wanted: str) -> None:
    with pytest.raises(ServicesError, match=wanted) as refused:
        load(tmp_path, text)
    assert len(str(refused.value).splitlines()) == 1


def test_no_part_of_the_stack_can_be_named_by_a_service() -> None:
    assert {"nginx", "proxy", "postgres", "databases", "template0"} <= RESERVED_NAMES
