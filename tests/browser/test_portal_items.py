"""The items on the portal: add, find, page, edit, delete, and what happens when two edit at once."""

from playwright.sync_api import expect

from testing.stack import Stack, User
from tests.browser.chromium import Visit
from tests.browser.portal import add_item, open_portal, sign_in, titles


def test_an_added_item_is_there_after_a_reload(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    add_item(visit.page, "Oil the hinges")
    visit.page.reload()
    sign_in(visit.page, person)

    expect(titles(visit.page)).to_have_text(["Oil the hinges"])


def test_a_title_is_shown_as_text_and_never_run(visit: Visit, origin: str, person: User) -> None:
    title = "<img src=x onerror=alert(1)><b>bold</b>"
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    add_item(visit.page, title)

    expect(titles(visit.page)).to_have_text([title])
    assert visit.page.locator(".item img, .item b").count() == 0


def test_an_item_is_edited(visit: Visit, origin: str, person: User) -> None:
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    add_item(visit.page, "Before")

    visit.page.get_by_role("button", name="Edit Before").click()
    visit.page.get_by_label("Title", exact=True).fill("After")
    visit.page.get_by_role("button", name="Save").click()

    expect(visit.page.get_by_text("Saved “After”.")).to_be_visible()
    visit.page.reload()
    sign_in(visit.page, person)
    expect(titles(visit.page)).to_have_text(["After"])


def test_an_edit_that_lost_the_race_is_told_and_the_newest_title_shown(
    visit: Visit, origin: str, stack: Stack, person: User
) -> None:
    visit.tolerated = {412}
    open_portal(visit.page, origin)
    sign_in(visit.page, person)
    add_item(visit.page, "First")
    visit.page.get_by_role("button", name="Edit First").click()
    title = visit.page.get_by_label("Title", exact=True)
    expect(title).to_have_value("First")
    change_elsewhere(stack, person, "Changed elsewhere")

    title.fill("Mine")
    visit.page.get_by_role("button", name="Save").click()

    expect(visit.page.locator("#items-problem")).to_contain_text("was changed elsewhere")
    expect(title).to_have_value("Changed elsewhere")
    title.fill("Mine after all")
    visit.page.get_by_role("button", name="Save").click()
    expect(titles(visit.page)).to_have_text(["Mine after all"])


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
    token = stack.sign_in(person)
    for number in range(1, 13):
        added = stack.call("POST", "/items/", token=token, json={"title": f"Key {number:02}"})
        assert added.status == 201
    open_portal(visit.page, origin)
    sign_in(visit.page, person)

    expect(titles(visit.page)).to_have_count(10)
    visit.page.get_by_role("button", name="More").click()
    expect(titles(visit.page)).to_have_count(12)
    expect(visit.page.get_by_role("button", name="More")).to_be_hidden()
    assert sorted(titles(visit.page).all_inner_texts()) == [f"Key {n:02}" for n in range(1, 13)]

    visit.page.get_by_label("Search by title").fill("key 07")
    expect(titles(visit.page)).to_have_text(["Key 07"])
    visit.page.get_by_label("Search by title").fill("no such key")
    expect(visit.page.get_by_text("No item has “no such key” in its title.")).to_be_visible()


def change_elsewhere(stack: Stack, person: User, title: str) -> None:
    """Change the person's only item from another place."""
    token = stack.sign_in(person)
    [item] = stack.call("GET", "/items/", token=token).json["items"]
    answer = stack.call("PATCH", f"/items/{item['id']}", token=token, json={"title": title})
    assert answer.status == 200, answer.body
