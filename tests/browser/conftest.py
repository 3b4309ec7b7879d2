"""A browser, and example sites for it to visit.

Nothing here touches the ORM: the sites are processes of their own. Playwright keeps an event
loop in the thread while it is open, in which Django would refuse to use a database, so it is
opened and closed for each module.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tools import chromium
from tools.server import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

SETTINGS = "tests.browser.settings"
IDLE = 5  # seconds; the idle limit of `short_site`

type NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where it is installed

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(),
            args=chromium.ARGUMENTS,
            # As people have it: going back may show a page from memory.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Open contexts, each a browser of its own with its own cookies."""
    opened: list[BrowserContext] = []

    def open_context(site: Site, **options: Any) -> BrowserContext:
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the demo users, to be copied."""
    site = Site(tmp_path_factory.mktemp("seeded") / "site.sqlite3", settings=SETTINGS)
    site.prepare()
    return site.database


@pytest.fixture(scope="session")
def new_site(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Site]:
    def make(settings: str = SETTINGS, **environ: str) -> Site:
        database = tmp_path_factory.mktemp("site") / "site.sqlite3"
        shutil.copy(seeded, database)
        return Site(database, environ, settings=settings)

    return make


@pytest.fixture(scope="session")
def site(new_site: Callable[..., Site]) -> Iterator[Site]:
    """The example site as it comes."""
    with new_site() as running:
        yield running


@pytest.fixture(scope="session")
def short_site(new_site: Callable[..., Site]) -> Iterator[Site]:
    """The example site, where sessions end soon."""
    with new_site(SESSION_COOKIE_AGE=str(IDLE)) as running:
        yield running


@pytest.fixture(scope="session")
def plain_site(new_site: Callable[..., Site]) -> Iterator[Site]:
    """jenk's own pages, on a site that has not changed their look."""
    with new_site(settings="tests.browser.plain") as running:
        yield running


@pytest.fixture
def database(seeded: Path, tmp_path: Path) -> Path:
    """Return a database of one's own."""
    return Path(shutil.copy(seeded, tmp_path / "site.sqlite3"))
