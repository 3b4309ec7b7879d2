"""Cookies, headers and paths that no browser sends."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.core.signing import TimestampSigner
from django.http import HttpResponse
from django.test import override_settings

from jenk import marker
from jenk.reasons import Reason
from tests.browsers import Browser, now
from tests.engines import OWN_ENGINE, name_of
from tests.security.attacks import Attacker, keys, raw_cookie, session_cookie, short
from website.models import User

pytestmark = pytest.mark.django_db

HOSTILE_VALUES = [
    b'"abcdefgh\\000ijk"',
    b'"' + b"\\000" * 32 + b'"',
    b"a" * 31 + b"\x00",
    b"a" * 32 + b"\x00",
    b"a" * 31,
    b"a" * 33,
    b"A" * 32,
    b"a" * 8192,
    b"../../../../etc/passwd",
    b"a" * 30 + b"/.",
    b"' OR '1'='1' --",
    b"%00" * 10,
    b"*",
    b"\xff\xfe" * 16,
    "é".encode() * 16,
    "\u0660".encode() * 32,
    b"a" * 31 + "\u0131".encode(),
    b'"',
    b'""',
    b'"a',
    b"=",
    b"=a",
    b"",
    b"\r\nSet-Cookie: a=b",
    b"\x1b[31m",
    b"{" * 500,
    b"__import__('os')",
]
WHITE_SPACE = {
    "no-break space, UTF-8": "\u00a0".encode(),
    "no-break space, Latin-1": b"\xa0",
    "en quad": "\u2000".encode(),
    "ideographic space": "\u3000".encode(),
    "next line, UTF-8": "\u0085".encode(),
    "next line, Latin-1": b"\x85",
    "line separator": "\u2028".encode(),
    "form feed": b"\x0c",
    "vertical tab": b"\x0b",
    "file separator": b"\x1c",
    "unit separator": b"\x1f",
    "zero-width space": "\u200b".encode(),
    "byte order mark": "\ufeff".encode(),
}


def signed_in(browser: Browser, username: str = "alice") -> str:
    """Return the key of a new signed-in session."""
    another = browser.another()
    another.sign_in(username)
    return another.key or ""


def who(attack: Attacker, browser: Browser, cookie: bytes | str) -> str:
    """Return who a browser with this Cookie header is."""
    response = attack(browser.another(), "get", "open/", headers=raw_cookie(cookie))
    return response.json()["user"]


# --- The session cookie -------------------------------------------------------------------


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=short)
def test_a_hostile_value_is_no_session(
    attack: Attacker, either: Browser, db: None, value: bytes
) -> None:
    """A, B1: nothing is looked up, nothing made, nothing said but that the cookie is to go."""
    cookie = b"sessionid=" + value
    for path, headers, status in (
        ("open/", {}, 200),
        ("private/", {}, 302),
        ("ajax/", {}, 401),
        ("plain/", {}, 200),
        ("/login", {}, 200),
        ("private/", {"HX-Request": "true"}, 401),
    ):
        sent = raw_cookie(cookie) | headers
        response = attack(either.another(), "get", path, headers=sent)
        assert response.status_code == status
        assert not session_cookie(response)


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=short)
def test_a_hostile_value_of_the_marker_is_no_marker(
    attack: Attacker, either: Browser, db: None, value: bytes
) -> None:
    """At worst a forged marker has its sender asked to sign in; this one does not even that."""
    response = attack(
        either.another(), "get", "plain/", headers=raw_cookie(b"sessionid_seen=" + value)
    )

    assert response.status_code == 200


def test_a_hostile_key_costs_no_statement(
    either: Browser, db: None, django_assert_num_queries: Any
) -> None:
    """S8 of the probe: PostgreSQL fails on a NUL, so it must not come so far."""
    for value in HOSTILE_VALUES:
        with django_assert_num_queries(0):
            either.another().get("open/", headers=raw_cookie(b"sessionid=" + value))


@pytest.mark.parametrize("name", [b"sessionid", b"__Host-sid", b"__Secure-sid"])
def test_a_name_in_other_white_space_is_another_name(
    attack: Attacker, either: Browser, alice: User, settings: Any, name: bytes
) -> None:
    """S9 of the probe: else a sibling host can plant what `__Host-` promises it cannot."""
    settings.SESSION_COOKIE_NAME = name.decode()
    settings.SESSION_COOKIE_SECURE = True
    key = signed_in(either).encode()
    found = {}
    for label, space in WHITE_SPACE.items():
        found[label] = {
            who(attack, either, space + name + b"=" + key),
            who(attack, either, name + space + b"=" + key),
            who(attack, either, b"a=b; " + space + name + b"=" + key + b"; c=d"),
        }

    assert found == {label: {""} for label in WHITE_SPACE}
    assert who(attack, either, b" \t" + name + b"\t = " + key) == "alice"


def test_a_name_in_other_white_space_takes_nothing_away(
    attack: Attacker, either: Browser, alice: User, bob: User
) -> None:
    """S9, S10: the planted one neither wins nor pushes the other out."""
    mine, planted = (signed_in(either, name).encode() for name in ("alice", "bob"))
    found = {}
    for label, space in WHITE_SPACE.items():
        padded = space + b"sessionid=" + planted
        found[label] = {
            who(attack, either, b"sessionid=" + mine + b"; " + padded),
            who(attack, either, padded + b"; sessionid=" + mine),
        }

    assert found == {label: {"alice"} for label in WHITE_SPACE}


@pytest.mark.parametrize(
    "name",
    [b"SESSIONID", b"Sessionid", b"sessionid[]", b"xsessionid", b"sessionid.", b"$sessionid"],
)
def test_a_similar_name_is_another_name(
    attack: Attacker, either: Browser, alice: User, name: bytes
) -> None:
    """A: prefix games."""
    assert who(attack, either, name + b"=" + signed_in(either).encode()) == ""


@pytest.mark.parametrize("domain", [None, "testserver"])
def test_of_several_session_cookies_the_one_live_one_counts(
    attack: Attacker, either: Browser, alice: User, settings: Any, domain: str | None
) -> None:
    """S10 of the probe: in whatever order they come."""
    settings.SESSION_COOKIE_DOMAIN = domain
    mine = signed_in(either)
    for other in ("x" * 32, "", "short", '"abcdefgh\\000ijk"', "é", mine):
        for pair in ((mine, other), (other, mine), (other, mine, other)):
            assert who(attack, either, "; ".join(f"sessionid={key}" for key in pair)) == "alice"


@pytest.mark.parametrize("domain", [None, "testserver"])
def test_of_two_live_sessions_none_counts(
    attack: Attacker, either: Browser, alice: User, bob: User, settings: Any, domain: str | None
) -> None:
    """S10: which of the two was planted is not to be known; both cookies go, both rows stay."""
    settings.SESSION_COOKIE_DOMAIN = domain
    mine, planted = signed_in(either), signed_in(either, "bob")
    for pair in ((mine, planted), (planted, mine)):
        cookie = raw_cookie("; ".join(f"sessionid={key}" for key in pair))
        response = attack(either.another(), "get", "open/", headers=cookie)
        assert response.json()["user"] == ""
        deleted = [m for m in response.cookies.values() if m.key == "sessionid"]
        assert {morsel.value for morsel in deleted} == {""}
        assert {morsel["domain"] for morsel in deleted} == {"", *([domain] if domain else [])}
    assert keys() == {name_of(mine), name_of(planted)}


@pytest.mark.parametrize("count", [6, 100, 1000])
def test_many_session_cookies_cost_few_statements(
    either: Browser, alice: User, django_assert_max_num_queries: Any, count: int
) -> None:
    """A: a browser sends a few of one name at most; the rest is an attack on the look-ups."""
    mine = signed_in(either)
    cookie = (
        "; ".join(f"sessionid={number:0{len(mine)}d}" for number in range(count))
        + f"; sessionid={mine}"
    )

    with django_assert_max_num_queries(6):
        response = either.another().get("open/", headers=raw_cookie(cookie))

    assert response.json()["user"] == ""


@pytest.mark.parametrize(
    "cookie",
    [
        b"; ".join(b"c%d=v" % number for number in range(1000)),
        b";" * 8000,
        b"=" * 8000,
        b"sessionid",
        b"sessionid;sessionid;",
        b"sessionid==;sessionid===",
        b",sessionid=a, sessionid=b",
        b"\x00\x01\x02\x7f=\x00",
        b"\xff" * 4000,
        "\u017fessionid=a".encode(),
        b'sessionid="a; sessionid=b"',
        b'a="; sessionid=' + b"a" * 32 + b'; b="',
        b"sessionid_seen=1; " * 400,
        b"csrftoken=" + b"a" * 8000,
        b"messages=" + b"x" * 4000,
        b"django_language=../../etc; sessionid=\x85",
    ],
    ids=short,
)
def test_a_hostile_cookie_header_is_no_error(
    attack: Attacker, either: Browser, db: None, cookie: bytes
) -> None:
    """A"""
    for path in ("open/", "plain/", "private/", "ajax/", "page/", "/login", "/none", "/admin/"):
        attack(either.another(), "get", path, headers=raw_cookie(cookie))
    attack(either.another(), "post", "/login", {"username": "x"}, headers=raw_cookie(cookie))
    attack(either.another(), "post", "/logout", headers=raw_cookie(cookie))

    assert keys() == set()


HOSTS = [
    *(
        "testserver",
        "testserver:8000",
        "localhost",
        "a.b.example.com",
        "example.com.",
        "EXAMPLE.com",
    ),
    *("[::1]", "[::1]:8000", "[::ffff:127.0.0.1]", "127.0.0.1", "1.2.3.4:5"),
]


@pytest.mark.parametrize("domain", [None, "example.com", ".example.com"])
def test_both_kinds_of_cookie_are_deleted_on_any_host(
    attack: Attacker, db: None, settings: Any, domain: str | None
) -> None:
    """A: SESSION_COOKIE_DOMAIN set and unset, on IPv6 too; AsyncClient cannot change its host."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SESSION_COOKIE_DOMAIN = domain
    cookie = f"sessionid={'a' * 32}; sessionid={'b' * 32}"
    for host in HOSTS:
        sent = {"cookie": cookie, "host": host}
        response = attack(Browser(asynchronous=False, views="sync"), "get", "open/", headers=sent)
        domains = [m["domain"] for m in response.cookies.values() if m.key == "sessionid"]
        assert "" in domains
        assert domain is None or domain in domains
        assert not [one for one in domains if set("[]:") & set(one)]


def test_a_long_host_name_is_not_answered_with_more_than_it_sent(
    attack: Attacker, db: None, settings: Any
) -> None:
    """A: one line a label is 16 MB for 8 KB, from anybody, where ALLOWED_HOSTS has a wildcard."""
    settings.ALLOWED_HOSTS = [".example.com"]
    host = f"{'a.' * 3900}example.com"
    sent = {"cookie": "sessionid=a; sessionid=b", "host": host}

    response = attack(Browser(asynchronous=False, views="sync"), "get", "open/", headers=sent)

    answered, asked = len(response.cookies.output()), len(host)
    assert answered < 2 * asked


@pytest.mark.parametrize("host", ["evil.example", "testserver:x", "[", "a b", "\xe9"])
def test_a_host_that_is_refused_makes_no_session(
    attack: Attacker, either: Browser, db: None, host: str
) -> None:
    """E7, B5: Django answers it before jenk has looked the session up."""
    for cookie in ("", f"sessionid={'a' * 32}", f"sessionid={'a' * 32}; sessionid={'b' * 32}"):
        header = raw_cookie(cookie) | {"host": host}
        response = attack(either.another(), "get", "open/", headers=header)
        assert response.status_code == 400
        assert not session_cookie(response)


def test_an_early_answer_makes_no_session_of_an_unknown_key(
    attack: Attacker, either: Browser, db: None, settings: Any
) -> None:
    """B5: as where a middleware refuses or redirects before jenk's others see the request."""
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:2],
        "tests.security.test_hostile_input.answer_at_once",
        *settings.MIDDLEWARE[2:],
    ]
    response = attack(either.another(), "get", "open/", headers=raw_cookie(f"sessionid={'a' * 32}"))

    assert response.status_code == 418
    assert not session_cookie(response)


def answer_at_once(get_response: Any) -> Any:
    return lambda request: HttpResponse(status=418)


# --- The marker ---------------------------------------------------------------------------


def forged() -> list[str]:
    other_salt = TimestampSigner(salt="django.core.signing")
    other_key = TimestampSigner(key="of another site", salt="jenk.marker")
    own = marker.signer()
    with time_machine.travel(now() - timedelta(minutes=5, seconds=1), tick=False):
        told_long_ago = marker.write(marker.State.TOLD, Reason.DISABLED)
    with time_machine.travel(now() - timedelta(days=1, seconds=1), tick=False):
        old = marker.write(marker.State.UNTOLD, Reason.DISABLED)
    return [
        *("0", "2", "11", "true", "untold", "untold.idle", "told.idle", "1.idle"),
        other_salt.sign("untold.idle"),
        other_key.sign("untold.idle"),
        own.sign("untold.no-reason"),
        own.sign("signed.idle"),
        own.sign("signed_in.idle"),
        own.sign("absent.idle"),
        own.sign("untold"),
        own.sign(""),
        own.sign("."),
        own.sign("untold.<script>alert(1)</script>"),
        marker.write(marker.State.UNTOLD, Reason.IDLE)[:-1],
        f"{marker.write(marker.State.UNTOLD, Reason.IDLE)}x",
        told_long_ago,
        old,
    ]


def test_a_forged_or_expired_marker_says_nothing(
    attack: Attacker, either: Browser, db: None
) -> None:
    """No state, no notice, and it is taken away."""
    for value in forged():
        for path, status in (("plain/", 200), ("open/", 200), ("/login", 200)):
            response = attack(
                either.another(), "get", path, headers=raw_cookie(f"sessionid_seen={value}")
            )
            assert response.status_code == status
            assert "jenk-notice" not in response.text
            assert response.cookies["sessionid_seen"].value == ""


@pytest.mark.parametrize("value", ["1", "untold", "told", "forged"])
def test_no_marker_signs_anybody_in_or_out(
    attack: Attacker, either: Browser, alice: User, value: str
) -> None:
    if value in {"untold", "told"}:
        value = marker.write(marker.State(value), Reason.ENDED_BY_ADMIN)
    key = signed_in(either)
    cookie = raw_cookie(f"sessionid={key}; sessionid_seen={value}")

    visitor = attack(
        either.another(), "get", "private/", headers=raw_cookie(f"sessionid_seen={value}")
    )
    user = attack(either.another(), "get", "private/", headers=cookie)
    page = attack(either.another(), "get", "/login", headers=cookie)

    assert visitor.status_code == 302
    assert user.json()["user"] == "alice"
    assert "jenk-notice" not in page.text


@pytest.mark.parametrize("value", ["1", "untold"])
@pytest.mark.parametrize("path", ["plain/", "private/", "/login", "open/", "page/", "protected/"])
def test_a_browser_that_keeps_sending_one_marker_gets_into_no_loop(
    attack: Attacker, browser: Browser, db: None, value: str, path: str
) -> None:
    """As where a sibling host planted it, and nothing that we send replaces it."""
    if value == "untold":
        value = marker.write(marker.State.UNTOLD, Reason.IDLE)
    followed = 0
    path = path if path.startswith("/") else browser.path(path)
    response = attack(browser.another(), "get", path, headers=raw_cookie(f"sessionid_seen={value}"))
    while response.status_code == 302 and followed < 5:
        followed += 1
        response = attack(
            browser.another(), "get", response.url, headers=raw_cookie(f"sessionid_seen={value}")
        )

    assert (response.status_code, followed <= 1) == (200, True)


@pytest.mark.parametrize("prefix", ["", "/app"])
def test_a_sign_in_page_that_is_no_login_view_can_be_posted_to_after_the_end(
    attack: Attacker, browser: Browser, db: None, settings: Any, prefix: str
) -> None:
    """N9: LOGIN_URL is public under a script name too, or the first try to sign in is lost."""
    settings.LOGIN_URL = "custom-login"
    settings.FORCE_SCRIPT_NAME = prefix or None
    browser.set_cookie("sessionid_seen", "1")

    assert attack(browser, "post", "/custom-login").status_code == 200
    assert attack(browser, "get", "/custom-login").status_code == 200


def test_the_reason_is_shown_once_and_not_to_what_shows_nothing(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """A HEAD, a prefetch that is thrown away and a failed page do not use it up."""
    browser.sign_in("alice")
    browser.expire("idle")
    assert attack(browser, "get", "plain/").status_code == 302

    attack(browser, "head", "/login")
    shown = ["jenk-notice" in attack(browser, "get", "/login").text for _ in range(2)]

    assert shown == [True, False]


def test_a_replayed_marker_does_no_harm(attack: Attacker, browser: Browser, alice: User) -> None:
    """Its sender reads one more time what they know."""
    browser.sign_in("alice")
    browser.expire("idle")
    attack(browser, "get", "plain/")
    kept = browser.marker or ""
    attack(browser, "get", "/login")
    browser.sign_in("alice")
    browser.set_cookie("sessionid_seen", kept)

    assert attack(browser, "get", "private/").json()["user"] == "alice"
    assert "jenk-notice" not in attack(browser, "get", "/login").text
    assert browser.marker == "1"


def test_the_markers_of_two_tabs_tell_the_reason_once(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """Both tabs were refused before either read the page."""
    browser.sign_in("alice")
    browser.expire("idle")
    first, second = (attack(browser, "get", "plain/"), attack(browser, "get", "plain/"))

    assert (first.status_code, second.status_code) == (302, 200)
    shown = ["jenk-notice" in attack(browser, "get", "/login").text for _ in range(2)]
    assert shown == [True, False]


def test_signing_out_says_nothing_of_an_end(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    assert attack(browser, "post", "/logout").status_code == 200

    assert browser.marker in {None, ""}
    assert attack(browser, "get", "plain/").status_code == 200
    assert "jenk-notice" not in attack(browser, "get", "/login").text


# --- Headers (group E, as far as it is about what exists) ----------------------------------

HOSTILE_HEADERS: list[dict[str, str]] = [
    {"User-Agent": ""},
    {"User-Agent": "x" * 8192},
    {"User-Agent": "<script>alert(1)</script>\x1b[31m{{7*7}}%0d%0a"},
    {"User-Agent": "\xff\xfe"},
    {"User-Agent": "=HYPERLINK(1)"},
    {"X-Forwarded-For": "unknown, 1.2.3.4:5678, [::1]:443, fe80::1%<svg onload=alert(1)>"},
    {"X-Forwarded-For": "1.2.3.4," * 1000},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    {"Forwarded": "for=unknown;host=evil.example"},
    {"Accept": "application/json;q=" + "9" * 4000},
    {"Accept": "application/json;q=nan, text/html;q=inf"},
    {"Accept": ",;=," * 2000},
    {"Accept": "*/*;q=-1, application/json;q=1e400"},
    {"Accept": "\xff\xfe/\x00"},
    {"Accept": "application/json;q=\u0663".encode().decode("latin-1")},
    {"Accept": ("application/json;" + "a=b;" * 2000)},
    {"Accept-Language": "../../etc/passwd, " + "x" * 8000},
    {"Sec-CH-UA": '"' * 8000},
    {"Referer": "javascript:alert(1)"},
    {"Referer": "http://testserver/?sessionid=x" + "y" * 8000},
    {"Sec-Fetch-Mode": "\xff", "Sec-Fetch-Dest": "x" * 8000},
    {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"},
    {"Sec-Purpose": "\xa0" * 4000},
    {"Authorization": "Basic \xff\xfe" + "=" * 4000},
    {"Authorization": ""},
    {"HX-Request": "", "HX-Current-URL": "\x00"},
    {"X-Requested-With": "\xff" * 4000},
    {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT"},
    {"Content-Type": "multipart/form-data; boundary=\xff"},
    {"Content-Length": "x"},
    {"Origin": "null"},
    {"If-None-Match": '"' * 4000, "If-Modified-Since": "x" * 4000, "Range": "bytes=-1"},
]


@pytest.mark.parametrize("headers", HOSTILE_HEADERS, ids=short)
def test_hostile_headers_are_no_error(
    attack: Attacker, either: Browser, alice: User, headers: dict[str, str]
) -> None:
    """E1-E4, E7, E8: to a visitor, to a user, and after the end of a session."""
    length = {} if either.asynchronous and "Content-Length" in headers else headers
    for path in ("open/", "plain/", "private/", "ajax/", "/login"):
        attack(either.another(), "get", path, headers=length)
    either.sign_in("alice")
    assert attack(either, "get", "private/", headers=length).json()["user"] == "alice"
    either.expire("idle")
    assert attack(either, "get", "plain/", headers=length).status_code in {200, 302, 401}
    assert attack(either, "get", "private/", headers=length).status_code in {302, 401}


@pytest.mark.parametrize("headers", [{"Authorization": "Token x"}, {"Sec-Purpose": "prefetch"}])
def test_no_header_saves_an_expired_session(
    attack: Attacker, browser: Browser, alice: User, headers: dict[str, str]
) -> None:
    """N9: what spares a request the refusal does not spare the session its end."""
    browser.sign_in("alice")
    key = browser.key
    browser.expire("idle")

    response = attack(browser, "get", "open/", headers=headers)

    assert response.json()["user"] == ""
    assert key not in keys()
    assert attack(browser, "get", "private/", headers=headers).status_code == 302


# --- Paths (N9) ----------------------------------------------------------------------------

SPELLINGS = [
    "private",
    "private/",
    "//{s}/private/",
    "/{s}//private/",
    "/{s}/./private/",
    "/{s}/open/../private/",
    "/{s}/%70rivate/",
    "/{s}/private%2f",
    "/{s}/private/%2e",
    "/{s}/PRIVATE/",
    "/{s}/private/;x",
    "/{s}/private;x/",
    "/{s}/private/?login",
    "/{s}/private/?next=/login",
    "/{s}/private/#/login",
    "/{s}/private/%00",
    "/{s}/private/%ff",
    "/{s}/private/%0a",
    "/{s}/private/.json",
    "/static/../{s}/private/",
    "/static/%2e%2e/{s}/private/",
    "/login/../{s}/private/",
    "/login%2f..%2f{s}/private/",
    "/en-us/hello/",
    "/EN-US/hello/",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_path_dodges_the_end_of_a_session(
    attack: Attacker, browser: Browser, alice: User, spelling: str
) -> None:
    """N9: views are judged by what the URL resolved to."""
    browser.sign_in("alice")
    key = browser.key
    browser.expire("idle")

    response = attack(browser, "get", spelling.format(s=browser.views))

    assert response.status_code in {301, 302, 400, 404}
    assert "alice" not in response.text
    assert key not in keys()


@pytest.mark.parametrize("setting", ["JENK_PUBLIC_VIEWS", "JENK_PASSIVE_VIEWS"])
@pytest.mark.parametrize(
    "path", ["plain/?x=/open/", "plain/?sync:open", "plain/;open/", "plain/%2e"]
)
def test_the_lists_of_views_go_by_the_view(
    attack: Attacker, browser: Browser, alice: User, settings: Any, setting: str, path: str
) -> None:
    """N9: `sync:open` is not what a path, a query or a fragment says."""
    setattr(settings, setting, ("sync:open", "async:open"))
    browser.sign_in("alice")
    browser.age(3600)
    attack(browser, "get", path)
    browser.expire("idle")

    assert attack(browser, "get", path).status_code in {302, 404}
    assert not keys()


# --- Raw ASGI -----------------------------------------------------------------------------


async def over_asgi(scope: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    body = iter([{"type": "http.request", "body": b""}])

    async def receive() -> dict[str, Any]:
        return next(body, None) or await asyncio.Future()  # then wait, as for a disconnect

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await ASGIHandler()(scope, receive, send)
    return sent


@pytest.fixture
def _keep_connections() -> Any:
    """Have a handler of one's own leave the connection of the test open, as the clients do."""
    from django.core import signals  # noqa: PLC0415 - needs the settings
    from django.db import close_old_connections  # noqa: PLC0415

    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_keep_connections")
@pytest.mark.parametrize(
    ("changes", "statuses"),
    [
        ({"headers": [(b"cookie", b"sessionid=\xff\x00\r\n")]}, {200}),
        ({"headers": [(b"cookie", b"sessionid=a"), (b"cookie", b"sessionid=b")]}, {200}),
        ({"headers": [(b"Cookie", b"a" * 65536)]}, {200}),
        ({"headers": [(b"\xff\xfe", b"\xff"), (b"", b""), (b"x:y", b"\r\n")]}, {200}),
        ({"headers": [(b"accept", b"\xff" * 9000), (b"hx-current-url", b"\xff\r\n")]}, {200}),
        ({"query_string": b"\xff\xfe"}, {200, 400}),
        ({"query_string": b"%ff=%00&" * 900}, {200}),
        ({"path": "/async/open/\x00\r\n"}, {404}),
        ({"root_path": "/async", "path": "/async/async/open/"}, {200}),
        ({"method": "\r\nX"}, {403}),
        ({"client": None}, {200}),
        ({"server": None}, {200, 400}),
        ({"scheme": "javascript"}, {200}),
    ],
    ids=short,
)
def test_broken_bytes_over_asgi_are_no_error(
    db: None, changes: dict[str, Any], statuses: set[int]
) -> None:
    """A: sent past what a test client would put right."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/async/open/",
        "query_string": b"",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 1),
    } | changes
    scope["headers"] = [(b"host", b"testserver"), *scope.get("headers", [])]

    sent = async_to_sync(over_asgi)(scope)

    assert sent[0]["status"] in statuses
    assert not keys()


# --- Values that come back ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["user", "user_id", "user_role", "login_time", "last_activity"])
def test_what_code_writes_into_the_eight_keys_lets_nobody_in(
    attack: Attacker, browser: Browser, alice: User, name: str
) -> None:
    """N8: they are copies, and no decorator asks them."""
    attack(browser, "get", f"write/?{name}=3&_jenk=x", new_rows=1)
    assert attack(browser, "get", "private/").status_code == 302
    assert attack(browser, "get", "managers-ajax/").status_code == 401

    browser.sign_in("alice")
    attack(browser, "get", f"write/?{name}=3&user_role=3")
    assert attack(browser, "get", "managers-ajax/").status_code == 403
    assert attack(browser, "get", "protected-managers/").status_code == 403


def test_the_answers_to_the_same_attack_are_the_same(
    attack: Attacker, either: Browser, alice: User
) -> None:
    """Whether a key was ever one is not told: unknown, misshapen and ended look alike."""
    ended = signed_in(either)
    another = either.another()
    another.set_cookie("sessionid", ended)
    another.sign_out()
    seen: Counter[str] = Counter()
    for key in (ended, "u" * 32, "short", '"\\000"'):
        response = attack(either.another(), "get", "ajax/", headers=raw_cookie(f"sessionid={key}"))
        seen[json.dumps([response.status_code, response.json()])] += 1

    # An engine of jenk's tells whoever brings an ended key that it was ended.
    assert list(seen.values()) == ([1, 3] if OWN_ENGINE else [4])


@override_settings(JENK_REASON_MESSAGE=True)
def test_a_reason_as_a_message_is_no_error_for_any_cookie(
    attack: Attacker, either: Browser, db: None
) -> None:
    """Where messages carry the reason."""
    for value in ("1", *forged()):
        cookie = raw_cookie(f'sessionid_seen={value}; messages="\\000"; sessionid=x')
        assert attack(either.another(), "get", "/login", headers=cookie).status_code == 200
