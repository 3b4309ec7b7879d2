"""Two requests that cross each other, step by step, without threads: each test is one order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError, connection, transaction

from jenk import lifecycle
from jenk.backends.db import SessionStore
from jenk.models import Session, SessionEvent
from jenk.record import now
from jenk.stores import db as store
from jenk.testing.contract import at_once
from tests.browsers import Browser
from tests.engine.databases import LEVELS, SNAPSHOTS
from tests.engine.hands import (
    Hand,
    kept,
    live,
    opened,
    row,
    signed_in,
    user_of,
    visitor,
    with_password,
)

ENDS = ["logout", "ended_by_user", "ended_by_admin", "ended_by_code", "disabled", "limit"]
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def events(kind: str) -> list[tuple[str, str]]:
    found = SessionEvent.objects.filter(kind=kind).order_by("pk")
    return list(found.values_list("handle", "reason"))


def between(target: Any, name: str, step: Callable[[], Any], *, times: int = 1) -> Any:
    """Have another request take its step each time before `name` is called, at most so often."""
    function = getattr(target, name)
    left = [times]

    def late(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            with mock.patch.object(target, name, function):
                step()
        return function(*args, **kwargs)

    return mock.patch.object(target, name, late)


def after(target: Any, name: str, step: Callable[[], Any]) -> Any:
    """Have another request take its step once `name` has found what it returns."""
    function = getattr(target, name)

    def late(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        with mock.patch.object(target, name, function):
            step()
        return found

    return mock.patch.object(target, name, late)


# --- Two writers --------------------------------------------------------------------------


def test_a_nested_change_is_merged_as_a_whole(anna, twin):
    key = signed_in(anna, cart={"apples": 1}, other=1).key
    first, second = opened(key, twin=twin), opened(key, twin=twin)
    first.session["cart"]["pears"] = 2
    second.session["cart"]["plums"] = 3
    first.put(one=1).save()
    second.save()

    assert kept(key) == {"cart": {"apples": 1, "plums": 3}, "other": 1, "one": 1}


def test_of_a_deletion_and_a_change_the_last_wins(anna, twin):
    key = signed_in(anna, one=1, two=2).key
    first, second = opened(key, twin=twin), opened(key, twin=twin)
    first.drop("one").put(two=3).save()
    second.put(one=4).drop("two").save()

    assert kept(key) == {"one": 4}


def test_a_value_of_another_type_is_a_change(anna, twin):
    key = signed_in(anna, one=1).key
    first, second = opened(key, twin=twin), opened(key, twin=twin)
    first.put(one=True).save()
    second.put(two=2).save()

    assert kept(key)["one"] is True


def test_a_writer_that_always_comes_second_gets_there(anna, twin):
    key = signed_in(anna).key
    mine = opened(key, twin=twin).put(mine=1)
    turns = iter(range(100))

    def another() -> None:
        opened(key).put(**{f"other{next(turns)}": 1}).save()

    with between(SessionStore.store, "replace", another, times=4):
        mine.save()

    assert kept(key).keys() == {"mine", "other0", "other1", "other2", "other3"}


def test_a_limit_of_ones_own_is_merged_as_any_other_key(anna, twin):
    key = signed_in(anna).key
    mine, other = opened(key, twin=twin), opened(key)
    other.session.set_expiry(300)
    other.save()
    mine.put(one=1).save()

    assert opened(key).session.get_expiry_age() == 300
    assert row(mine).expire_date - row(mine).last_activity == timedelta(seconds=300)


def test_a_use_does_not_undo_a_new_limit(anna, twin):
    session = signed_in(anna)
    mine, other = opened(session.key, twin=twin), opened(session.key)
    other.session.set_expiry(300)
    other.save()
    deadline = row(session).expire_date
    mine.touch(timedelta(seconds=60))

    assert row(session).expire_date == deadline


def test_a_slow_request_does_not_turn_the_clock_back(anna, twin):
    """It began before a use that is already stored."""
    session = signed_in(anna)
    slow = opened(session.key, twin=twin)
    opened(session.key).touch(timedelta(seconds=50))
    stored = row(session)
    slow.use(stored.last_activity - timedelta(seconds=40)).put(one=1).save()

    assert row(session).last_activity == stored.last_activity
    assert row(session).expire_date == stored.expire_date
    assert kept(session.key) == {"one": 1}


# --- Ends ---------------------------------------------------------------------------------


def late_steps(late: Any, user: Any) -> dict[str, Callable[[], Any]]:
    return {
        "save": lambda: late.put(one=1).save(),
        "rotate": late.rotate_and_save,
        "new password": lambda: late.change_password(user).save(),
        "touch": lambda: late.touch(timedelta(seconds=5)),
        "load": lambda: opened(late.key, twin=late.asynchronous),
        "nothing": late.save,
    }


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        *((step, "ended_by_user") for step in ("save", "rotate", "touch", "load", "nothing")),
        *(("new password", reason) for reason in ENDS),
    ],
)
def test_no_step_brings_an_ended_session_back(anna, twin, step, reason):
    session = signed_in(anna)
    late = opened(session.key, twin=twin)
    lifecycle.end_all(anna, reason=reason)
    told = step in {"save", "rotate", "new password"}
    with pytest.raises(UpdateError) if told else nullcontext():
        late_steps(late, anna)[step]()

    assert live(anna) == set()
    assert {user_of(key) for key in (session.key, late.key)} == {None}
    assert events("ended") == [(session.handle, reason)]
    assert (row(session).payload, row(session).end_reason) == ("", reason)


@pytest.mark.parametrize("step", ["save", "rotate", "new password"])
@pytest.mark.parametrize("what", ["disabled", "deleted"])
def test_no_step_keeps_an_account_signed_in_that_is_gone(anna, twin, step, what):
    session = signed_in(anna)
    late = opened(session.key, twin=twin)
    user = type(anna).objects.get(pk=anna.pk)
    if what == "deleted":
        user.delete()
    else:
        user.is_active = False
        user.save()
    steps = late_steps(late, anna)
    if (step, what) == ("new password", "deleted"):
        steps[step] = lambda: late.keep_signed_in(anna).save()
    with pytest.raises(UpdateError):
        steps[step]()

    assert live(anna) == set()
    assert {user_of(key) for key in (session.key, late.key)} == {None}
    assert row(session).end_reason == what


def test_a_sign_in_in_flight_outlives_the_end_of_the_session_it_came_from(anna, twin):
    """Somebody has just given the password, so a session of theirs starts."""
    session = signed_in(anna)
    again = opened(session.key, twin=twin)
    lifecycle.end_all(anna, reason="ended_by_user")
    again.sign_in(anna).save()

    assert user_of(again.key) == anna
    assert again.handle != session.handle
    assert live(anna) == {again.handle}


@pytest.mark.parametrize("order", ["sign-out first", "new key first"])
def test_a_sign_out_and_a_new_key(anna, twin, order):
    session = signed_in(anna)
    leaving, renewing = opened(session.key, twin=twin), opened(session.key, twin=twin)
    if order == "sign-out first":
        leaving.flush()
        with pytest.raises(UpdateError):
            renewing.rotate_and_save()
    else:
        renewing.rotate_and_save()
        leaving.flush()

    assert live(anna) == set()
    assert {user_of(key) for key in (session.key, renewing.key)} == {None}


def test_a_visitors_sign_out_ends_nobody_elses_session(anna, twin):
    """Loaded as a visitor's, it has become somebody's meanwhile."""
    key = visitor().key
    leaving = opened(key, twin=twin)
    entering = opened(key).sign_in(anna).save()
    leaving.flush()

    assert user_of(entering.key) == anna


def test_an_end_between_the_new_key_and_the_sign_in(anna, twin):
    key = visitor(cart=3).key
    entering = opened(key, twin=twin)
    with after(SessionStore, "cycle_key", lambda: lifecycle.end_everyone(reason="ended_by_admin")):
        entering.sign_in(anna).save()

    assert user_of(entering.key) == anna
    assert live(anna) == {entering.handle}


def test_a_use_between_finding_a_session_and_judging_it(anna, twin, settings):
    """What was found idle has been used meanwhile, by a request that came in time."""
    settings.SESSION_COOKIE_AGE = 600
    session = signed_in(anna)
    in_time = opened(session.key)
    long_ago = now() - timedelta(seconds=601)
    Session.objects.update(last_activity=long_ago, expire_date=long_ago + timedelta(seconds=600))
    in_time.session.record.last_activity = long_ago

    with after(SessionStore.store, "find", in_time.use(now()).save):
        opened(session.key, twin=twin)

    assert user_of(session.key) == anna


def test_a_use_between_choosing_what_to_sweep_and_ending_it(anna):
    session = signed_in(anna)
    in_time = opened(session.key)
    Session.objects.update(expire_date=now() - timedelta(seconds=1))
    with between(store, "end_handles", partial(in_time.touch, timedelta(seconds=60))):
        SessionStore.clear_expired()

    assert user_of(session.key) == anna


# --- New keys -----------------------------------------------------------------------------


def test_the_second_of_two_new_keys(anna, twin):
    """It keeps what both have written, sends no cookie, and never learns the first key."""
    key = signed_in(anna).key
    first, second = opened(key, twin=twin), opened(key, twin=twin)
    first.put(one=1).rotate_and_save()
    second.put(two=2).rotate_and_save()

    assert (first.sends_cookie, second.sends_cookie) == (True, False)
    assert kept(first.key) == {"one": 1, "two": 2}
    assert user_of(second.key) is None
    assert first.key[-32:] not in repr(vars(second.session))
    assert live(anna) == {first.handle}


def test_a_new_key_beside_many_writers_is_made(anna, twin):
    session = signed_in(anna)
    mine = opened(session.key, twin=twin)
    turns = iter(range(100))

    def another() -> None:
        opened(session.key).put(**{f"other{next(turns)}": 1}).save()

    with between(SessionStore.store, "replace", another, times=4):
        mine.rotate()
    mine.save()

    assert (user_of(session.key), user_of(mine.key)) == (None, anna)
    assert len(kept(mine.key)) == 4


def test_a_writer_from_before_a_new_key(anna, twin):
    session = signed_in(anna)
    late = opened(session.key, twin=twin)
    renewed = opened(session.key).rotate_and_save()
    late.put(one=1).save()

    assert not late.sends_cookie
    assert kept(renewed.key) == {"one": 1}
    assert user_of(late.key) is None


@pytest.mark.parametrize("step", ["new key", "sign-in"])
def test_a_use_from_before_a_new_key_sends_no_cookie(anna, twin, step):
    """It stores nothing but its time; the browser must not go back to the key it came with."""
    session = visitor() if step == "sign-in" else signed_in(anna)
    late, renewing = opened(session.key, twin=twin), opened(session.key)
    renewing.sign_in(anna).save() if step == "sign-in" else renewing.rotate_and_save()
    late.use_now_and_save()

    assert not late.sends_cookie
    assert user_of(renewing.key) == anna


@pytest.mark.parametrize("second", ["anna", "otto"])
def test_two_sign_ins_on_a_planted_key(anna, otto, twin, second):
    planted = visitor(cart=3).key
    first, late = opened(planted, twin=twin), opened(planted, twin=twin)
    user = {"anna": anna, "otto": otto}[second]
    first.sign_in(anna).save()
    late.sign_in(user).save()

    assert len({planted, first.key, late.key}) == 3
    assert first.handle != late.handle
    assert [user_of(key) for key in (planted, first.key, late.key)] == [None, anna, user]
    assert first.key[-32:] not in repr(vars(late.session))
    assert (first.sends_cookie, late.sends_cookie) == (True, True)


def test_two_sign_ins_that_take_turns(anna, otto, twin):
    """The second renews the key between the two steps of the first."""
    planted = visitor().key
    first, second = opened(planted, twin=twin), opened(planted)
    with after(SessionStore, "cycle_key", lambda: second.sign_in(otto).save()):
        first.sign_in(anna)
    first.save()

    assert [user_of(key) for key in (planted, first.key, second.key)] == [None, anna, otto]


# --- Whose it is --------------------------------------------------------------------------


def test_what_a_visitor_stored_late_comes_along_and_replaces_nothing(anna, twin):
    key = visitor(cart=3, gone=1).key
    late = opened(key, twin=twin)
    entered = opened(key).sign_in(anna).put(cart=4, mine=1).drop("gone").save()
    late.put(cart=5, mine=2, new=6, _csrftoken="planted").save()
    late.session.set_expiry(1)

    assert kept(entered.key) == {"cart": 4, "mine": 1, "new": 6}
    assert "_csrftoken" not in opened(entered.key).session
    assert opened(entered.key).session.get("_session_expiry") is None
    assert not late.sends_cookie
    assert user_of(late.key) is None


def test_a_visitors_late_deletion_takes_nothing_from_a_user(anna, twin):
    key = visitor(cart=3).key
    late = opened(key, twin=twin)
    entered = opened(key).sign_in(anna).save()
    late.drop("cart").save()

    assert kept(entered.key) == {"cart": 3}


@pytest.mark.parametrize("claim", [SESSION_KEY, HASH_SESSION_KEY, "user", "user_id", "login_time"])
def test_a_late_visitor_does_not_say_whose_it_is(anna, otto, twin, claim):
    key = visitor().key
    late = opened(key, twin=twin)
    entered = opened(key).sign_in(anna).save()
    before = dict(opened(entered.key).session.items())
    late.session.update({claim: str(otto.pk)})
    try:
        late.save()
    except UpdateError:
        assert claim in {SESSION_KEY, HASH_SESSION_KEY}

    assert dict(opened(entered.key).session.items()) == before
    assert user_of(late.key) is None


@pytest.mark.parametrize("who", ["anna", "otto"])
def test_what_was_written_for_the_last_sign_in_is_dropped(anna, otto, twin, caplog, who):
    """Another user's, and the same user's of before the password was asked again."""
    session = signed_in(anna, cart=3)
    late = opened(session.key, twin=twin)
    user = {"anna": anna, "otto": otto}[who]
    entered = opened(session.key).sign_in(user).save()
    with caplog.at_level(logging.WARNING, "jenk"):
        try:
            late.put(secret="anna's").save()
        except UpdateError:
            assert who == "otto"
        else:
            assert who == "anna"
            assert session.handle in caplog.text

    assert session.key not in caplog.text
    assert "secret" not in kept(entered.key)
    assert not late.sends_cookie
    assert user_of(late.key) is None


def test_what_code_writes_over_the_facts_is_not_stored(anna, twin):
    key = signed_in(anna).key
    opened(key, twin=twin).put(user_role=3, user_id=99, cart=3).save()

    found = opened(key).session
    assert (found["user_role"], found["user_id"], found["cart"]) == (1, anna.pk, 3)


# --- Passwords ----------------------------------------------------------------------------


def test_a_poll_before_the_session_knows_of_the_new_password(anna, twin):
    """Between `user.save()` and `update_session_auth_hash()` no session's hash is right."""
    key = signed_in(anna, cart=3).key
    changing = opened(key, twin=twin)
    user = with_password(anna, "new")
    assert user_of(key) is None
    changing.keep_signed_in(user).save()

    assert user_of(changing.key) == anna
    assert changing.sends_cookie
    assert live(anna) == {changing.handle}


def test_a_poll_that_has_read_before_and_judges_afterwards(anna, twin):
    key = signed_in(anna).key
    changing = opened(key)
    user = with_password(anna, "new")
    with after(SessionStore.store, "find", lambda: changing.keep_signed_in(user).save()):
        opened(key, twin=twin)

    assert user_of(changing.key) == anna


def test_a_poll_that_django_judges_afterwards(anna, twin):
    """Code has asked Django itself, which reads the user again and empties the poll's session."""
    key = signed_in(anna).key
    poll, changing = opened(key, twin=twin), opened(key)
    changing.change_password(anna).save()

    assert poll.user() is None
    assert user_of(changing.key) == anna


def test_a_poll_between_the_new_key_and_the_new_hash(anna, twin):
    key = signed_in(anna).key
    changing = opened(key, twin=twin)
    changing.change_password(anna)
    assert user_of(key) is None
    assert user_of(changing.key) is None
    changing.save()

    assert user_of(changing.key) == anna
    assert live(anna) == {changing.handle}


@pytest.mark.parametrize("order", ["first", "second"])
def test_two_password_changes_of_one_browser(anna, twin, order):
    """A double click: whichever is stored last is the one that counts."""
    key = signed_in(anna).key
    hands = {"first": opened(key, twin=twin), "second": opened(key, twin=twin)}
    users = {"first": with_password(anna, "one"), "second": with_password(anna, "two")}
    other = {"first": "second", "second": "first"}[order]
    for name in (order, other):
        try:
            hands[name].keep_signed_in(users[name]).save()
        except UpdateError:
            assert name == "first"

    assert user_of(hands["second"].key) == anna
    assert hands["second"].sends_cookie
    assert user_of(hands["first"].key) is None
    assert live(anna) == {hands["second"].handle}


def test_a_password_change_ends_the_others_and_their_late_steps(anna, twin):
    keys = [signed_in(anna).key for _ in range(3)]
    mine, writing, renewing = (opened(key, twin=twin) for key in keys)
    mine.change_password(anna).save()
    for step in (writing.put(one=1).save, renewing.rotate_and_save):
        with pytest.raises(UpdateError):
            step()

    assert user_of(mine.key) == anna
    assert {user_of(one.key) for one in (writing, renewing)} == {None}
    assert {reason for _, reason in events("ended")} == {"password_changed"}


def test_a_write_beside_a_password_change_comes_along(anna, twin):
    key = signed_in(anna).key
    changing, writing = opened(key, twin=twin), opened(key, twin=twin)
    writing.put(cart=3).save()
    changing.change_password(anna).save()
    late = opened(changing.key, twin=twin)
    changing.put(one=1).save()
    late.put(two=2).save()

    assert kept(changing.key) == {"cart": 3, "one": 1, "two": 2}


# --- SECRET_KEY ---------------------------------------------------------------------------


def codes(session: Any) -> tuple[str, str, str]:
    stored = row(session)
    return stored.seal, stored.payload_mac, stored.auth_tag


def new_secret_key(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the tests"


def test_a_new_secret_key_signs_nobody_out(anna, twin, settings):
    session = signed_in(anna, cart=3)
    in_flight = opened(session.key, twin=twin)
    before = codes(session)
    new_secret_key(settings)
    assert user_of(session.key, twin=twin) == anna
    assert codes(session) == before
    in_flight.put(one=1).save()
    opened(session.key, twin=twin).put(two=2).save()

    assert not set(codes(session)) & set(before)
    settings.SECRET_KEY_FALLBACKS = []
    assert user_of(session.key) == anna
    assert kept(session.key) == {"cart": 3, "one": 1, "two": 2}
    assert row(session).pk in {one.pk for one in lifecycle.sessions_of(anna)}


def test_a_new_secret_key_is_taken_up_at_the_next_use(anna, twin, settings):
    session = signed_in(anna)
    new_secret_key(settings)
    opened(session.key, twin=twin).touch(timedelta(seconds=60))

    settings.SECRET_KEY_FALLBACKS = []
    assert user_of(session.key) == anna


def test_a_new_secret_key_and_a_new_key_at_the_same_time(anna, twin, settings):
    session = signed_in(anna)
    new_secret_key(settings)
    renewed = opened(session.key, twin=twin).rotate()
    assert user_of(renewed.key) == anna
    renewed.save()

    settings.SECRET_KEY_FALLBACKS = []
    assert user_of(renewed.key) == anna


def test_two_requests_take_up_a_new_secret_key(anna, twin, settings):
    session = signed_in(anna)
    new_secret_key(settings)
    first, second = (opened(session.key, twin=twin) for _ in range(2))
    first.put(one=1).save()
    second.put(two=2).save()

    settings.SECRET_KEY_FALLBACKS = []
    assert user_of(session.key) == anna
    assert kept(session.key) == {"one": 1, "two": 2}


def test_a_worker_without_the_new_secret_key_ends_nothing(anna, twin, settings):
    """It is still running on the old one: it refuses the session, and leaves it as it is."""
    old = settings.SECRET_KEY
    new_secret_key(settings)
    session = signed_in(anna)
    new, fallbacks = settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = old, []
    before = row(session).version
    assert user_of(session.key, twin=twin) is None
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = new, fallbacks

    assert user_of(session.key, twin=twin) == anna
    assert row(session).version == before
    assert events("refused") == [(session.handle, "tampered")]


# --- Keys that come late ------------------------------------------------------------------


@pytest.fixture
def late(browser: Browser, anna: Any) -> tuple[Browser, Any]:
    """A browser that still sends the key from before a rotation, and the session that lives."""
    session = signed_in(anna)
    browser.set_cookie("sessionid", session.key)
    browser.set_cookie("sessionid_seen", "1")
    return browser, opened(session.key).rotate_and_save()


def long_ago(session: Any) -> None:
    Session.objects.update(rotated_at=now() - timedelta(seconds=61))


def test_a_script_with_a_retired_key_is_told_so(late):
    browser, session = late
    response = browser.get("plain/", headers=SCRIPT)

    assert response.status_code == 401
    assert response.json()["code"] == "session_required"
    assert response.json()["reason"] == "rotated"
    assert dict(response.cookies) == {}
    assert user_of(session.key) is not None


@pytest.mark.parametrize("headers", [{}, SCRIPT])
def test_a_public_page_takes_a_retired_key_for_a_visitors(late, headers):
    browser, _ = late
    before = Session.everything.count()
    response = browser.get("open/", headers=headers)

    assert (response.status_code, response.json()["user"]) == (200, "")
    assert dict(response.cookies) == {}
    assert Session.everything.count() == before
    assert events("refused") == []


def test_a_person_with_a_retired_key_gets_no_cookie(late):
    browser, _ = late
    response = browser.get("private/")

    assert response.status_code == 302
    assert dict(response.cookies) == {}


def test_what_is_stored_with_a_retired_key_makes_no_session(late):
    browser, session = late
    before = Session.everything.count()
    response = browser.get("write/?cart=3")

    assert dict(response.cookies) == {}
    assert Session.everything.count() == before
    assert kept(session.key) == {}


def test_a_key_from_long_before_is_noted_and_the_session_lives(late):
    browser, session = late
    long_ago(session)
    response = browser.get("ajax/", headers=SCRIPT)

    assert response.status_code == 401
    assert events("refused") == [(session.handle, "key_reuse")]
    assert user_of(session.key) is not None


def test_a_made_up_key_is_not_noted(late):
    browser, session = late
    long_ago(session)
    browser.set_cookie("sessionid", session.handle + "0" * 32)
    browser.get("ajax/", headers=SCRIPT)

    assert events("refused") == []
    assert user_of(session.key) is not None


@pytest.mark.parametrize("name", ["anna", "otto"])
def test_a_sign_in_with_a_retired_key_has_a_session_of_its_own(late, otto, name):
    browser, session = late
    response = browser.sign_in(name)

    assert response.status_code == 302
    assert response.cookies["sessionid"].value == browser.key
    assert user_of(browser.key).username == name
    assert Hand(browser.key).handle != session.handle
    assert user_of(session.key) is not None


def test_a_script_in_flight_over_a_sign_out_is_told_so(browser, anna):
    browser.set_cookie("sessionid", signed_in(anna).key)
    browser.set_cookie("sessionid_seen", "1")
    other = browser.another()
    other.set_cookie("sessionid", browser.key)
    other.set_cookie("sessionid_seen", "1")
    browser.sign_out()
    response = other.get("plain/", headers=SCRIPT)

    assert (response.status_code, response.json()["reason"]) == (401, "logout")
    assert dict(response.cookies) == {}


# --- Transactions -------------------------------------------------------------------------


everywhere = pytest.mark.parametrize("isolation", LEVELS, indirect=True)


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction, or a savepoint, that is taken back in the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@everywhere
@pytest.mark.parametrize("nested", [False, True])
def test_what_is_rolled_back_to_a_savepoint_is_written_again(isolation, anna, twin, nested):
    session = signed_in(anna, old=1)
    mine = opened(session.key, twin=twin).put(before=1).save()
    with transaction.atomic():
        mine.put(outside=1).save()
        with rolled_back():
            mine.put(inside=1).drop("old").save()
            if nested:
                with transaction.atomic():
                    mine.put(innermost=1).save()
    opened(session.key).put(other=1).save()
    mine.put(after=1).save()

    expected = {"before": 1, "outside": 1, "inside": 1, "other": 1, "after": 1}
    assert kept(session.key) == expected | ({"innermost": 1} if nested else {})


@everywhere
def test_what_is_rolled_back_is_written_again(isolation, anna, twin):
    session = signed_in(anna)
    mine = opened(session.key, twin=twin)
    with rolled_back():
        mine.put(one=1).save().put(two=2).save()
    opened(session.key).put(three=3).save()
    mine.save()

    assert kept(session.key) == {"one": 1, "two": 2, "three": 3}


@everywhere
def test_a_new_key_that_is_rolled_back_is_not_sent(isolation, anna, twin):
    session = signed_in(anna)
    mine = opened(session.key, twin=twin)
    with rolled_back():
        mine.rotate()
    mine.put(one=1).save()

    assert (mine.key, user_of(session.key)) == (session.key, anna)
    assert kept(session.key) == {"one": 1}


@everywhere
def test_a_sign_out_that_is_rolled_back_is_made_again(isolation, anna, twin):
    session = signed_in(anna)
    mine = opened(session.key, twin=twin)
    with rolled_back():
        mine.flush()
    mine.session.end_again()

    assert live(anna) == set()


@pytest.mark.parametrize("who", ["visitor", "anna"])
def test_a_session_is_emptied_after_a_new_key_was_rolled_back(anna, twin, who):
    session = visitor(cart=3) if who == "visitor" else signed_in(anna, cart=3)
    mine = opened(session.key, twin=twin)
    with rolled_back():
        mine.rotate()
    mine.flush()

    assert kept(session.key) == {}
    assert not Session.objects.exists()


@everywhere
def test_a_sign_in_that_is_rolled_back_is_stored_by_the_next_save(isolation, anna, twin):
    """The view has caught the error and answers as if nothing had been, with its session."""
    mine = opened(visitor(cart=3).key, twin=twin)
    with rolled_back():
        mine.sign_in(anna)
    mine.save()

    assert user_of(mine.key) == anna
    assert live(anna) == {mine.handle}
    assert kept(mine.key) == {"cart": 3}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite does not begin by itself then")
def test_without_autocommit_everything_is_kept(anna, twin):
    """The project commits by itself, so Django cannot say when."""
    session = signed_in(anna)
    transaction.set_autocommit(False)
    try:
        mine = opened(session.key, twin=twin).put(one=1).save().rotate().put(two=2).save()
        mine.put(three=3).save()
        transaction.commit()
    finally:
        transaction.set_autocommit(True)

    assert kept(mine.key) == {"one": 1, "two": 2, "three": 3}
    assert live(anna) == {session.handle}
    assert mine.sends_cookie


@pytest.mark.parametrize("isolation", SNAPSHOTS, indirect=True)
def test_a_write_in_a_transaction_that_began_before_anothers(isolation, anna, twin):
    """The database may refuse it; it is then written after the rollback. Nothing is lost."""
    key = signed_in(anna).key
    mine = opened(key, twin=twin)
    try:
        with transaction.atomic():
            assert list(Session.objects.values_list("pk", flat=True))
            assert at_once(opened(key).put(theirs=1).save)[0].key == key
            mine.put(mine=1).save()
    except OperationalError:
        pass  # as PostgreSQL has it
    mine.put(after=1).save()

    assert kept(key) == {"mine": 1, "theirs": 1, "after": 1}


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL shows nothing newer")
@pytest.mark.parametrize("isolation", SNAPSHOTS, indirect=True)
def test_an_end_of_all_sees_what_its_transaction_does_not(isolation, anna):
    """Whoever signed in since the transaction began is signed out too, or the database says no."""
    signed_in(anna)
    try:
        with transaction.atomic():
            assert Session.objects.count() == 1
            [other] = at_once(partial(signed_in, anna))
            lifecycle.end_all(anna, reason="ended_by_user")
    except OperationalError:
        lifecycle.end_all(anna, reason="ended_by_user")

    assert user_of(other.key) is None


@pytest.mark.parametrize("isolation", SNAPSHOTS, indirect=True)
def test_a_limit_counts_what_its_transaction_does_not_see(isolation, anna, settings):
    settings.JENK_MAX_SESSIONS = 1
    try:
        with transaction.atomic():
            assert Session.objects.count() == 0
            [other] = at_once(partial(signed_in, anna))
            mine = signed_in(anna)
    except OperationalError:
        mine = signed_in(anna)

    assert (user_of(other.key), user_of(mine.key)) == (None, anna)


@pytest.mark.parametrize("isolation", SNAPSHOTS, indirect=True)
def test_an_end_in_a_transaction_that_began_before_a_new_key(isolation, anna, twin):
    session = signed_in(anna)
    leaving = opened(session.key, twin=twin)
    try:
        with transaction.atomic():
            assert Session.objects.count() == 1
            [renewed] = at_once(opened(session.key).rotate_and_save)
            leaving.flush()
    except OperationalError:
        leaving.session.end_again()
        opened(renewed.key).flush()

    assert live(anna) == set()


def test_a_failing_save_is_the_databases_error_and_can_be_repeated(anna, twin):
    key = signed_in(anna).key
    mine = opened(key, twin=twin).put(one=1)

    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("the disk is full")
        return execute(sql, *args)

    for step in (mine.save, mine.rotate):
        with connection.execute_wrapper(fail), pytest.raises(OperationalError, match="full"):
            step()
    mine.save()

    assert kept(mine.key) == {"one": 1}
    assert user_of(mine.key) == anna
