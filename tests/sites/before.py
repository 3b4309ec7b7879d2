"""The example site as it was before jenk: Django's middleware alone, jenk not installed."""

from __future__ import annotations

from pathlib import Path

from website.settings import *  # noqa: F403
from website.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

SESSION_ENGINE = "django.contrib.sessions.backends.db"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and of no worth
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "jenk"]
MIDDLEWARE = [
    line.replace("jenk.middleware.", "django.contrib.sessions.middleware.")
    for line in MIDDLEWARE
    if line == "jenk.middleware.SessionMiddleware" or not line.startswith("jenk.")
]
TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "templates"]
TEMPLATES[0]["OPTIONS"]["context_processors"].remove("jenk.context_processors.session")
ROOT_URLCONF = "tests.sites.urls_before"
