"""docs/tutorials/protect-a-dashboard.md, done as it says: a folder of files, behind the one sign-in of the domain."""

import re
import shlex
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from testing.checkout import ROOT
from testing.http import listens
from testing.outer_proxy import running_outer_proxy
from testing.ports import free_port
from testing.processes import Program
from testing.stack import Stack
from tests.browser.chromium import Visit
from tests.browser.portal import expect_signed_in, fill_in, open_portal, sign_in
from tests.doctor.configuration import fenced

PAGE = (ROOT / "docs/tutorials/protect-a-dashboard.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with the entry of the page, and the program of the page beside it."""
    folder, port = tmp_path_factory.mktemp("stack-with-dashboard"), free_port()
    [entry] = fenced(PAGE, "toml")
    *preparing, serving = fenced(PAGE, "sh")[0].replace("9000", str(port)).splitlines()
    script = "\n".join(["set -e", *preparing, f"exec {serving}"])
    described = Stack(
        folder,
        database=lambda name: f"sqlite:///{folder}/{name}/{name}.db",
        services=(ROOT / "services.toml").read_text(encoding="utf-8") + entry,
        upstreams={"dash": port},
    )
    environment = {"PATH": described.environment["PATH"]}
    with (
        described.running() as stack,
        Program(
            "the dashboard",
            ["sh", "-c", script],
            environment=environment,
            log=folder / "dashboard.log",
            folder=folder,
        ) as dashboard,
    ):
        dashboard.wait_until(lambda: listens(port), seconds=30, what="the dashboard listens")
        yield stack


@pytest.fixture(scope="module")
def outer(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("outer-of-dashboard")
    with running_outer_proxy(folder, inner_port=stack.proxy.port) as url:
        yield url


@pytest.fixture(params=["direct", "behind an outer proxy"])
def origin(request: pytest.FixtureRequest, stack: Stack) -> str:
    return stack.url if request.param == "direct" else str(request.getfixturevalue("outer"))


def test_one_sign_in_on_the_portal_opens_the_dashboard_and_one_sign_out_closes_it(
    visit: Visit, stack: Stack, origin: str
) -> None:
    page = visit.page
    open_portal(page, origin)
    sign_in(page, stack.demo)
    tab = page.context.new_page()
    tab.goto(f"{origin}/dash/")
    expect(tab.get_by_role("heading", name="Sales of today")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#go-to-sign-in")).to_be_visible()
    tab.goto(f"{origin}/dash/?day=1")
    expect(tab).to_have_url(re.compile(rf"^{re.escape(origin)}/auth/sign-in\?return_to="))
    fill_in(tab, stack.demo)
    expect(tab).to_have_url(f"{origin}/dash/?day=1")
    expect(tab.get_by_role("heading", name="Sales of today")).to_be_visible()
    tab.goto(f"{origin}/")
    expect_signed_in(tab)


def test_a_program_opens_it_as_the_page_says(stack: Stack) -> None:
    [command] = [block for block in fenced(PAGE, "sh") if "curl" in block]
    words = shlex.split(command.replace("$TOKEN", stack.sign_in()))
    name, _, value = words[words.index("-H") + 1].partition(": ")
    assert words[-1].endswith("/dash/")
    answer = stack.call("GET", "/dash/", headers={name: value})
    assert (answer.status, answer.body) == (200, b"<h1>Sales of today</h1>\n")
    assert stack.get("/dash/").status == 401
