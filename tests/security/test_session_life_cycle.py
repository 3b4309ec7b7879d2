"""The key of a session: planted, renewed, replayed, and where a request breaks half-way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from tests.browsers import Browser
from tests.engines import OWN_ENGINE, Session, name_of, rewrite
from tests.security.attacks import Attacker, keys, raw_cookie, session_cookie, short
from website.models import User

pytestmark = pytest.mark.django_db

UNKNOWN = "u" * 32


def replay(attack: Attacker, browser: Browser, key: str) -> str:
    """Return who a browser that sends nothing but this key is."""
    response = attack(browser.another(), "get", "open/", headers=raw_cookie(f"sessionid={key}"))
    return response.json()["user"]


def signed_in(browser: Browser, username: str = "alice") -> Browser:
    browser.sign_in(username)
    return browser


# --- B1: fixation -------------------------------------------------------------------------


def anonymous_key(attack: Attacker, browser: Browser) -> str:
    attack(browser, "get", "write/?planted=1", new_rows=1)
    return browser.key or ""


def unknown_key(attack: Attacker, browser: Browser) -> str:
    return UNKNOWN


def ended_key(attack: Attacker, browser: Browser) -> str:
    signed_in(browser, "bob")
    key = browser.key or ""
    browser.sign_out()
    return key


def key_of_the_attacker(attack: Attacker, browser: Browser) -> str:
    return signed_in(browser, "bob").key or ""


PLANTED = [anonymous_key, unknown_key, ended_key, key_of_the_attacker]


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_key_is_not_the_one_that_signs_in(
    attack: Attacker, browser: Browser, alice: User, bob: User, planted: Any
) -> None:
    """B1"""
    key = planted(attack, browser.another())
    victim = browser.another()
    victim.set_cookie("sessionid", key)

    attack(victim, "post", "/login", {"username": "alice", "password": "pw"}, new_rows=1)

    assert victim.key not in {key, None}
    assert replay(attack, browser, key) in {"", "bob"}
    assert attack(victim, "get", "private/").json()["user"] == "alice"


def test_the_attackers_own_session_is_not_linked_to_the_victim(
    attack: Attacker, browser: Browser, alice: User, bob: User
) -> None:
    """B1, B9"""
    thief = signed_in(browser.another(), "bob")
    thief.get("write/?trap=1")
    victim = browser.another()
    victim.set_cookie("sessionid", thief.key or "")

    attack(victim, "post", "/login", {"username": "alice", "password": "pw"}, new_rows=1)

    assert "trap" not in attack(victim, "get", "private/").json()["keys"]
    assert replay(attack, browser, thief.key or "") == ""


@pytest.mark.parametrize(
    ("method", "path", "data", "headers"),
    [
        ("get", "private/?sessionid={key}", {}, {}),
        ("get", "private/?session_key={key}&PHPSESSID={key}", {}, {}),
        ("get", "private/;sessionid={key}", {}, {}),
        ("post", "private/", {"sessionid": "{key}"}, {}),
        ("get", "private/", {}, {"sessionid": "{key}"}),
        ("get", "private/", {}, {"X-Session-Id": "{key}", "X-Session-Token": "{key}"}),
        ("get", "private/", {}, {"Authorization": "Session {key}"}),
        ("get", "private/", {}, {"Authorization": "Bearer {key}"}),
    ],
)
def test_a_key_counts_in_the_cookie_alone(
    browser: Browser, alice: User, method: str, path: str, data: Any, headers: Any
) -> None:
    """B1: in GET, POST or a header it is nothing."""
    key = signed_in(browser.another()).key or ""
    data = {name: value.format(key=key) for name, value in data.items()}
    headers = {name: value.format(key=key) for name, value in headers.items()}
    before = keys()

    response = browser.request(method, path.format(key=key), data, headers=headers)

    assert response.status_code in {302, 404}
    assert keys() == before
    assert session_cookie(response) is None


# --- B2: what renews the key --------------------------------------------------------------


@pytest.mark.parametrize(
    "renew",
    [
        lambda attack, browser: attack(
            browser, "post", "/login", {"username": "alice", "password": "pw"}, new_rows=1
        ),
        lambda attack, browser: attack(browser, "get", "x/enter/alice/", new_rows=1),
        lambda attack, browser: attack(browser, "get", "x/change_password/", new_rows=1),
        lambda attack, browser: attack(browser, "get", "rotate/", new_rows=1),
        lambda attack, browser: attack(browser, "get", "x/enter/bob/", new_rows=1),
    ],
    ids=["same user again", "same user by code", "password change", "rotate", "other user by code"],
)
def test_what_changes_rights_changes_the_key(
    attack: Attacker, browser: Browser, alice: User, bob: User, renew: Any
) -> None:
    """B2: and the old key is refused."""
    signed_in(browser)
    old = browser.key or ""

    renew(attack, browser)

    assert browser.key not in {None, old}
    assert replay(attack, browser, old) == ""
    assert not Session.objects.filter(pk=old).exists()


def test_impersonation_changes_the_key_when_it_starts_and_when_it_stops(
    attack: Attacker, browser: Browser, alice: User, bob: User
) -> None:
    """B2, B9"""
    signed_in(browser)
    browser.get("write/?note=private")
    used = [browser.key]
    for username in ("bob", "alice"):
        attack(browser, "get", f"x/enter/{username}/", new_rows=1)
        facts = attack(browser, "get", "private/").json()
        assert facts["user"] == facts["keys"]["user"] == username
        assert "note" not in facts["keys"]
        used.append(browser.key)

    assert len(set(used)) == 3
    assert [replay(attack, browser, key or "") for key in used[:2]] == ["", ""]


@pytest.mark.parametrize("again", ["alice", "bob"])
def test_signing_in_again_changes_the_csrf_secret(
    attack: Attacker, browser: Browser, alice: User, bob: User, again: str
) -> None:
    """B2"""
    signed_in(browser)
    browser.get("/login")
    before = browser.cookie("csrftoken")

    attack(browser, "post", "/login", {"username": again, "password": "pw"}, new_rows=1)

    assert browser.cookie("csrftoken") not in {None, before}


# --- B3: a failed sign-in -----------------------------------------------------------------

FAILED = [
    {"username": "alice", "password": "wrong"},
    {"username": "nobody", "password": "pw"},
    {"username": "", "password": ""},
    {"username": "alice\x00", "password": "pw"},
    {"username": "alice" * 1000, "password": "pw"},
    {"username": "<script>alert(1)</script>", "password": "\r\nSet-Cookie: a=b"},
    {},
]


@pytest.mark.parametrize("form", FAILED)
def test_a_failed_sign_in_changes_nothing(
    attack: Attacker, either: Browser, alice: User, form: dict[str, str]
) -> None:
    """B3"""
    either.get("write/?cart=3")
    key = either.key

    response = attack(either, "post", "/login", form)

    assert response.status_code == 200
    assert either.key == key
    assert either.marker is None
    assert attack(either, "get", "open/").json()["keys"] == {"cart": "3"}


def test_a_failed_sign_in_of_a_stranger_leaves_no_session(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """B3"""
    for form in FAILED:
        assert session_cookie(attack(browser, "post", "/login", form)) is None

    assert keys() == set()


def test_wrong_unknown_and_disabled_give_one_and_the_same_page(
    attack: Attacker, browser: Browser, alice: User, bob: User
) -> None:
    """S17 of the probe, which must not break"""
    User.objects.filter(pk=bob.pk).update(is_active=False)
    pages = set()
    for username, password in (("alice", "wrong"), ("nobody", "pw"), ("bob", "pw")):
        form = {"username": username, "password": password}
        page = attack(browser.another(), "post", "/login", form).text
        pages.add(page.replace(username, "USERNAME").partition("csrfmiddlewaretoken")[0])

    assert len(pages) == 1


# --- B4: replay ---------------------------------------------------------------------------


def by_signing_out(attack: Attacker, browser: Browser) -> None:
    attack(browser, "post", "/logout")


def by_code(attack: Attacker, browser: Browser) -> None:
    attack(browser, "get", "flush/")


def by_djangos_logout(attack: Attacker, browser: Browser) -> None:
    attack(browser, "get", "leave/")


def by_another_sign_in(attack: Attacker, browser: Browser) -> None:
    attack(browser, "post", "/login", {"username": "bob", "password": "pw"}, new_rows=1)


def by_the_idle_limit(attack: Attacker, browser: Browser) -> None:
    browser.expire("idle")
    assert attack(browser, "get", "plain/").status_code == 302


def by_the_absolute_limit(attack: Attacker, browser: Browser) -> None:
    with override_settings(JENK_ABSOLUTE_TIMEOUT=60):
        browser.expire("absolute")
        assert attack(browser, "get", "plain/").status_code == 302


def by_a_new_password(attack: Attacker, browser: Browser) -> None:
    alice = User.objects.get(username="alice")
    alice.set_password("another")
    alice.save()


def by_disabling(attack: Attacker, browser: Browser) -> None:
    User.objects.filter(username="alice").update(is_active=False)


def by_disabling_for_a_while(attack: Attacker, browser: Browser) -> None:
    by_disabling(attack, browser)
    assert attack(browser, "get", "plain/").status_code == 302
    User.objects.filter(username="alice").update(is_active=True)


def by_deleting(attack: Attacker, browser: Browser) -> None:
    User.objects.filter(username="alice").delete()


def by_deleting_and_making_again(attack: Attacker, browser: Browser) -> None:
    pk = User.objects.get(username="alice").pk
    by_deleting(attack, browser)
    User.objects.create_user("alice", "alice@example.com", "pw", pk=pk)


def by_deleting_and_copying_back(attack: Attacker, browser: Browser) -> None:
    """Even the very same row, password hash and all, once its absence was seen."""
    alice = User.objects.get(username="alice")
    pk = alice.pk
    by_deleting(attack, browser)
    assert attack(browser, "get", "plain/").status_code == 302
    alice.pk = pk
    alice.save(force_insert=True)


def by_changing_the_row_elsewhere(attack: Attacker, browser: Browser) -> None:
    Session.objects.filter(pk=browser.key).delete()


ENDINGS = [
    by_signing_out,
    by_code,
    by_djangos_logout,
    by_another_sign_in,
    by_the_idle_limit,
    by_the_absolute_limit,
    by_a_new_password,
    by_disabling,
    by_disabling_for_a_while,
    by_deleting,
    by_deleting_and_making_again,
    by_deleting_and_copying_back,
    by_changing_the_row_elsewhere,
]


@pytest.mark.parametrize("end", ENDINGS)
def test_an_ended_session_is_refused_for_ever(
    attack: Attacker, browser: Browser, alice: User, bob: User, end: Any
) -> None:
    """B4"""
    signed_in(browser)
    key = browser.key or ""

    end(attack, browser)

    for _ in range(3):
        assert replay(attack, browser, key) == ""
    for path, headers, status in (
        ("private/", {}, 302),
        ("ajax/", {}, 401),
        ("protected/", {}, 302),
        ("private/", {"X-Requested-With": "XMLHttpRequest"}, 401),
    ):
        sent = raw_cookie(f"sessionid={key}; sessionid_seen=1") | headers
        response = attack(browser.another(), "get", path, headers=sent)
        assert response.status_code == status
    assert not Session.objects.filter(pk=key).exists()


# --- B5: signing out without a session ----------------------------------------------------


@pytest.mark.parametrize("path", ["/logout", "leave/", "flush/"])
@pytest.mark.parametrize("cookie", ["", "sessionid={}", "sessionid={}; sessionid_seen=1"])
def test_a_thousand_sign_outs_of_nobody_make_no_session(
    browser: Browser, db: None, path: str, cookie: str
) -> None:
    """B5 (CVE-2015-5963, CVE-2015-5964)"""
    method = "post" if path == "/logout" else "get"
    statuses = set()
    for number in range(21):  # times 12 sets of parameters, times 4 kinds of browser
        header = raw_cookie(cookie.format(f"{number:032d}"))
        response = browser.another().request(method, path, headers=header)
        statuses.add(response.status_code)
        assert not session_cookie(response)

    assert statuses <= {200, 302}
    assert keys() == set()


def test_signing_out_twice_is_no_error(attack: Attacker, browser: Browser, alice: User) -> None:
    """B5"""
    signed_in(browser)
    key = browser.key or ""

    statuses = [attack(browser, "post", "/logout").status_code for _ in range(2)]
    browser.set_cookie("sessionid", key)
    statuses.append(attack(browser, "post", "/logout").status_code)

    assert statuses == [200, 200, 200]
    assert keys() == set()


def test_signing_out_of_an_expired_session_is_no_error(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """B5"""
    signed_in(browser)
    browser.expire("idle")

    assert attack(browser, "post", "/logout").status_code == 200
    assert keys() == set()
    assert browser.key in {"", None}


# --- B6: a view that fails after it changed the session -----------------------------------


def agreement(attack: Attacker, browser: Browser) -> str:
    """Return who the browser still is, after checking that its key is one that exists."""
    assert not browser.key or name_of(browser.key) in keys()
    return attack(browser, "get", "open/").json()["user"]


@pytest.mark.parametrize("view", ["enter_and_raise", "enter_and_roll_back"])
def test_a_sign_in_that_fails_leaves_a_visitor(
    attack: Attacker, browser: Browser, alice: User, view: str
) -> None:
    """B6: cookie and row agree, and what the visitor had is kept."""
    browser.get("write/?cart=3")

    attack(browser, "get", f"x/{view}/alice/", error=True, new_rows=1)

    # An engine of jenk's has stored the sign-in, unless that was rolled back.
    stays = OWN_ENGINE and view == "enter_and_raise"
    assert agreement(attack, browser) == ("alice" if stays else "")
    assert attack(browser, "get", "open/").json()["keys"]["cart"] == "3"
    assert len(keys()) == 1


@pytest.mark.parametrize("view", ["enter_and_raise", "enter_and_roll_back"])
def test_a_second_sign_in_that_fails_leaves_one_usable_session(
    attack: Attacker, browser: Browser, alice: User, view: str
) -> None:
    """B6"""
    signed_in(browser)

    attack(browser, "get", f"x/{view}/alice/", error=True, new_rows=1)

    assert agreement(attack, browser) == "alice"
    assert len(keys()) == 1


def test_a_failed_switch_of_users_leaves_nobody(
    attack: Attacker, browser: Browser, alice: User, bob: User
) -> None:
    """B6, B9"""
    signed_in(browser)
    key = browser.key or ""

    attack(browser, "get", "x/enter_and_raise/bob/", error=True, new_rows=1)

    assert agreement(attack, browser) == ("bob" if OWN_ENGINE else "")
    assert replay(attack, browser, key) == ""


@pytest.mark.parametrize("view", ["rotate_and_fail", "rotate_and_roll_back", "fail"])
def test_a_failure_signs_nobody_out(
    attack: Attacker, browser: Browser, alice: User, view: str
) -> None:
    """B6"""
    signed_in(browser)

    attack(browser, "get", f"x/{view}/", error=True, new_rows=1)

    assert agreement(attack, browser) == "alice"
    assert len(keys()) == 1


def test_a_rolled_back_rotation_signs_nobody_out_where_a_cache_is_in_front(
    browser: Browser, alice: User, settings: Any
) -> None:
    """B6: no transaction takes back what `cached_db` has written to its cache."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    browser.sign_in("alice")
    browser.client.raise_request_exception = False

    assert browser.get("x/rotate_and_roll_back/").status_code == 500

    assert [browser.get("private/").status_code for _ in range(2)] == [200, 200]


def test_a_failure_after_a_rotation_in_atomic_requests_signs_nobody_out(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """B6: the transaction takes the new row back, so the browser must keep the old key."""
    if browser.views == "async":
        pytest.skip("Django has no ATOMIC_REQUESTS for async views")
    from django.db import connection  # noqa: PLC0415 - of this test's thread

    signed_in(browser)
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        attack(browser, "get", "x/rotate_and_fail/", error=True, new_rows=1)
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False

    assert agreement(attack, browser) == "alice"


def test_a_sign_out_that_is_rolled_back_does_not_leave_a_key_nobody_has(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """B4, B6: either the user is still signed in, or the key is dead."""
    signed_in(browser)
    key = browser.key or ""

    attack(browser, "get", "x/sign_out_and_roll_back/", error=True)

    forgotten = not browser.key
    assert replay(attack, browser, key) == ("" if forgotten else "alice")


# --- B11, B12: the site changes under its sessions ----------------------------------------


def test_sessions_survive_a_new_secret_key_with_the_old_one_as_fallback(
    attack: Attacker, browser: Browser, alice: User, settings: Any
) -> None:
    """B11"""
    signed_in(browser)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one"

    assert attack(browser, "get", "private/", new_rows=1).json()["user"] == "alice"
    settings.SECRET_KEY_FALLBACKS = []
    assert attack(browser, "get", "private/").json()["user"] == "alice"


@pytest.mark.parametrize("path", ["private/", "ajax/", "plain/", "open/", "write/?a=b", "/login"])
def test_without_a_fallback_all_are_refused_cleanly(
    attack: Attacker, browser: Browser, alice: User, settings: Any, path: str
) -> None:
    """B11"""
    signed_in(browser)
    settings.SECRET_KEY = "the next one"

    assert attack(browser, "get", path, new_rows=1).status_code in {200, 302, 401}
    assert attack(browser, "get", "open/").json()["user"] == ""
    browser.sign_in("alice")
    assert attack(browser, "get", "private/").json()["user"] == "alice"


def test_a_user_of_a_backend_that_is_gone_is_nobody(
    attack: Attacker, browser: Browser, alice: User, settings: Any
) -> None:
    """B12: and is somebody again when the setting is."""
    signed_in(browser)
    with override_settings(AUTHENTICATION_BACKENDS=["tests.security.backends.OtherBackend"]):
        assert attack(browser, "get", "private/").status_code == 302
        assert attack(browser, "get", "open/").json() == {
            "user": "",
            "session_user": None,
            "keys": {},
        }

    assert attack(browser, "get", "private/").json()["user"] == "alice"


def store(browser: Browser, **values: Any) -> None:
    """Write into the stored session past everything that would check the values."""
    rewrite(browser.key, **values)


@pytest.mark.parametrize(
    "user_id",
    [
        *("", "x", "-1", "1\x00", "1 OR 1=1", "9" * 5000, "1.0", "٣x", "None", "../1"),
        *(-1, 0, 10**30, float("nan"), float("inf")),
        *(None, [], {}, [1], {"pk": 1}, False),
    ],
    ids=repr,
)
def test_a_user_id_that_cannot_be_one_is_nobody(
    attack: Attacker, either: Browser, alice: User, user_id: Any
) -> None:
    """B12"""
    signed_in(either)
    store(either, _auth_user_id=user_id)
    another = either.another()
    another.set_cookie("sessionid", either.key or "")

    assert attack(either, "get", "private/").status_code == 302
    assert attack(another, "get", "open/").json()["user"] == ""
    either.sign_in("alice")
    assert attack(either, "get", "private/").json()["user"] == "alice"


@pytest.mark.parametrize("name", ["_auth_user_backend", "_auth_user_hash"])
@pytest.mark.parametrize("value", ["", "x", "os.system", "\x00", 1, None, [], {}, True], ids=repr)
def test_garbage_beside_the_user_id_is_nobody(
    attack: Attacker, either: Browser, alice: User, name: str, value: Any
) -> None:
    """B12"""
    signed_in(either)
    store(either, **{name: value})

    assert attack(either, "get", "private/").status_code == 302
    assert attack(either, "get", "open/").json()["user"] == ""


CLOCKS = [
    *("", "x", "2020-13-45", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0" * 9999),
    *(0, -1, 10**12, 1.5, float("nan"), True, None, [], {}),
]


@pytest.mark.parametrize("value", CLOCKS, ids=short)
def test_garbage_for_a_clock_is_no_error(
    attack: Attacker, either: Browser, alice: User, settings: Any, value: Any
) -> None:
    """No input may give a 500, what code of the project stored included."""
    settings.JENK_ABSOLUTE_TIMEOUT = 3600
    for kept in (
        value,
        {"authenticated_at": value},
        {"last_activity": value},
        {"authenticated_at": value, "last_activity": value},
    ):
        signed_in(either)
        store(either, _jenk=kept)
        assert attack(either, "get", "plain/").status_code in {200, 302}
        assert attack(either, "get", "open/").status_code == 200


@pytest.mark.parametrize("value", [-1, -(10**12), 1e-9, True, 0, None, [], {}], ids=repr)
def test_an_odd_expiry_of_one_session_is_no_error(
    attack: Attacker, either: Browser, alice: User, value: Any
) -> None:
    """Q8: of the values that Django's own middleware can work with."""
    signed_in(either)
    store(either, _session_expiry=value)

    assert attack(either, "get", "plain/").status_code in {200, 302}
    assert attack(either, "get", "open/").status_code == 200


@pytest.mark.parametrize("value", [10**12, float("nan"), "x", "2090-01-01T00:00:00"], ids=repr)
def test_an_expiry_that_django_cannot_save_fails_no_request_that_saves_nothing(
    attack: Attacker, either: Browser, alice: User, settings: Any, value: Any
) -> None:
    """Q8: jenk is no stricter than Django is."""
    signed_in(either)
    settings.SESSION_SAVE_EVERY_REQUEST = False
    store(either, _session_expiry=value)

    assert attack(either, "get", "plain/").status_code in {200, 302}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_site_without_time_zones_keeps_its_sessions(
    attack: Attacker, either: Browser, alice: User, settings: Any, zone: str
) -> None:
    """Q8: naive datetimes are local ones, for `set_expiry()` too."""
    settings.USE_TZ, settings.TIME_ZONE = False, zone
    signed_in(either)
    store(either, _session_expiry=f"{datetime.now() + timedelta(hours=1)}")  # noqa: DTZ005 - local

    assert attack(either, "get", "private/").json()["user"] == "alice"
    either.age(7200)
    assert attack(either, "get", "private/").status_code == 302
