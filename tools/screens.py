"""Take pictures of every page of the example site: `make screens`.

Each page is drawn by Chromium at 390 and 1280 pixels, light and dark, into build/screens/.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from tools.chromium import ARGUMENTS, find  # noqa: E402
from tools.server import Site  # noqa: E402

TARGET = ROOT / "build" / "screens"
WIDTHS = (390, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PASSWORD = "demo-password"  # noqa: S105 - the demo users'
IDLE = 3  # seconds; the short limit of the site where sessions end

type Scene = Callable[[Page], object]


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")


def signed_in(username: str, path: str) -> Scene:
    def scene(page: Page) -> None:
        sign_in(page, username)
        page.goto(path)

    return scene


def signed_out(page: Page) -> None:
    sign_in(page, "alice")
    page.click(".jenk-sign-out button")


def asked(page: Page) -> None:
    page.click("#who")
    page.wait_for_selector("#answer pre")


def ajax(page: Page) -> None:
    sign_in(page, "alice")
    page.goto("/ajax/")
    asked(page)


def stale_form(page: Page) -> None:
    page.goto("/login")
    page.context.clear_cookies()
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")


def wait_past_the_limit(page: Page) -> None:
    page.wait_for_timeout((IDLE + 1) * 1000)


def expired(username: str, path: str) -> Scene:
    def scene(page: Page) -> None:
        sign_in(page, username)
        wait_past_the_limit(page)
        page.goto(path)

    return scene


def ajax_expired(page: Page) -> None:
    sign_in(page, "alice")
    page.goto("/ajax/")
    wait_past_the_limit(page)
    asked(page)


SCENES: dict[str, Scene] = {
    "index": lambda page: page.goto("/"),
    "index-signed-in": signed_in("alice", "/"),
    "login": lambda page: page.goto("/login?next=/dashboard/"),
    "login-error": lambda page: sign_in(page, "alice", "wrong"),
    "signed-out": signed_out,
    "dashboard": signed_in("alice", "/dashboard/"),
    "ajax": ajax,
    "managers": signed_in("carol", "/managers/"),
    "managers-403": signed_in("alice", "/managers/"),
    "csrf-403": stale_form,
    "login-again": signed_in("alice", "/login"),
    "404": lambda page: page.goto("/nowhere/"),
    "admin": signed_in("admin", "/admin/"),
    "admin-user": signed_in("admin", "/admin/website/user/1/change/"),
    "admin-login": lambda page: page.goto("/admin/"),
}
EXPIRED_SCENES: dict[str, Scene] = {
    "login-reason": expired("alice", "/dashboard/"),
    "ajax-reason": ajax_expired,
    "admin-login-reason": expired("admin", "/admin/"),
}


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        yield browser
        browser.close()


def take(browser: Browser, site: Site, scenes: dict[str, Scene]) -> None:
    for name, scene in scenes.items():
        context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 800})
        page = context.new_page()
        scene(page)
        for width in WIDTHS:
            for scheme in SCHEMES:
                page.set_viewport_size({"width": width, "height": 800})
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=TARGET / f"{name}-{width}-{scheme}.png", full_page=True)
        context.close()


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        file = Path(folder) / "screens.sqlite3"
        with Site(file, {"DEBUG": "false"}) as site:
            take(browser, site, SCENES)
        with Site(file, {"DEBUG": "true"}) as site:
            take(browser, site, {"index-people": SCENES["index"]})
        with Site(file, {"DEBUG": "false", "SESSION_COOKIE_AGE": str(IDLE)}) as site:
            take(browser, site, EXPIRED_SCENES)
    print(f"{len(list(TARGET.glob('*.png')))} pictures in {TARGET.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
