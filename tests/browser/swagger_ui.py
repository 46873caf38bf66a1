"""What a person does on a page of Swagger UI."""

from playwright.sync_api import Locator, Page, expect

from testing.stack import User


def authorize(page: Page, user: User, *, client_id: str | None = None) -> None:
    """Sign in with the *Authorize* button; `client_id` replaces what the dialog proposes."""
    dialog = ask_for_authorization(page, user, client_id=client_id)
    expect(dialog.get_by_role("button", name="Remove authorization")).to_be_visible()
    dialog.locator(".btn-done").click()


def ask_for_authorization(page: Page, user: User, *, client_id: str | None = None) -> Locator:
    """Fill in the dialog of the *Authorize* button and send it; return the dialog."""
    page.locator(".auth-wrapper > .authorize").click()
    flow = flow_in(page, "password")
    flow.get_by_label("username:").fill(user.username)
    flow.get_by_label("password:").fill(user.password)
    if client_id is not None:
        flow.get_by_label("client_id:").fill(client_id)
    flow.get_by_role("button", name="Apply given OAuth2 credentials").click()
    return flow


def authorize_with_code(page: Page, user: User, *, scope: str) -> None:
    """Sign in on auth's own page, which opens in a window of its own."""
    page.locator(".auth-wrapper > .authorize").click()
    flow = flow_in(page, "authorizationCode")
    box = flow.locator("label").filter(has_text=scope)  # the input itself is drawn by a style
    if not box.locator("xpath=..").locator("input").is_checked():
        box.click()
    with page.expect_popup() as opened:
        flow.get_by_role("button", name="Apply given OAuth2 credentials").click()
    sign_in_page = opened.value
    sign_in_page.get_by_label("User name").fill(user.username)
    sign_in_page.get_by_label("Password").fill(user.password)
    sign_in_page.get_by_role("button", name="Sign in and allow").click()
    expect(flow.get_by_role("button", name="Remove authorization")).to_be_visible()
    page.locator(".modal-ux .btn-done").first.click()


def authorize_while_signed_in(page: Page) -> None:
    """The same in a browser in which somebody is signed in: the window closes by itself."""
    page.locator(".auth-wrapper > .authorize").click()
    flow = flow_in(page, "authorizationCode")
    with page.expect_popup():
        flow.get_by_role("button", name="Apply given OAuth2 credentials").click()
    expect(flow.get_by_role("button", name="Remove authorization")).to_be_visible()
    page.locator(".modal-ux .btn-done").first.click()


def flow_in(page: Page, flow: str) -> Locator:
    """The part of the *Authorize* dialog that is about one of the flows."""
    return page.locator(".modal-ux .auth-container").filter(has_text=f"Flow: {flow}")


def offered_flows(page: Page) -> list[str]:
    """The flows of the *Authorize* dialog, in their order."""
    page.locator(".auth-wrapper > .authorize").click()
    names = page.locator(".modal-ux .auth-container").get_by_text("Flow:")
    expect(names.first).to_be_visible()
    return [name.inner_text().removeprefix("Flow:").strip() for name in names.all()]


def try_out(page: Page, method: str, path: str) -> Locator:
    """Execute an operation as it stands; return the row of the answer that came."""
    operation = operation_of(page, method, path)
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tbody tr.response")
    expect(answer).to_be_visible()
    return answer


def operation_of(page: Page, method: str, path: str) -> Locator:
    summary = page.locator(f'.opblock-summary-path[data-path="{path}"]')
    return page.locator(f".opblock-{method}").filter(has=summary)


def status_of(answer: Locator) -> str:
    return answer.locator(".response-col_status").inner_text().split()[0]
