"""Without scripts, and without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import NewContext
from tests.browser.pages import PASSWORD, heading, sign_in, sign_out
from tools.server import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs_browser

FOCUSED = "document.activeElement.textContent.trim()"


def tab_to(page: Page, text: str) -> None:
    """Press Tab until the element with this text has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == text:
            return
    message = f"Tab never reached {text!r}."
    raise AssertionError(message)


def test_everything_works_without_scripts(site: Site, new_context: NewContext) -> None:
    page = new_context(site, java_script_enabled=False).new_page()

    sign_in(page)
    assert heading(page) == "Welcome, Alice Hartmann"
    page.goto("/ajax/")
    assert page.locator("noscript").get_by_role("link", name="/api/me").is_visible()
    assert not page.get_by_role("button", name="Who am I?").is_visible()
    sign_out(page)
    page.goto("/dashboard/")

    assert heading(page) == "Sign in"


def test_the_keyboard_signs_in_and_out(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    page.goto("/login")
    # The browser gives the field its focus while it draws the page, some time after loading it.
    page.wait_for_function("document.activeElement.name === 'username'")
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/")

    tab_to(page, "Sign out")
    page.keyboard.press("Enter")

    page.wait_for_url(f"{site.url}/")


def test_the_focus_can_be_seen(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    page.goto("/")
    tab_to(page, "Dashboard")

    width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")

    assert width == "3px"


def test_the_header_can_be_skipped(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to the content"

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_an_error_is_announced_and_leads_the_title(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    page.goto("/login")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Password").press("Enter")

    page.get_by_role("alert").wait_for()

    assert page.title().startswith("Error: ")
