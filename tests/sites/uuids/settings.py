"""A project with such users on jenk's engine."""

from __future__ import annotations

import os

from website import settings as site

DATABASES, SECRET_KEY, USE_TZ = site.DATABASES, site.SECRET_KEY, site.USE_TZ
AUTH_USER_MODEL = os.environ.get("USER_MODEL", "uuids.Plain")
SESSION_ENGINE = "jenk.backends.db"
SESSION_SAVE_EVERY_REQUEST = True
LOGIN_URL = "/login"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "tests.sites.uuids.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and of no worth
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "tests.sites.uuids",
    "jenk",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth"]},
    }
]
MIDDLEWARE = site.MIDDLEWARE
