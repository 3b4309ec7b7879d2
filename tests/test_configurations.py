"""One visit from sign-in to sign-out under every order and setting that jenk supports."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from tests.browsers import Browser

pytestmark = pytest.mark.django_db

OURS = settings.MIDDLEWARE
DJANGOS = "django.contrib.sessions.middleware.SessionMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
AFTER_AUTH = 1 + OURS.index("django.contrib.auth.middleware.AuthenticationMiddleware")

ORDERS = {
    "jenk": OURS,
    "brief": [DJANGOS if "jenk.middleware.SessionMiddleware" in one else one for one in OURS],
    "expiry-first": [
        *OURS[:AFTER_AUTH],
        *reversed(OURS[AFTER_AUTH : AFTER_AUTH + 2]),
        *OURS[AFTER_AUTH + 2 :],
    ],
    "login-required-inside": [*OURS[: AFTER_AUTH + 2], LOGIN_REQUIRED, *OURS[AFTER_AUTH + 2 :]],
    "login-required-outside": [*OURS[:AFTER_AUTH], LOGIN_REQUIRED, *OURS[AFTER_AUTH:]],
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "csrf-in-session": {"CSRF_USE_SESSIONS": True},
    "not-saving": {"SESSION_SAVE_EVERY_REQUEST": False},
    "on-write": {"JENK_ANONYMOUS_SESSIONS": "on_write"},
    "protected": {"JENK_EXPIRED_REDIRECT": "protected"},
    "no-snapshot": {"JENK_SNAPSHOT": None},
    "naive-times": {"USE_TZ": False, "TIME_ZONE": "America/Sao_Paulo"},
    "https": {
        "SESSION_COOKIE_NAME": "__Host-sid",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    },
}


@pytest.fixture(params=ORDERS)
def order(request: Any) -> list[str]:
    return ORDERS[request.param]


@pytest.mark.parametrize("browser", ["sync", "async"], indirect=True)
@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_a_whole_visit(
    browser: Browser, alice: Any, order: list[str], options: dict[str, Any]
) -> None:
    with override_settings(MIDDLEWARE=order, **options):
        browser = browser.another()
        assert browser.get("private/").status_code == 302

        browser.sign_in("alice")
        first = browser.key
        assert browser.get("private/").json()["session_user"]["user"] == "alice"
        browser.sign_in("alice")
        assert browser.key != first

        browser.expire()
        assert browser.get("private/").status_code == 302
        assert 'data-reason="idle"' in browser.get("/login").content.decode()
        assert "data-reason" not in browser.get("/login").content.decode()

        browser.sign_in("alice")
        assert browser.get("private/").status_code == 200
        assert browser.sign_out().status_code == 200
        assert browser.get("private/").status_code == 302
        assert "data-reason" not in browser.get("/login").content.decode()
