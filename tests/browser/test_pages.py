"""Every page: accessible, narrow enough for a phone, and content with its own policy."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import pytest

from tests.browser.conftest import NewContext
from tests.browser.pages import heading, sign_in
from tools.server import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs_browser

type Scene = Callable[[Page], object]


def signed_in(username: str, path: str) -> Scene:
    def scene(page: Page) -> None:
        sign_in(page, username)
        page.goto(path)

    return scene


def visit(page: Page, scene: Scene) -> None:
    scene(page)
    page.wait_for_load_state()


def assert_accessible(page: Page) -> None:
    """Run axe on the page, narrow and light, wide and dark."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - where it is installed

    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        report = Axe().run(page)
        assert not report.response["violations"], (width, scheme, report.generate_report())


def wrong_password(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_label("Password").press("Enter")
    page.get_by_role("alert").wait_for()


def signed_out(page: Page) -> None:
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You have signed out").wait_for()


def ajax(page: Page) -> None:
    page.goto("/ajax/")
    page.get_by_role("button", name="Who am I?").click()
    page.wait_for_selector("#answer pre")


def ajax_signed_in(page: Page) -> None:
    sign_in(page)
    ajax(page)


SCENES: dict[str, Scene] = {
    "index": lambda page: page.goto("/"),
    "index, signed in": signed_in("alice", "/"),
    "sign in": lambda page: page.goto("/login?next=/dashboard/"),
    "sign in, wrong password": wrong_password,
    "dashboard": signed_in("alice", "/dashboard/"),
    "AJAX, refused": ajax,
    "AJAX, answered": ajax_signed_in,
    "managers": signed_in("carol", "/managers/"),
    "managers, refused": signed_in("alice", "/managers/"),
    "not found": lambda page: page.goto("/nowhere/"),
}
ADMIN_SCENES: dict[str, Scene] = {
    "admin sign in": lambda page: page.goto("/admin/"),
    "admin": signed_in("admin", "/admin/"),
    "admin, a user": signed_in("admin", "/admin/website/user/1/change/"),
}
PLAIN_SCENES: dict[str, Scene] = {
    "sign in": lambda page: page.goto("/login"),
    "sign in, wrong password": wrong_password,
    "signed out": signed_out,
}
POLICY = "content-security-policy"
LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(390, "light"), (1280, "dark")]

OVERHANG = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
SMALL_TARGETS = """
    [...document.querySelectorAll("button, input:not([type=hidden]), header a")]
        .filter((one) => one.checkVisibility() && !one.matches(".site-skip"))
        .filter((one) => one.getBoundingClientRect().height < 44)
        .map((one) => one.outerHTML)
"""
REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) =>
        report(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))
"""

each_scene = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
each_plain_scene = pytest.mark.parametrize("scene", PLAIN_SCENES.values(), ids=PLAIN_SCENES)


@each_scene
def test_axe_finds_nothing(scene: Scene, site: Site, new_context: NewContext) -> None:
    page = new_context(site, bypass_csp=True).new_page()
    visit(page, scene)
    assert_accessible(page)


@each_plain_scene
def test_axe_finds_nothing_on_the_package_s_own_pages(
    scene: Scene, plain_site: Site, new_context: NewContext
) -> None:
    page = new_context(plain_site, bypass_csp=True).new_page()
    visit(page, scene)
    assert_accessible(page)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate(OVERHANG) <= 0
    assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("name", SCENES | ADMIN_SCENES)
def test_a_page_keeps_its_policy_says_what_it_is_and_fits_a_phone(
    name: str, site: Site, new_context: NewContext
) -> None:
    context = new_context(site)
    wrong: list[str] = []
    policies: set[str | None] = set()

    def report(violation: str) -> None:
        wrong.append(violation)

    context.expose_function("report", report)
    context.add_init_script(REPORT_VIOLATIONS)
    page = context.new_page()
    page.on("pageerror", lambda error: report(str(error)))
    page.on("response", lambda response: policies.add(response.header_value(POLICY)))

    visit(page, (SCENES | ADMIN_SCENES)[name])
    page.wait_for_load_state("networkidle")

    assert wrong == []
    if find_spec("django.utils.csp"):  # Django 5.2 sends no policy
        assert len(policies) == 1
        assert "script-src 'self'; style-src 'self'" in str(policies)
    if name in SCENES:
        assert_said(page)
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate(OVERHANG) <= 0
        assert page.evaluate(SMALL_TARGETS) == []


def assert_said(page: Page) -> None:
    """A page says what it is, in which language, and which file makes it."""
    assert heading(page)  # strict: there is exactly one
    assert page.title().endswith(" · jenk example site")
    assert page.locator("html").get_attribute("lang") == "en"
    footer = page.get_by_role("contentinfo")
    files = footer.get_by_text("This page: website/").or_(footer.get_by_text("This page: jenk/"))
    assert files.is_visible()
