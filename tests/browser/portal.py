"""What a person does on the portal."""

from playwright.sync_api import Locator, Page, expect

from testing.stack import User


def open_portal(page: Page, origin: str) -> None:
    page.goto(f"{origin}/")
    expect(page.get_by_text("All ready")).to_be_visible()
    # The last thing that the page's script does, after it has loaded the panels.
    expect(page.locator("#go-to-sign-in")).to_be_enabled()


def submit_sign_in(page: Page, user: User) -> None:
    """From the portal to auth's page, and the form there."""
    page.get_by_role("button", name="Sign in").click()
    fill_in(page, user)


def fill_in(page: Page, user: User) -> None:
    """The form of auth's page, for whichever application it is shown."""
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password", exact=True).fill(user.password)
    page.get_by_role("button", name="Sign in").click()


def sign_in(page: Page, user: User) -> None:
    submit_sign_in(page, user)
    expect_signed_in(page)


def expect_signed_in(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.locator("#items-empty, .item").first).to_be_visible()


def add_item(page: Page, title: str) -> None:
    page.get_by_label("Title of the new item").fill(title)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text(f"Added “{title}”.")).to_be_visible()


def titles(page: Page) -> Locator:
    return page.locator(".item-title")
