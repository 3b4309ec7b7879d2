"""One person's visit, from signing in to pressing Back after signing out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import SETTINGS, NewContext
from tests.browser.pages import (
    EXPIRED,
    fill_in,
    heading,
    sign_in,
    sign_out,
    wait_past_the_limit,
)
from tools.server import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs_browser


def ask(page: Page) -> str:
    page.get_by_role("button", name="Who am I?").click()
    page.wait_for_selector("#answer pre")
    return page.locator("#answer").inner_text()


def test_signing_in_leads_where_one_wanted_to_go(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    page.goto("/managers/?page=2")
    assert page.url == f"{site.url}/login?next=/managers/%3Fpage%3D2"

    fill_in(page, "carol")
    page.wait_for_url("**/managers/?page=2")

    assert heading(page) == "For managers"


def test_a_script_gets_the_eight_facts(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    sign_in(page)
    page.goto("/ajax/")

    answer = ask(page)

    assert answer.startswith("200 OK")
    assert '"user": "alice"' in answer


def test_an_idle_session_ends_with_its_reason_and_signing_in_goes_on(
    short_site: Site, new_context: NewContext
) -> None:
    page = new_context(short_site).new_page()
    sign_in(page)
    wait_past_the_limit(page)

    page.goto("/dashboard/?tab=facts")
    assert page.url == f"{short_site.url}/login?next=/dashboard/%3Ftab%3Dfacts"
    assert page.get_by_role("status").inner_text() == EXPIRED

    fill_in(page, "alice")
    page.wait_for_url("**/dashboard/?tab=facts")
    assert heading(page) == "Welcome, Alice Hartmann"


def test_the_reason_is_told_once(short_site: Site, new_context: NewContext) -> None:
    page = new_context(short_site).new_page()
    sign_in(page)
    wait_past_the_limit(page)
    page.goto("/dashboard/")

    page.reload()

    assert page.get_by_role("status").count() == 0


def test_a_session_in_use_goes_on(short_site: Site, new_context: NewContext) -> None:
    page = new_context(short_site).new_page()
    sign_in(page)

    for _ in range(3):
        page.wait_for_timeout(2000)
        page.goto("/dashboard/")

    assert heading(page) == "Welcome, Alice Hartmann"


def test_a_script_is_told_why_the_session_ended(short_site: Site, new_context: NewContext) -> None:
    page = new_context(short_site).new_page()
    sign_in(page)
    page.goto("/ajax/")
    wait_past_the_limit(page)

    answer = ask(page)
    assert EXPIRED in answer
    assert "401 Unauthorized" in answer

    page.locator("#answer").get_by_role("link", name="Sign in").click()
    fill_in(page, "alice")
    page.wait_for_url("**/ajax/")
    assert '"user": "alice"' in ask(page)


def test_back_after_signing_out_shows_nothing_private(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    sign_in(page)
    assert "alice@example.com" in page.content()
    sign_out(page)

    page.evaluate("history.back()")
    page.wait_for_url("**/login**")

    assert "alice@example.com" not in page.content()
    assert heading(page) == "Sign in"


def test_two_browsers_do_not_disturb_each_other(site: Site, new_context: NewContext) -> None:
    alice, carol = new_context(site).new_page(), new_context(site).new_page()
    sign_in(alice, "alice")
    sign_in(carol, "carol")
    alice.reload()
    assert heading(alice) == "Welcome, Alice Hartmann"

    sign_out(alice)
    carol.reload()

    assert heading(carol) == "Welcome, Carol Lindqvist"


def test_one_person_in_two_browsers_signs_out_of_one(site: Site, new_context: NewContext) -> None:
    first, second = new_context(site).new_page(), new_context(site).new_page()
    sign_in(first)
    sign_in(second)

    sign_out(first)
    second.reload()

    assert heading(second) == "Welcome, Alice Hartmann"


def test_two_tabs_share_one_session(site: Site, new_context: NewContext) -> None:
    context = new_context(site)
    first, second = context.new_page(), context.new_page()
    sign_in(first)
    second.goto("/dashboard/")
    sign_out(first)

    second.reload()

    assert second.url == f"{site.url}/login?next=/dashboard/"


def test_a_session_survives_a_restart(database: Path, new_context: NewContext) -> None:
    with Site(database, settings=SETTINGS) as site:
        page = new_context(site).new_page()
        sign_in(page)
        site.kill()
        site.start()

        page.goto("/dashboard/")

        assert heading(page) == "Welcome, Alice Hartmann"


def test_a_member_is_kept_out_but_stays_signed_in(site: Site, new_context: NewContext) -> None:
    page = new_context(site).new_page()
    sign_in(page)

    response = page.goto("/managers/")

    assert response is not None
    assert response.status == 403
    assert heading(page) == "This page is not for your role"
    page.goto("/dashboard/")
    assert heading(page) == "Welcome, Alice Hartmann"


def test_the_admin_says_why_on_its_own_page(short_site: Site, new_context: NewContext) -> None:
    page = new_context(short_site).new_page()
    sign_in(page, "admin")
    page.goto("/admin/")
    wait_past_the_limit(page)

    page.goto("/admin/")

    assert page.url == f"{short_site.url}/admin/login/?next=/admin/"
    assert EXPIRED in page.content()


def test_making_a_user_inactive_ends_her_session(
    new_site: Callable[..., Site], new_context: NewContext
) -> None:
    with new_site() as site:
        alice, admin = new_context(site).new_page(), new_context(site).new_page()
        sign_in(alice)
        sign_in(admin, "admin")
        admin.goto("/admin/website/user/1/change/")
        admin.get_by_label("Active", exact=True).uncheck()
        admin.get_by_role("button", name="Save", exact=True).click()
        admin.wait_for_url("**/admin/website/user/")

        alice.goto("/dashboard/")

        reason = "You were signed out because your account was disabled."
        assert alice.get_by_role("status").inner_text() == reason
