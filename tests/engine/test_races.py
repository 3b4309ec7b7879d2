"""Requests at the same time, in threads and processes, on the database as projects set it up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as site
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError, connection
from django.test import AsyncClient

from jenk import lifecycle
from jenk.backends.db import SessionStore
from jenk.exceptions import SessionLimitReached
from jenk.models import Session, SessionEvent
from jenk.record import now
from jenk.testing.contract import at_once
from tests.browsers import Browser
from tests.engine.databases import SET_UPS
from tests.engine.hands import (
    Hand,
    kept,
    live,
    opened,
    row,
    signed_in,
    user_of,
    visitor,
)

ROOT = Path(__file__).parents[2]

everywhere = pytest.mark.parametrize("isolation", SET_UPS, indirect=True)
somewhere = pytest.mark.parametrize("isolation", SET_UPS[:1], indirect=True)

#: How often a race is run: by `make test`, and with JENK_TEST_LONG=1.
again = pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="few"), pytest.param(200, id="many", marks=pytest.mark.long)]
)


def errors(found: list[Any]) -> list[Any]:
    """Return what requests raised, but for being told that their session was ended."""
    return [one for one in found if isinstance(one, Exception) and not tells_of_end(one)]


def tells_of_end(error: Exception) -> bool:
    return isinstance(error, UpdateError) and not isinstance(error.__context__, OperationalError)


def anyone(hands: list[Any], *keys: str) -> set[Any]:
    """Return who could be signed in with any key that a browser was given."""
    return {user_of(key) for key in {*keys, *(one.key for one in hands)}} - {None}


# --- Writers ------------------------------------------------------------------------------


@everywhere
@pytest.mark.parametrize(
    "writes", [pytest.param(6, id="few"), pytest.param(50, id="many", marks=pytest.mark.long)]
)
def test_writers_in_threads_lose_nothing(isolation, anna, writes):
    key = signed_in(anna).key

    def write(number: int) -> None:
        for turn in range(writes):
            opened(key).put(**{f"{number}-{turn}": turn}).save()

    found = at_once(*(partial(write, number) for number in range(8)))

    assert found == [None] * 8
    assert len(kept(key)) == 8 * writes


@somewhere
@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize(
    "writes", [pytest.param(4, id="few"), pytest.param(50, id="many", marks=pytest.mark.long)]
)
def test_requests_of_one_browser_lose_nothing(isolation, anna, style, writes):
    key = signed_in(anna).key

    def write(number: int) -> list[int]:
        browser = tab(style, key)
        return [
            browser.get("write/", {f"{number}-{turn}": turn}).status_code for turn in range(writes)
        ]

    found = at_once(*(partial(write, number) for number in range(8)))

    assert found == [[200] * writes] * 8
    assert len(kept(key)) == 8 * writes


@somewhere
@pytest.mark.parametrize(
    "writes", [pytest.param(4, id="few"), pytest.param(50, id="many", marks=pytest.mark.long)]
)
async def test_requests_in_one_event_loop_lose_nothing(isolation, anna, writes):
    key = await sync_to_async(lambda: signed_in(anna).key)()

    async def write(number: int) -> list[int]:
        client = AsyncClient()
        client.cookies[site.SESSION_COOKIE_NAME] = key
        answers = [
            await client.get("/async/write/", {f"{number}-{turn}": turn}) for turn in range(writes)
        ]
        return [one.status_code for one in answers]

    found = await asyncio.gather(*(write(number) for number in range(8)))

    assert found == [[200] * writes] * 8
    assert len(await sync_to_async(kept)(key)) == 8 * writes


@somewhere
@pytest.mark.parametrize(
    "writes", [pytest.param(20, id="few"), pytest.param(200, id="many", marks=pytest.mark.long)]
)
def test_writers_in_processes_lose_nothing(isolation, anna, writes):
    key = signed_in(anna).key
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(key, str(one), writes)) for one in range(3)]
        assert [one.stdout.readline() for one in workers] == ["ready\n"] * 3
        for one in workers:
            one.stdin.write("go\n")
            one.stdin.flush()
        said = [one.communicate(timeout=120)[1] for one in workers]

    assert said == [""] * 3
    assert len(kept(key)) == 3 * writes


def worker(key: str, name: str, writes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.engine.worker"),
            *(str(connection.settings_dict["NAME"]), key, name, str(writes)),
        ],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@everywhere
@again
def test_two_writers_of_all_kinds_of_keys(isolation, anna, rounds):
    for _ in range(rounds):
        key = signed_in(anna, old=1, nested={"a": 1}, other=1).key
        first, second = opened(key), opened(key)
        first.put(one=1, both="first", nested={"a": 1, "b": 1}).do("pop", "old")
        second.put(two=2, both="second").session["nested"]["c"] = 1
        assert errors(at_once(first.save, second.save)) == []

        found = kept(key)
        nested = found.pop("nested")
        both = found.pop("both")
        assert found == {"one": 1, "two": 2, "other": 1}
        assert both in {"first", "second"}
        assert nested in ({"a": 1, "b": 1}, {"a": 1, "c": 1})


# --- Ends ---------------------------------------------------------------------------------


@everywhere
@again
def test_an_end_of_all_against_everything_else(isolation, anna, rounds):
    for turn in range(rounds):
        keys = [signed_in(anna).key for _ in range(4)]
        hands = [opened(key) for key in keys * 2]
        steps: list[Callable[[], Any]] = [
            *(one.rotate_and_save for one in hands[:3]),
            *(one.put(cart=3).save for one in hands[3:5]),
            hands[5].use(now()).save,
            *(partial(user_of, key) for key in keys[2:]),
        ]
        end = partial(lifecycle.end_all, anna, reason="ended_by_user")
        found = at_once(*steps, *(end, end)[: 1 + turn % 2])

        assert errors(found) == []
        assert live(anna) == set()
        assert anyone(hands, *keys) == set()
        ends = SessionEvent.objects.filter(kind="ended").values_list("handle", flat=True)
        assert Counter(Counter(ends).values()) == {1: 4 * (turn + 1)}


@everywhere
@again
def test_a_sign_out_against_a_new_key(isolation, anna, rounds):
    for _ in range(rounds):
        key = signed_in(anna).key
        leaving, renewing = opened(key), opened(key)
        found = at_once(leaving.flush, renewing.rotate_and_save)

        assert errors(found) == []
        assert live(anna) == set()
        assert anyone([leaving, renewing], key) == set()


@everywhere
@again
def test_an_end_of_everybody_against_sign_ins_and_new_keys(isolation, anna, otto, rounds):
    for _ in range(rounds):
        keys = [signed_in(anna).key, signed_in(otto).key, visitor().key]
        hands = [opened(key) for key in keys]
        end = partial(lifecycle.end_everyone, reason="ended_by_admin")
        found = at_once(
            hands[0].rotate_and_save,
            hands[1].put(cart=3).save,
            partial(hands[2].sign_in, anna),
            partial(lifecycle.end_all, otto, reason="ended_by_user"),
            end,
            end,
        )

        assert errors(found) == []
        assert anyone(hands[:2], *keys[:2]) == set()
        assert anyone(hands[2:]) <= {anna}


@everywhere
@again
def test_one_of_many_that_end_a_session_did(isolation, anna, rounds):
    for _ in range(rounds):
        handle = signed_in(anna).handle
        end = partial(lifecycle.end, handle, reason="ended_by_user")

        assert sorted(at_once(*[end] * 6)) == [False] * 5 + [True]


@everywhere
@again
def test_sweeps_beside_each_other_end_each_session_once(isolation, anna, rounds):
    for turn in range(rounds):
        handles = {signed_in(anna).handle for _ in range(3)} | {visitor().handle}
        Session.objects.update(expire_date=now())

        assert errors(at_once(*[SessionStore.clear_expired] * 4)) == []
        assert not Session.objects.filter(pk__in=handles).exists()
        assert SessionEvent.objects.filter(kind="ended").count() == 3 * (turn + 1)


# --- Over HTTP ----------------------------------------------------------------------------


def tab(style: str, key: str, *, signed_in: bool = True) -> Browser:
    """One more tab of the browser that has a key."""
    browser = Browser(asynchronous=style == "async", views=style)
    browser.set_cookie(site.SESSION_COOKIE_NAME, key)
    if signed_in:
        browser.set_cookie(f"{site.SESSION_COOKIE_NAME}_seen", "1")
    return browser


def sign_outs(style: str, user: Any, rounds: int) -> Iterator[tuple[list[Any], Any]]:
    """Sign out with six requests in flight; give the answers, and who is signed in then."""
    paths = ["write/?a=1", "write/?b=1", "plain/", "ajax/", "private/", "poll/"]
    for _ in range(rounds):
        session = signed_in(user)
        tabs = [tab(style, session.key) for _ in range(7)]
        found = at_once(
            *(partial(one.get, path) for one, path in zip(tabs, paths, strict=False)),
            tabs[-1].sign_out,
        )
        yield found, {user_of(one.key) for one in tabs} | {user_of(session.key)}


@everywhere
@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize(
    "rounds", [pytest.param(2, id="few"), pytest.param(30, id="many", marks=pytest.mark.long)]
)
def test_a_sign_out_with_requests_in_flight_is_final_and_no_error(isolation, anna, style, rounds):
    for found, users in sign_outs(style, anna, rounds):
        assert [one for one in found if isinstance(one, Exception)] == []
        assert {one.status_code for one in found} <= {200, 302, 401}
        assert users == {None}
        assert live(anna) == set()


@everywhere
@again
@pytest.mark.parametrize("style", ["sync", "async"])
def test_two_who_sign_in_with_one_key_do_not_meet(isolation, anna, otto, style, rounds):
    """The key may have been planted: nobody learns the key of the other."""
    for _ in range(rounds):
        key = visitor().key
        annas, ottos = (tab(style, key, signed_in=False) for _ in range(2))
        found = at_once(partial(annas.sign_in, "anna"), partial(ottos.sign_in, "otto"))

        assert [one.status_code for one in found] == [302, 302]
        assert len({annas.key, ottos.key, key}) == 3
        assert [user_of(annas.key), user_of(ottos.key)] == [anna, otto]
        assert user_of(key) is None


@everywhere
@again
def test_a_sign_in_against_the_visitors_other_requests(isolation, anna, rounds):
    """They are answered, what they store comes along, and none hands out the new key."""
    for _ in range(rounds):
        key = visitor(cart=3).key
        *others, browser = (tab("sync", key, signed_in=False) for _ in range(4))
        found = at_once(
            *(partial(one.get, f"write/?k{place}=1") for place, one in enumerate(others)),
            partial(browser.sign_in, "anna"),
        )

        assert [one.status_code for one in found] == [200, 200, 200, 302]
        assert user_of(browser.key) == anna
        assert kept(browser.key)["cart"] == 3
        assert {user_of(one.key) for one in others} == {None}


# --- Passwords and limits -----------------------------------------------------------------


@everywhere
@again
def test_a_password_change_in_one_browser_of_four(isolation, anna, rounds):
    for turn in range(rounds):
        keys = [signed_in(anna).key for _ in range(4)]
        mine, *others = (opened(key) for key in keys)
        found = at_once(
            lambda mine=mine, turn=turn: mine.change_password(anna, f"pw{turn}").save(),
            others[0].put(cart=3).save,
            others[1].rotate_and_save,
            partial(user_of, keys[0]),
            partial(user_of, keys[3]),
        )
        anna.refresh_from_db()

        assert errors(found) == []
        assert user_of(mine.key) == anna
        assert anyone(others, *keys) == set()
        assert live(anna) == {mine.handle}
        lifecycle.end_all(anna, reason="logout")


@everywhere
@again
def test_password_changes_in_all_browsers_at_once(isolation, anna, rounds):
    for turn in range(rounds):
        hands = [opened(signed_in(anna).key) for _ in range(4)]
        found = at_once(
            *(
                lambda one=one, place=place, turn=turn: one.change_password(
                    anna, f"pw{turn}{place}"
                ).save()
                for place, one in enumerate(hands)
            )
        )
        anna.refresh_from_db()

        assert errors(found) == []
        assert len([one for one in hands if user_of(one.key) == anna]) <= 1
        lifecycle.end_all(anna, reason="logout")


@everywhere
@pytest.mark.parametrize(
    ("threads", "each"),
    [pytest.param(8, 2, id="few"), pytest.param(16, 4, id="many", marks=pytest.mark.long)],
)
def test_sign_ins_at_the_same_time_keep_to_the_limit(isolation, anna, settings, threads, each):
    settings.JENK_MAX_SESSIONS = 3

    def enter() -> None:
        for _ in range(each):
            Hand().sign_in(anna).save()

    assert at_once(*[enter] * threads) == [None] * threads
    assert len(live(anna)) == 3
    reasons = Session.everything.exclude(ended_at=None).values_list("end_reason", flat=True)
    assert Counter(reasons) == {"limit": threads * each - 3}


@everywhere
@again
def test_new_keys_at_the_same_time_leave_one(isolation, anna, rounds):
    for _ in range(rounds):
        session = signed_in(anna, cart=3)
        hands = [opened(session.key) for _ in range(6)]
        writers = [opened(session.key).put(**{f"w{one}": one}) for one in range(2)]
        found = at_once(*(one.rotate_and_save for one in hands), *(one.save for one in writers))

        assert errors(found) == []
        [good] = [one for one in hands if user_of(one.key) == anna]
        assert [one for one in (*hands, *writers) if one.sends_cookie] == [good]
        assert kept(good.key) == {"cart": 3, "w0": 0, "w1": 1}
        assert row(session).ended_at is None
        lifecycle.end_all(anna, reason="logout")


@everywhere
@again
def test_ends_against_sign_ins_at_the_limit(isolation, anna, settings, rounds):
    """Whoever ends many locks rows in order, and so does a sign-in that ends the oldest."""
    settings.JENK_MAX_SESSIONS = 2
    for _ in range(rounds):
        signed_in(anna), signed_in(anna)
        hands = [opened(visitor().key) for _ in range(3)]
        again = opened(signed_in(anna).key)
        found = at_once(
            *(partial(one.sign_in, anna) for one in (*hands, again)),
            partial(lifecycle.end_everyone, reason="ended_by_admin"),
            partial(lifecycle.end_all, anna, reason="ended_by_user"),
        )

        assert errors(found) == []
        assert len(live(anna)) <= 2
        assert {user_of(one.key) for one in (*hands, again)} <= {None, anna}


@everywhere
@again
def test_sign_ins_at_the_same_time_are_refused_at_the_limit(isolation, anna, settings, rounds):
    settings.JENK_MAX_SESSIONS, settings.JENK_LIMIT_ACTION = 3, "refuse"
    for _ in range(rounds):
        found = at_once(*[partial(signed_in, anna)] * 6)

        refused = [one for one in found if isinstance(one, SessionLimitReached)]
        assert len(refused) == 3
        assert live(anna) == {one.handle for one in found if one not in refused}
        lifecycle.end_all(anna, reason="logout")
