"""A request that the browser sent before it had its new key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import NewContext
from tests.browser.pages import fill_in, heading, sign_in
from tools.server import Site

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.needs_browser

ASK = """() => {
    window.late = fetch("/api/me?hold=3").then(
        async answer => [answer.status, (await answer.json()).reason]
    );
}"""


def keys(context: BrowserContext) -> dict[str, str]:
    names = {"sessionid", "sessionid_seen"}
    return {one["name"]: one["value"] for one in context.cookies() if one["name"] in names}


def test_a_late_answer_leaves_the_new_key_alone(site: Site, new_context: NewContext) -> None:
    context = new_context(site)
    page, other = context.new_page(), context.new_page()
    sign_in(page)
    old = keys(context)
    other.goto("/login")
    with page.expect_request("**/api/me?hold=3"):
        page.evaluate(ASK)
    fill_in(other, "alice")
    other.wait_for_url("**/dashboard/")
    new = keys(context)

    assert page.evaluate("() => window.late") == [401, "rotated"]
    assert new["sessionid"] != old["sessionid"]
    assert keys(context) == new
    other.goto("/dashboard/")
    assert heading(other) == "Welcome, Alice Hartmann"
