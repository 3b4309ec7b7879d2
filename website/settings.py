"""Settings of the example site.

Read them as documentation: what jenk needs, what it offers, and why. Values come from
environment variables of the same names, so any set-up can be tried without editing a file:

    SESSION_COOKIE_AGE=60 JENK_REASON_MESSAGE=true make demo
"""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from website import environment

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Sessions -----------------------------------------------------------------------------

# Where sessions are kept: in jenk's tables, which `migrate` creates. Django's own engines work too:
#     SESSION_ENGINE=django.contrib.sessions.backends.db make demo
SESSION_ENGINE = environment.text("SESSION_ENGINE", default="jenk.backends.db")

# The idle limit: a session ends after this many seconds without activity. 14 days.
SESSION_COOKIE_AGE = environment.whole_number("SESSION_COOKIE_AGE", default=1209600)

# Every request counts as activity, so the idle limit runs from the last one.
SESSION_SAVE_EVERY_REQUEST = environment.boolean("SESSION_SAVE_EVERY_REQUEST", default=True)

# Scripts on a page cannot read the cookie, and other sites cannot send it along with a form.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# A site on HTTPS adds SESSION_COOKIE_SECURE = True and CSRF_COOKIE_SECURE = True.

# The absolute limit: however active, a session ends this long after signing in. JENK_PRESET,
# such as "pci" or "nist-aal2", brings limits of its own.
JENK_ABSOLUTE_TIMEOUT: Any = None if environment.text("JENK_PRESET") else timedelta(days=30)

# Every other JENK_ setting, and this one, can come from the environment.
globals().update(environment.jenk_settings())

# Where jenk sends a visitor who has to sign in, and where signing in and out lead.
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/dashboard/"
LOGOUT_REDIRECT_URL = "/"

# --- Apps and middleware ------------------------------------------------------------------

INSTALLED_APPS = [
    "website",  # before jenk, so that website/templates/jenk/base.html wins
    "jenk",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",  # only for Django's own session engines
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "jenk.middleware.SessionMiddleware",  # in the place of Django's
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jenk.middleware.SessionManagementMiddleware",  # a session for everyone, and its facts
    "jenk.middleware.SessionExpiryMiddleware",  # ends sessions that are past their limits
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# jenk's pages need no inline script or style. Django 6 can tell browsers to refuse them.
if find_spec("django.utils.csp"):
    MIDDLEWARE.insert(1, "django.middleware.csp.ContentSecurityPolicyMiddleware")
    SECURE_CSP = {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",  # {{ request.session.user }}
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jenk.context_processors.session",  # {{ session_user }}, {{ session_end_reason }}
            ],
        },
    },
]

# --- The rest of a small Django project ---------------------------------------------------

DEBUG = environment.boolean("DEBUG", default=False)
PORT = environment.whole_number("PORT", default=8000)
SECRET_KEY = environment.secret_key(BASE_DIR / "var" / "secret-key")
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    "testserver",
    *environment.words("ALLOWED_HOSTS"),
]

DATABASES = {"default": environment.database(default=f"sqlite:///{BASE_DIR}/var/demo.sqlite3")}

# For engines that keep sessions in the cache, such as django.contrib.sessions.backends.cache.
if redis_url := environment.text("REDIS_URL"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis_url,
        }
    }

AUTH_USER_MODEL = "website.User"
ROOT_URLCONF = "website.urls"
WSGI_APPLICATION = "website.wsgi.application"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
