"""Signing in and out by the wrong method, from the wrong origin, or without a token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browsers import Browser
from tests.security.attacks import Attacker, keys, session_cookie, short
from website.models import User

pytestmark = pytest.mark.django_db

FORM = {"username": "alice", "password": "pw"}


def guarded(browser: Browser) -> Browser:
    """Return another browser, whose requests need a token."""
    return browser.another(enforce_csrf_checks=True)


def with_token(browser: Browser, **form: str) -> dict[str, str]:
    """Return a form as the sign-in page gives it out."""
    browser.get("/login")
    return form | {"csrfmiddlewaretoken": browser.cookie("csrftoken") or ""}


def signed_in(browser: Browser, **options: Any) -> Browser:
    """Return a browser that signed in with a token."""
    another = guarded(browser)
    form = with_token(another, **FORM)
    another.post("/login", form, **options)
    assert another.key
    return another


# --- H3, H4: methods ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete", "trace"])
def test_only_a_post_signs_out(
    attack: Attacker, browser: Browser, alice: User, method: str
) -> None:
    """H4: no link, image, prefetch or e-mail scanner does."""
    browser.sign_in("alice")
    key = browser.key

    response = attack(browser, method, "/logout")

    assert response.status_code == (200 if method == "options" else 405)
    assert browser.key == key
    assert attack(browser, "get", "private/").json()["user"] == "alice"


@pytest.mark.parametrize("method", ["get", "head", "options", "delete", "trace"])
def test_no_other_method_signs_in(
    attack: Attacker, browser: Browser, alice: User, method: str
) -> None:
    """H4: with the right password in the query."""
    response = attack(browser, method, "/login?username=alice&password=pw")

    assert response.status_code in {200, 405}
    assert keys() == set()
    assert not session_cookie(response)


@pytest.mark.parametrize("method", ["get", "post", "head"])
@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "POST"},
        {"X-HTTP-Method": "POST"},
        {"X-Method-Override": "POST", "X-Requested-With": "XMLHttpRequest"},
    ],
)
def test_a_method_override_is_nothing(
    attack: Attacker, either: Browser, alice: User, method: str, headers: dict[str, str]
) -> None:
    """H3"""
    victim = signed_in(either)

    response = attack(victim, method, "/logout?_method=POST", {"_method": "POST"}, headers=headers)

    assert response.status_code in {403, 405}
    assert attack(victim, "get", "private/").json()["user"] == "alice"


@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Fetch-Dest": "image"}, {"Purpose": "prefetch"}]
)
@pytest.mark.parametrize("path", ["/logout", "/login"])
def test_what_a_browser_fetches_by_itself_changes_nothing(
    attack: Attacker, browser: Browser, alice: User, headers: dict[str, str], path: str
) -> None:
    """H4"""
    browser.sign_in("alice")

    attack(browser, "get", path, headers=headers)

    assert attack(browser, "get", "private/").json()["user"] == "alice"


BODIES = [
    (json.dumps(FORM), "application/json"),
    (json.dumps(FORM), "text/plain"),
    ("username=alice&password=pw", "text/plain"),
    ("username=alice&password=pw", "application/xml"),
    ("username=alice&password=pw", ""),
    ("\x00\xff", "application/x-www-form-urlencoded"),
    ("--x\r\n\r\n", "multipart/form-data; boundary=x"),
    ("--x", "multipart/form-data"),
    ("a=b&" * 2000, "application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize(("body", "kind"), BODIES, ids=short)
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_body_of_another_type_needs_the_token_too(
    attack: Attacker, either: Browser, alice: User, body: str, kind: str, path: str
) -> None:
    """H3: neither with the check nor, for signing in, without it."""
    victim = signed_in(either)

    response = attack(victim, "post", path, body, content_type=kind)
    unchecked = attack(either.another(), "post", "/login", body, content_type=kind)

    assert response.status_code in {400, 403}
    assert unchecked.status_code in {200, 400}
    assert not session_cookie(unchecked)
    assert attack(victim, "get", "private/").json()["user"] == "alice"


# --- H2, H5: where the request comes from -------------------------------------------------

ORIGINS = [
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://sub.testserver"},
    {"Origin": "https://testserver.evil.example"},
    {"Origin": "http://testserver"},
    {"Origin": "https://testserver:444"},
    {"Origin": "\xff"},
    {"Referer": "https://evil.example/"},
    {"Referer": "http://testserver/"},
    {"Referer": "https://sub.testserver/"},
    {"Referer": "https://testserver@evil.example/"},
    {"Referer": ""},
    {"Referer": "\xff"},
    {},
]


@pytest.mark.parametrize("headers", ORIGINS, ids=short)
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_on_https_only_the_site_itself_signs_in_and_out(
    attack: Attacker, either: Browser, alice: User, headers: dict[str, str], path: str
) -> None:
    """H2, H5: with the right token, and the origin of somebody else or none."""
    own = {"Referer": "https://testserver/login"}
    victim = signed_in(either, secure=True, headers=own)
    key = victim.key
    form = FORM | {"csrfmiddlewaretoken": victim.cookie("csrftoken") or ""}

    response = attack(victim, "post", path, form, secure=True, headers=headers)

    assert response.status_code == 403
    assert victim.key == key
    assert attack(victim, "get", "private/", secure=True).json()["user"] == "alice"
    allowed = attack(victim, "post", path, form, secure=True, headers=own, new_rows=1)
    assert allowed.status_code in {200, 302}


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize(
    "token", [None, "", "x", "a" * 32, "a" * 64, "\x00" * 32, "a" * 9000], ids=short
)
def test_without_the_token_nobody_signs_in_or_out(
    attack: Attacker, either: Browser, alice: User, path: str, token: str | None
) -> None:
    """H5: login CSRF and logout CSRF."""
    victim = signed_in(either)
    key = victim.key
    form = FORM if token is None else FORM | {"csrfmiddlewaretoken": token}

    response = attack(victim, "post", path, form)

    assert response.status_code == 403
    assert victim.key == key
    assert attack(victim, "get", "private/").json()["user"] == "alice"


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_failed_check_is_no_use_of_the_session(
    attack: Attacker, browser: Browser, alice: User, path: str
) -> None:
    """H5 and STANDARDS 3.3 row 2: else a hostile page keeps a session alive."""
    victim = signed_in(browser)
    before = attack(victim, "get", "poll/").json()["session_user"]["last_activity"]
    victim.age(3600)
    aged = attack(victim, "get", "poll/").json()["session_user"]["last_activity"]

    assert attack(victim, "post", path, FORM).status_code == 403

    after = attack(victim, "get", "poll/").json()["session_user"]["last_activity"]
    assert after == aged < before


def test_a_failed_check_does_not_save_an_expired_session(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """H5"""
    victim = signed_in(browser)
    victim.expire("idle")

    assert attack(victim, "post", "/logout").status_code == 403
    assert keys() == set()


@pytest.mark.parametrize("use_sessions", [False, True])
def test_a_token_from_before_signing_in_or_out_is_refused(
    attack: Attacker, either: Browser, alice: User, settings: Any, use_sessions: bool
) -> None:
    """H5: sign-in changes the secret; with it in the session, sign-out does too."""
    settings.CSRF_USE_SESSIONS = use_sessions
    visitor = guarded(either)
    page = attack(visitor, "get", "/login", new_rows=1)
    early = FORM | {"csrfmiddlewaretoken": str(page.context["csrf_token"])}
    assert attack(visitor, "post", "/login", early, new_rows=1).status_code == 302

    assert attack(visitor, "post", "/logout", early).status_code == 403

    page = attack(visitor, "get", "x/token/")
    late = {"csrfmiddlewaretoken": page.text}
    assert attack(visitor, "post", "/logout", late).status_code == 200
    assert keys() == set()
    if use_sessions:
        assert attack(visitor, "post", "/login", FORM | late).status_code == 403


@pytest.mark.parametrize("use_sessions", [False, True])
def test_one_can_sign_in_right_after_the_session_expired(
    attack: Attacker, browser: Browser, alice: User, settings: Any, use_sessions: bool
) -> None:
    """H5: the page that says why also has a token that works."""
    settings.CSRF_USE_SESSIONS = use_sessions
    visitor = guarded(browser)
    page = attack(visitor, "get", "/login", new_rows=1)
    form = FORM | {"csrfmiddlewaretoken": str(page.context["csrf_token"])}
    attack(visitor, "post", "/login", form, new_rows=1)
    visitor.expire("idle")
    assert attack(visitor, "get", "private/").status_code == 302

    page = attack(visitor, "get", "/login", new_rows=1)
    assert "jenk-notice" in page.text
    form = FORM | {"csrfmiddlewaretoken": str(page.context["csrf_token"])}
    attack(visitor, "post", "/login", form, new_rows=1)

    assert attack(visitor, "get", "private/").json()["user"] == "alice"


# --- H6, H7 -------------------------------------------------------------------------------


def test_the_pages_to_sign_in_and_out_cannot_be_framed(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """H6"""
    pages = [attack(browser, "get", "/login"), attack(browser, "post", "/logout")]

    assert [page.headers["X-Frame-Options"] for page in pages] == ["DENY", "DENY"]


@pytest.mark.parametrize("path", ["/login", "/logout", "private/", "ajax/"])
def test_other_sites_get_no_permission(
    attack: Attacker, either: Browser, alice: User, path: str
) -> None:
    """H7: no CORS header, no JSONP."""
    either.sign_in("alice")
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-CSRFToken",
    }
    for method in ("options", "get"):
        response = attack(either, method, f"{path}?callback=steal", headers=headers)
        assert not [name for name in response.headers if name.startswith("Access-Control")]
        assert "steal" not in response.text.partition("(")[0]
