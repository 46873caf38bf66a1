"""The items on the portal: add, find, page, edit, delete, and what happens when two edit at once."""

import re

from playwright.sync_api import Locator, Page, expect

from testing.stack import Stack, User
from tests.browser.chromium import Visit
from tests.browser.portal import (
    add_item,
    expect_signed_in,
    open_portal,
    sign_in,
    submit_sign_in,
    titles,
)


def test_an_added_item_is_there_after_a_reload(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    add_item(visit.page, "Oil the hinges")
    visit.page.reload()
    expect_signed_in(visit.page)

    expect(titles(visit.page)).to_have_text(["Oil the hinges"])


def test_a_title_is_shown_as_text_and_never_run(visit: Visit, origin: str, person: User) -> None:
    title = "<img src=x onerror=alert(1)><b>bold</b>"
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    add_item(visit.page, title)

    expect(titles(visit.page)).to_have_text([title])
    assert visit.page.locator(".item img, .item b").count() == 0


def test_a_title_is_written_in_its_own_direction(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    add_item(visit.page, "\u05e9\u05dc\u05d5\u05dd!")

    direction = titles(visit.page).evaluate("title => getComputedStyle(title).direction")
    assert direction == "rtl"


def test_an_item_is_edited(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    add_item(visit.page, "Before")

    visit.page.get_by_role("button", name="Edit Before").click()
    edited_title(visit.page).fill("After")
    visit.page.get_by_role("button", name="Save").click()

    expect(visit.page.get_by_text("Saved “After”.")).to_be_visible()
    visit.page.reload()
    expect_signed_in(visit.page)
    expect(titles(visit.page)).to_have_text(["After"])


def test_an_edit_that_lost_the_race_is_told_beside_it_and_keeps_what_was_typed(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    visit.tolerated = {412}
    title = edit_a_first_item(visit.page, origin, person)
    change_elsewhere(stack, person, "Changed elsewhere")

    title.fill("Mine")
    visit.page.get_by_role("button", name="Save").click()

    problem = visit.page.locator(".item").get_by_role("alert")
    expect(problem).to_contain_text("changed elsewhere")
    expect(problem).to_contain_text("“Changed elsewhere”")
    expect(problem).to_be_in_viewport()
    expect(title).to_have_value("Mine")
    visit.page.get_by_role("button", name="Save").click()
    expect(titles(visit.page)).to_have_text(["Mine"])
    expect(problem).to_be_empty()


def test_whoever_gives_up_an_edit_that_lost_the_race_sees_what_is_there_now(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    visit.tolerated = {412}
    title = edit_a_first_item(visit.page, origin, person)
    change_elsewhere(stack, person, "Changed elsewhere")
    title.fill("Mine")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.locator(".item").get_by_role("alert")).not_to_be_empty()

    title.press("Escape")

    expect(titles(visit.page)).to_have_text(["Changed elsewhere"])
    expect(visit.page.locator(".item").get_by_role("alert")).to_be_empty()


def test_a_title_that_cannot_be_saved_is_told_beside_it_in_words_for_people(
    visit: Visit, origin: str, person: User
) -> None:
    title = edit_a_first_item(visit.page, origin, person)

    title.fill("   ")
    visit.page.get_by_role("button", name="Save").click()

    problem = visit.page.locator(".item").get_by_role("alert")
    expect(problem).to_have_text("Give the item a title.")
    expect(problem).to_be_in_viewport()
    title.press("Escape")
    expect(problem).to_be_empty()

    visit.page.get_by_label("Title of the new item").fill("   ")
    visit.page.get_by_role("button", name="Add").click()
    expect(visit.page.locator("#add-problem")).to_have_text("Give the item a title.")
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator("#add-problem")).to_be_empty()


def test_what_a_service_refuses_is_told_in_words_for_people(
    visit: Visit, origin: str, person: User
) -> None:
    visit.tolerated = {422}
    refused = {
        "code": "invalid_input",
        "detail": "The body is not valid: String should match pattern '^x$' (#/title).",
        "request_id": "request-1",
    }
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    visit.page.route(
        "**/items/",
        lambda route: route.fulfill(status=422, json=refused),
    )

    visit.page.get_by_label("Title of the new item").fill("Refused")
    visit.page.get_by_role("button", name="Add").click()

    problem = visit.page.locator("#add-problem")
    expect(problem.get_by_text("What you entered is not accepted.")).to_be_visible()
    expect(problem.get_by_text("String should match")).to_be_hidden()
    expect(visit.page.get_by_label("Title of the new item")).to_have_value("Refused")
    problem.get_by_text("Details").click()
    expect(problem.get_by_text("String should match")).to_be_visible()
    expect(problem.get_by_text("Request request-1")).to_be_visible()


def test_news_are_seen_in_a_long_list_and_never_beside_a_problem(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    add_keys(stack, person, 20)
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    add_item(visit.page, "One more")
    news = visit.page.get_by_text("Added “One more”.")
    expect(news).to_be_in_viewport()
    visit.page.get_by_role(
        "button", name="Add"
    ).click()  # the browser itself refuses an empty title
    visit.page.get_by_label("Title of the new item").fill(" ")
    visit.page.get_by_role("button", name="Add").click()
    expect(visit.page.locator("#add-problem")).not_to_be_empty()
    expect(news).to_have_count(0)

    add_item(visit.page, "Another one")
    expect(visit.page.locator("#add-problem")).to_be_empty()
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_text("Added “Another one”.")).to_have_count(0)


def test_an_item_that_does_not_match_the_search_is_not_listed_when_it_is_added(
    visit: Visit, origin: str, person: User
) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    add_item(visit.page, "A key")
    # The list looks the same after the search as before, so its answer is waited for.
    with visit.page.expect_response(lambda answer: "q=key" in answer.url):
        visit.page.get_by_label("Search by title").fill("key")
    visit.page.wait_for_load_state("networkidle")
    expect(titles(visit.page)).to_have_text(["A key"])

    visit.page.get_by_label("Title of the new item").fill("A bell")
    visit.page.get_by_role("button", name="Add").click()
    expect(
        visit.page.get_by_text(
            "Added “A bell”. It does not match your search, so it is not listed."
        )
    ).to_be_visible()
    expect(titles(visit.page)).to_have_text(["A key"])

    add_item(visit.page, "Another KEY")
    expect(titles(visit.page)).to_have_text(["Another KEY", "A key"])


def test_an_item_that_was_deleted_elsewhere_leaves_the_list(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    visit.tolerated = {404}
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    for added in ("First", "Second", "Third"):
        add_item(visit.page, added)
    visit.page.get_by_role("button", name="Edit Third").click()
    edited = edited_title(visit.page)
    expect(edited).to_have_value("Third")
    delete_all_elsewhere(stack, person)

    visit.page.get_by_role("button", name="Edit First").click()
    expect(visit.page.get_by_text("“First” was deleted elsewhere.")).to_be_visible()
    expect(titles(visit.page)).to_have_text(["Third", "Second"])

    visit.page.get_by_role("button", name="Delete Second").click()
    visit.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(titles(visit.page)).to_have_text(["Third"])

    edited.fill("Words that shall stay")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.locator(".item").get_by_role("alert")).to_contain_text("deleted elsewhere")
    expect(edited).to_have_value("Words that shall stay")
    visit.page.get_by_role("button", name="Save").click()
    expect(titles(visit.page)).to_have_text(["Words that shall stay"])
    expect(edited).to_be_hidden()


def test_a_list_that_could_not_be_read_is_tried_again_at_a_press_of_a_button(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    visit.tolerated = {502}
    stack.call("POST", "/items/", token=stack.sign_in(person), json={"title": "There again"})
    open_portal(visit.page, origin)
    let_items_fail(visit.page)
    submit_sign_in(visit.page, person)
    problem = visit.page.locator("#items-problem")
    expect(problem).to_contain_text("The service does not answer now.")
    expect(visit.page.get_by_text("No items yet")).to_be_hidden()
    visit.page.unroute_all()

    problem.get_by_role("button", name="Try again").click()

    expect(titles(visit.page)).to_have_text(["There again"])
    expect(problem).to_be_empty()


def test_a_list_that_could_not_be_read_comes_back_with_its_service(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    visit.tolerated = {502}
    stack.call("POST", "/items/", token=stack.sign_in(person), json={"title": "There again"})
    visit.page.clock.install()
    open_portal(visit.page, origin)
    let_items_fail(visit.page)
    submit_sign_in(visit.page, person)
    expect(visit.page.locator("#items-problem")).to_contain_text("The service does not answer now.")
    visit.page.clock.run_for(10_000)
    expect(visit.page.get_by_text("1 of 2 ready")).to_be_visible()
    visit.page.unroute_all()

    visit.page.clock.run_for(10_000)

    expect(titles(visit.page)).to_have_text(["There again"])
    expect(visit.page.locator("#items-problem")).to_be_empty()


def test_an_item_is_deleted_only_after_a_yes(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    add_item(visit.page, "Short-lived")
    delete = visit.page.get_by_role("button", name="Delete Short-lived")

    delete.click()
    visit.page.keyboard.press("Escape")
    expect(delete).to_be_focused()
    expect(titles(visit.page)).to_have_text(["Short-lived"])

    delete.click()
    visit.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visit.page.get_by_text("Deleted “Short-lived”.")).to_be_visible()
    expect(titles(visit.page)).to_have_count(0)
    expect(visit.page.get_by_label("Title of the new item")).to_be_focused()


def test_a_long_list_comes_in_pages_and_is_searched(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    add_keys(stack, person, 25)
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    expect(titles(visit.page)).to_have_count(20)
    visit.page.get_by_role("button", name="More").click()
    expect(titles(visit.page)).to_have_count(25)
    expect(visit.page.get_by_role("button", name="More")).to_be_hidden()
    assert sorted(titles(visit.page).all_inner_texts()) == [f"Key {n:02}" for n in range(1, 26)]

    visit.page.get_by_label("Search by title").fill("key 07")
    expect(titles(visit.page)).to_have_text(["Key 07"])
    visit.page.get_by_label("Search by title").fill("no such key")
    expect(visit.page.get_by_text("No item has “no such key” in its title.")).to_be_visible()


def test_the_list_says_how_many_items_there_are(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    add_keys(stack, person, 23)
    count = visit.page.locator("#items-count")
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    expect(count).to_have_text("20 of 23")
    add_item(visit.page, "Bell")
    expect(count).to_have_text("21 of 24")
    visit.page.get_by_label("Search by title").fill("key")
    expect(count).to_have_text("20 of 23")
    visit.page.get_by_role("button", name="More").click()
    expect(count).to_have_text("23")


def test_two_hundred_items_take_two_presses_of_a_button(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    add_keys(stack, person, 210)
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    for shown in (120, 210):
        visit.page.get_by_role("button", name="More").click()
        expect(titles(visit.page)).to_have_count(shown)


def test_a_reload_keeps_the_search_and_the_place_in_the_list(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    add_keys(stack, person, 45)
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    add_item(visit.page, "Bell")
    visit.page.get_by_label("Search by title").fill("key")
    expect(visit.page.locator("#items-count")).to_have_text("20 of 45")
    visit.page.get_by_role("button", name="More").click()
    expect(titles(visit.page)).to_have_count(45)
    assert visit.page.url == f"{origin}/?q=key&rows=45"

    visit.page.reload()
    expect_signed_in(visit.page)

    expect(titles(visit.page)).to_have_count(45)
    expect(visit.page.get_by_label("Search by title")).to_have_value("key")
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page).to_have_url(f"{origin}/")


def edit_a_first_item(page: Page, origin: str, person: User) -> Locator:
    """Sign in, add the item "First" and begin to edit it; return the field of its title."""
    open_portal(page, origin)
    sign_in(page, person)
    add_item(page, "First")
    page.get_by_role("button", name="Edit First").click()
    title = edited_title(page)
    expect(title).to_have_value("First")
    return title


def edited_title(page: Page) -> Locator:
    return page.get_by_label("Title", exact=True).filter(visible=True)


def add_keys(stack: Stack, person: User, count: int) -> None:
    """Give the person items with the titles "Key 01", "Key 02", ..."""
    token = stack.sign_in(person)
    for number in range(1, count + 1):
        added = stack.call("POST", "/items/", token=token, json={"title": f"Key {number:02}"})
        assert added.status == 201


def let_items_fail(page: Page) -> None:
    """Items answers as nginx does when there is no service behind it."""
    problem = {"title": "Bad Gateway", "detail": "(for programs)", "code": "bad_gateway"}
    # The panel's script is the portal's.
    of_service = re.compile(r"^(?!.*/panels/).*/items/")
    page.route(of_service, lambda route: route.fulfill(status=502, json=problem))


def delete_all_elsewhere(stack: Stack, person: User) -> None:
    token = stack.sign_in(person)
    for item in stack.call("GET", "/items/", token=token).json["items"]:
        assert stack.call("DELETE", f"/items/{item['id']}", token=token).status == 204


def change_elsewhere(stack: Stack, person: User, title: str) -> None:
    """Change the person's only item from another place."""
    token = stack.sign_in(person)
    [item] = stack.call("GET", "/items/", token=token).json["items"]
    answer = stack.call("PATCH", f"/items/{item['id']}", token=token, json={"title": title})
    assert answer.status == 200, answer.body
