"""The session cookie is read strictly."""

from __future__ import annotations

from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from jenk import cookies, marker
from jenk.reasons import Reason
from tests.browsers import Browser
from tests.engines import OWN_ENGINE, Session, SessionStore

pytestmark = pytest.mark.table

KEY, OTHER = "a" * 32, "b" * 32


def request_with(header: str | None, host: str = "testserver") -> HttpRequest:
    extra = {} if header is None else {"HTTP_COOKIE": header}
    return RequestFactory().get("/", HTTP_HOST=host, **extra)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"sessionid={KEY}", [KEY]),
        (f"a=b; sessionid={KEY}; c=d", [KEY]),
        (f"a=b;\tsessionid={KEY}", [KEY]),
        (f"sessionid={KEY}; sessionid={KEY}", [KEY]),
        (f"sessionid={KEY}; sessionid={OTHER}", [KEY, OTHER]),
        (f'sessionid="{KEY}"', [KEY]),
        (f"\xa0sessionid={KEY}", []),
        (f"sessionid\x85={KEY}", []),
        (f"\x0bsessionid={KEY}", []),
        (f"SESSIONID={KEY}", []),
        (f"sessionid ={KEY}", [KEY]),
        (f"xsessionid={KEY}", []),
        ("sessionid=", []),
        ("sessionid", []),
        ("", []),
        (";;;=;==", []),
    ],
)
def test_the_name_is_compared_exactly(header: str, expected: list[str]) -> None:
    assert list(cookies.session_keys(request_with(header))) == expected


def test_a_value_that_code_put_in_counts() -> None:
    request = request_with("other=1")
    request.COOKIES["sessionid"] = KEY
    assert cookies.session_keys(request) == (KEY,)

    request = request_with(None)
    request.COOKIES["sessionid"] = KEY
    assert cookies.session_keys(request) == (KEY,)

    request = request_with(f"sessionid={OTHER}")
    request.COOKIES["sessionid"] = KEY
    assert cookies.session_keys(request) == (KEY,)


def test_a_cookie_that_code_took_away_is_gone() -> None:
    request = request_with(f"a=b; sessionid={KEY}")
    del request.COOKIES["sessionid"]

    assert cookies.session_keys(request) == ()


@override_settings(SESSION_COOKIE_NAME="__Host-sid")
@pytest.mark.parametrize("space", ["\xa0", "\x85", "\x1c", "\x0c"])
def test_a_prefix_cannot_be_faked_with_other_spaces(space: str) -> None:
    for header in (space, space.encode().decode("latin-1")):
        request = request_with(f"{header}__Host-sid={KEY}")
        assert cookies.session_keys(request) == ()

    assert request.COOKIES == {"__Host-sid": KEY}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.shop.example.com", [None, "www.shop.example.com", "shop.example.com", "example.com"]),
        ("example.com:8000", [None, "example.com"]),
        ("testserver", [None]),
        ("127.0.0.1", [None]),
        ("[::1]:8000", [None]),
    ],
)
@override_settings(ALLOWED_HOSTS=["*"])
def test_the_domains_a_cookie_may_come_from(host: str, expected: list[str | None]) -> None:
    assert cookies.domains(request_with(None, host)) == expected


@override_settings(SESSION_COOKIE_DOMAIN=".example.com")
def test_a_domain_that_is_set_is_the_only_other() -> None:
    assert cookies.domains(request_with(None)) == [None, ".example.com"]


def session_of(**data: Any) -> str:
    session = SessionStore()
    session.update(data)
    session.save()
    return str(session.session_key)


def send(browser: Browser, *keys: str) -> Any:
    """Send several cookies of one name, which a client's jar cannot hold.

    The empty last pair is for Django 5.2, whose AsyncClient adds its own header after a comma.
    """
    header = "; ".join(f"sessionid={key}" for key in keys) + ";"
    browser.client.cookies = SimpleCookie()
    return browser.get("plain/", headers={"Cookie": header})


def deletions(response: Any) -> list[str]:
    return [
        morsel.OutputString()
        for morsel in response.cookies.values()
        if morsel.key == "sessionid" and morsel["max-age"] == 0
    ]


@pytest.mark.django_db
def test_of_two_sessions_the_one_that_lives_counts(browser: Browser) -> None:
    live = session_of(cart=1)

    assert send(browser, live, OTHER).json()["keys"] == {"cart": 1}
    assert send(browser, OTHER, live).json()["keys"] == {"cart": 1}
    assert send(browser, "short", live).json()["keys"] == {"cart": 1}


@pytest.mark.django_db
@override_settings(JENK_ANONYMOUS_SESSIONS="on_write", SESSION_COOKIE_DOMAIN="example.com")
def test_of_two_that_live_none_counts_and_both_are_deleted(browser: Browser) -> None:
    response = send(browser, session_of(cart=1), session_of(cart=2))

    assert response.json()["keys"] == {}
    assert ["Domain=example.com" in line for line in deletions(response)] == [False, True]


@pytest.mark.django_db
@override_settings(SESSION_COOKIE_DOMAIN="example.com")
def test_a_visitor_with_two_that_live_gets_one_and_loses_the_planted(browser: Browser) -> None:
    response = send(browser, session_of(cart=1), session_of(cart=2))

    assert response.cookies["sessionid"].value == browser.key
    assert ["Domain=example.com" in line for line in deletions(response)] == [False]


@pytest.mark.django_db
@override_settings(SESSION_COOKIE_AGE=600)
def test_one_past_its_limits_does_not_live(browser: Browser) -> None:
    live = session_of(cart=1)
    dead = session_of(cart=2, _jenk={"last_activity": "2020-01-01T00:00:00+00:00"})
    if OWN_ENGINE:
        Session.objects.filter(pk=dead).update(last_activity=datetime(2020, 1, 1, tzinfo=UTC))

    assert send(browser, dead, live).json()["keys"] == {"cart": 1}


@pytest.mark.django_db
def test_a_crowd_of_cookies_is_no_crowd_of_queries(
    browser: Browser, django_assert_max_num_queries: Any
) -> None:
    live = session_of(cart=1)
    with (
        override_settings(JENK_ANONYMOUS_SESSIONS="on_write"),
        django_assert_max_num_queries(cookies.MOST_VALUES),
    ):
        response = send(browser, live, *(f"{number:0{len(live)}}" for number in range(500)))

    assert response.json()["keys"] == {}


def test_a_deleted_cookie_has_the_attributes_it_was_set_with() -> None:
    settings = {
        "SESSION_COOKIE_NAME": "__Host-sid",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "Strict",
    }
    with override_settings(**settings):
        response = HttpResponse()
        cookies.delete_session(request_with(None), response)
        cookies.delete_marker(request_with(None), response)

    lines = [morsel.OutputString() for morsel in response.cookies.values()]
    assert len(lines) == 2
    for line in lines:
        assert "Secure" in line
        assert "Path=/" in line
        assert "SameSite=Strict" in line
        assert "Domain" not in line


# --- The marker is read as strictly as the session's ----------------------------------------

TOLD = marker.write(marker.State.TOLD, Reason.IDLE)


@pytest.mark.parametrize(
    "header",
    [
        "\u00a0sessionid_seen=1",
        "\u3000sessionid_seen=1",
        "\x0bsessionid_seen=1",
        "SESSIONID_SEEN=1",
        f"sessionid_seen={TOLD}; sessionid_seen=1",
        f"sessionid_seen=1; sessionid_seen={TOLD}",
    ],
    ids=["nbsp", "ideographic", "vertical-tab", "capitals", "told-first", "told-last"],
)
def test_a_planted_marker_shuts_nobody_out(browser: Browser, db: None, header: str) -> None:
    for _ in range(3):
        response = browser.another().get("plain/", headers={"cookie": f"{as_sent(header)};"})
        assert response.status_code == 200


def as_sent(text: str) -> str:
    return text.encode().decode("latin-1")


@override_settings(SESSION_COOKIE_DOMAIN="testserver")
def test_of_several_markers_all_are_deleted(browser: Browser, db: None) -> None:
    header = f"sessionid_seen={TOLD}; sessionid_seen=1;"
    response = browser.get("plain/", headers={"cookie": header})
    deleted = [one for one in response.cookies.values() if one.key == "sessionid_seen"]

    assert {one["domain"] for one in deleted} == {"", "testserver"}
    assert {one["max-age"] for one in deleted} == {0}


@override_settings(SESSION_COOKIE_DOMAIN="testserver")
def test_signing_in_replaces_the_markers_of_other_hosts(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    header = f"sessionid={browser.key}; sessionid_seen={TOLD}; sessionid_seen=1;"
    response = browser.another().get("private/", headers={"cookie": header})
    sent = {one["domain"]: one.value for one in response.cookies.values() if "seen" in one.key}

    assert response.status_code == 200
    assert sent == {"": "", "testserver": "1"}


@pytest.mark.parametrize(
    ("middleware", "kept"),
    [
        ("jenk.middleware.SessionMiddleware", 900),
        ("django.contrib.sessions.middleware.SessionMiddleware", 1209600),
    ],
)
def test_the_marker_outlives_the_session_cookie_by_a_day(
    browser: Browser, alice: Any, settings: Any, middleware: str, kept: int
) -> None:
    ours = "jenk.middleware.SessionMiddleware"
    settings.JENK_PRESET = "pci"
    settings.MIDDLEWARE = [middleware if one == ours else one for one in settings.MIDDLEWARE]
    sent = browser.sign_in("alice").cookies

    assert sent["sessionid"]["max-age"] == kept
    assert sent["sessionid_seen"]["max-age"] == kept + 86400
