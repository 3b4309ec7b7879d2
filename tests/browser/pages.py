"""What people do on the example site's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.conftest import IDLE

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "demo-password"
# The browser has dropped the cookie by then, so the site knows no more than this.
EXPIRED = "You were signed out because your session had expired."


def fill_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def sign_in(page: Page, username: str = "alice") -> None:
    page.goto("/login")
    fill_in(page, username)
    page.wait_for_url("**/dashboard/")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: url.endswith("/"))


def wait_past_the_limit(page: Page) -> None:
    page.wait_for_timeout((IDLE + 1) * 1000)


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()
