"""The example site with the pages that only the browser tests need."""

from __future__ import annotations

from pathlib import Path

from website.settings import *  # noqa: F403
from website.settings import MIDDLEWARE, TEMPLATES

HERE = Path(__file__).parent

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and of no worth
ROOT_URLCONF = "tests.browser.urls"
MIDDLEWARE = ["tests.browser.delay.hold", *MIDDLEWARE]
STATICFILES_DIRS = [HERE / "assets"]
TEMPLATES[0]["DIRS"] = [HERE / "templates"]
