"""The same site, but jenk's pages are as the package brings them: without the site's look."""

from __future__ import annotations

from tests.browser.settings import *  # noqa: F403
from website.settings import INSTALLED_APPS

INSTALLED_APPS = ["jenk", *(app for app in INSTALLED_APPS if app != "jenk")]
LOGOUT_REDIRECT_URL = None
