"""The smallest project that exercises jenk.

JENK_TEST_DATABASE   sqlite (default), mariadb or postgres
JENK_TEST_ENGINE     jenk; unjoined, the same without its joined statement; db (default),
                     cached_db, cache or file: Django's own session engines
"""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path
from typing import Any

from tests import services

DATABASE = os.environ.get("JENK_TEST_DATABASE") or "sqlite"
ENGINE = os.environ.get("JENK_TEST_ENGINE") or "db"
RUN = f"jenk_{os.getpid()}"  # two runs on one machine keep out of each other's way

# --- Sessions, as in the guide ------------------------------------------------------------

OWN_ENGINES = {"jenk": "jenk.backends.db", "unjoined": "tests.unjoined.db"}
SESSION_ENGINE = OWN_ENGINES.get(ENGINE, f"django.contrib.sessions.backends.{ENGINE}")
SESSION_COOKIE_AGE = 1209600
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "/login"

if ENGINE == "file":
    files = tempfile.TemporaryDirectory(prefix=f"{RUN}_")
    atexit.register(files.cleanup)
    SESSION_FILE_PATH = files.name

if ENGINE in {"cache", "cached_db"}:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": services.REDIS_URL,
            "KEY_PREFIX": RUN,
        }
    }

INSTALLED_APPS = [
    "jenk",  # before website, so that its own templates are what is tested
    "website",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "jenk.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jenk.middleware.SessionManagementMiddleware",
    "jenk.middleware.SessionExpiryMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jenk.context_processors.session",
            ],
        },
    },
]

# --- Databases ----------------------------------------------------------------------------


def sqlite() -> dict[str, Any]:
    """A file, because tests with threads and processes need connections of their own."""
    file = str(Path(tempfile.gettempdir()) / f"{RUN}.sqlite3")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "TEST": {"NAME": file},
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }


def server() -> dict[str, Any]:
    return services.database(DATABASE) | {"TEST": {"NAME": f"test_{RUN}"}}


def mariadb() -> dict[str, Any]:
    options = {"charset": "utf8mb4", "init_command": "SET sql_mode='STRICT_TRANS_TABLES'"}
    entry = server()
    return entry | {"OPTIONS": options, "TEST": entry["TEST"] | {"CHARSET": "utf8mb4"}}


DATABASES = {"default": {"sqlite": sqlite, "mariadb": mariadb, "postgres": server}[DATABASE]()}

# --- The rest -----------------------------------------------------------------------------

SECRET_KEY = "not secret: the key of the tests"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
AUTH_USER_MODEL = "website.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and of no worth
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.urls"
STATIC_URL = "/static/"
TIME_ZONE = "UTC"
USE_TZ = True
