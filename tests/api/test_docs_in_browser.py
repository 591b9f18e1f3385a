"""The documentation in a real browser: it is rendered, obeys its policy, and can sign in."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.serving import ADMIN_EMAIL, ADMIN_PASSWORD, client_at, serving, sign_in

CHROMIUM = shutil.which("chromium")
HOW = "A browser is needed: install chromium (Debian and Ubuntu: apt install chromium)."
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason=HOW)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("docs")) as served:
        yield served.address()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """Return the messages of the browser: violations of the policy, and missing files."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    page = browser.new_page(base_url=address)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.set_default_timeout(30_000)
    page.goto("/docs")
    yield page
    page.close()


def test_every_operation_is_drawn_and_nothing_is_complained_of(
    page: Page, address: str, complaints: list[str]
) -> None:
    with client_at(address) as client:
        paths = client.get(f"{address}/docs/openapi.json").json()["paths"]

    expect(page.locator(".opblock")).to_have_count(sum(map(len, paths.values())))
    assert complaints == []


def test_nothing_is_asked_of_anyone_else(browser: Browser, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    page.close()

    assert asked
    assert [url for url in asked if not url.startswith((f"{address}/", "data:"))] == []


def test_the_dialog_to_sign_in_opens_with_the_cursor_in_the_user_name(page: Page) -> None:
    authorize(page)
    expect(page.locator("#oauth_username")).to_be_focused()


def test_a_user_signs_in_and_tries_an_operation(page: Page, complaints: list[str]) -> None:
    authorize(page)
    page.fill("#oauth_username", ADMIN_EMAIL)
    page.fill("#oauth_password", ADMIN_PASSWORD)
    confirm(page, "#oauth_username")

    assert ADMIN_EMAIL in answer_of(page, "users.read_me", "200")
    assert complaints == []


def test_a_key_signs_in_too_and_a_token_takes_its_place(page: Page, address: str) -> None:
    with client_at(address, sign_in(address, ADMIN_EMAIL)) as client:
        body = {"name": "Docs", "scopes": ["profile:read"]}
        key = client.post("/auth/api-keys", json=body).json()["key"]
    authorize(page)
    page.fill("#api_key_value", key)
    confirm(page, "#api_key_value")

    assert ADMIN_EMAIL in answer_of(page, "users.read_me", "200")

    authorize(page)
    page.fill("#auth-bearer-value", sign_in(address, ADMIN_EMAIL))
    confirm(page, "#auth-bearer-value")
    assert '"current": true' in answer_of(page, "auth.list_sessions", "200")


def authorize(page: Page) -> None:
    page.click(".btn.authorize")


def confirm(page: Page, field: str) -> None:
    """Click the button beside the field, which disappears afterwards, and close the dialog."""
    way = page.locator(".auth-container", has=page.locator(field))
    way.locator("button.authorize").click()
    expect(page.locator(field)).to_be_hidden()
    page.click(".close-modal")


def answer_of(page: Page, operation: str, status: str) -> str:
    """Send the operation without changes; the page escapes the dot in its id."""
    escaped = operation.replace(".", r"\\.")
    block = page.locator(f"[id$='-{escaped}']")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    block.locator("button.execute").click()
    answer = block.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_contain_text(status)
    return answer.inner_text()
