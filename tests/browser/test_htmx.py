"""htmx goes to sign in by itself, and the visitor comes back to the page."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NewContext
from tests.browser.pages import EXPIRED, fill_in, sign_in, wait_past_the_limit
from tools.server import Site

pytestmark = pytest.mark.needs_browser


def test_htmx_loads_a_protected_part(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    sign_in(page)
    page.goto("/htmx/")

    page.get_by_role("button", name="Load").click()
    page.get_by_text("The part for alice").wait_for()


def test_htmx_follows_to_sign_in_and_comes_back(short_site: Site, new_context: NewContext) -> None:
    page = new_context(short_site).new_page()
    sign_in(page)
    page.goto("/htmx/")
    wait_past_the_limit(page)

    page.get_by_role("button", name="Load").click()
    page.wait_for_url("**/login**")
    assert page.url == f"{short_site.url}/login?next=/htmx/"
    assert page.get_by_role("status").inner_text() == EXPIRED

    fill_in(page, "alice")
    page.wait_for_url("**/htmx/")
    page.get_by_role("button", name="Load").click()
    page.get_by_text("The part for alice").wait_for()
