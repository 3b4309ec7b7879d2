"""Any order of any steps of any number of requests, against a model of what must come out.

The model is written from the promises, not from the code: which sessions live, whose they are, what
they hold, and which keys open them. Requests stay in flight while others take their steps.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from jenk import lifecycle, snapshot
from tests.conftest import make_user
from tests.engine import databases
from tests.engine.hands import Hand, live, with_password

NAMES = st.sampled_from(["anna", "otto"])
KEYS = st.sampled_from(["a", "b", "c"])


@dataclass(eq=False)
class Kept:
    """A session as it must be stored."""

    handle: str
    key: str
    user: str | None
    data: dict[str, str]
    sign_in: int = 0
    password: int = 0
    ended: str = ""
    former: set[str] = field(default_factory=set)

    def renew(self, key: str) -> None:
        self.former.add(self.key)
        self.key = key


@dataclass(eq=False)
class Request:
    """A request in flight, and what it knows of its session."""

    hand: Any
    kept: Kept
    base: dict[str, str]
    mine: dict[str, str]
    user: str | None
    key: str
    sign_in: int
    password: int
    made: str = ""  # the key that it has made, and that no browser knows yet

    @property
    def has_changed(self) -> bool:
        return self.mine != self.base

    @property
    def is_of_this_sign_in(self) -> bool:
        return (self.user, self.sign_in) == (self.kept.user, self.kept.sign_in)

    @property
    def was_overtaken(self) -> bool:
        return self.key != self.kept.key

    def merge(self) -> None:
        for name in self.base.keys() | self.mine.keys():
            if name not in self.mine:
                self.kept.data.pop(name, None)
            elif self.mine[name] != self.base.get(name):
                self.kept.data[name] = self.mine[name]
        self.base, self.mine = dict(self.kept.data), dict(self.kept.data)

    def leave_behind(self) -> None:
        for name, value in self.mine.items():
            if self.base.get(name) != value:
                self.kept.data.setdefault(name, value)


def stored(session: Any) -> dict[str, str]:
    """Return what code of the project finds in a session."""
    return {
        name: value
        for name, value in session.items()
        if name[0] != "_" and name not in snapshot.KEYS
    }


class Sessions(RuleBasedStateMachine):
    requests: Bundle[Request] = Bundle("requests")

    @initialize()
    def begin(self) -> None:
        databases.empty()
        self.people = {name: make_user(name, role=1) for name in ("anna", "otto")}
        self.passwords = dict.fromkeys(self.people, 0)
        self.kept: list[Kept] = []
        self.numbers = iter(range(10**6))

    # Requests begin

    @rule(data=st.dictionaries(KEYS, st.just("visitor:0"), min_size=1), twin=st.booleans())
    def somebody_visits(self, data: dict[str, str], twin: bool) -> None:
        hand = Hand(twin=twin).put(**data).save()
        self.kept.append(Kept(hand.handle, hand.key, None, dict(data)))

    @rule(name=NAMES, twin=st.booleans())
    def somebody_signs_in(self, name: str, twin: bool) -> None:
        hand = Hand(twin=twin).sign_in(self.people[name]).save()
        self.keep_new(hand, name, {})

    @rule(target=requests, place=st.integers(0, 5), twin=st.booleans())
    def a_request_arrives(self, place: int, twin: bool) -> Any:
        living = [one for one in self.kept if not one.ended]
        if not living:
            return multiple()
        kept = living[-1 - place % len(living)]
        hand = Hand(kept.key, twin=twin).load()
        return Request(
            *(hand, kept, dict(kept.data), dict(kept.data)),
            *(kept.user, kept.key, kept.sign_in, kept.password),
        )

    # Steps of a request

    @rule(request=requests, name=KEYS)
    def it_puts(self, request: Request, name: str) -> None:
        value = f"{request.user or 'visitor'}:{next(self.numbers)}"
        request.hand.put(**{name: value})
        request.mine[name] = value

    @rule(request=requests, name=KEYS)
    def it_drops(self, request: Request, name: str) -> None:
        if request.mine.pop(name, None) is not None:
            request.hand.do("pop", name)

    @rule(target=requests, request=consumes(requests))
    def it_saves(self, request: Request) -> Any:
        return self.after_saving(request, request.hand.save)

    @rule(target=requests, request=consumes(requests))
    def it_is_used(self, request: Request) -> Any:
        return self.after_saving(request, request.hand.use_now_and_save)

    @rule(request=requests, rotates=st.booleans())
    def it_saves_and_is_rolled_back(self, request: Request, rotates: bool) -> None:
        if request.kept.ended or not request.is_of_this_sign_in:
            return
        with transaction.atomic():
            request.hand.rotate_and_save() if rotates else request.hand.save()
            transaction.set_rollback(True)

    @rule(target=requests, request=consumes(requests))
    def it_renews_the_key(self, request: Request) -> Any:
        kept = request.kept
        if kept.ended:
            # One that knows of another's new key already has nothing to ask, and nothing to write.
            knows = request.was_overtaken and not request.has_changed
            with suppress(UpdateError) if knows else pytest.raises(UpdateError):
                request.hand.rotate_and_save()
            assert not knows or not request.hand.sends_cookie
            return multiple()
        if request.was_overtaken:
            return self.after_saving(request, request.hand.rotate_and_save)
        request.hand.rotate_and_save()
        request.merge()
        self.renewed(request)
        assert request.hand.sends_cookie
        return request

    @rule(target=requests, request=consumes(requests), name=NAMES)
    def it_signs_in(self, request: Request, name: str) -> Any:
        kept = request.kept
        switches = request.user is not None and (
            request.user != name or request.password != self.passwords[name]
        )
        request.hand.sign_in(self.people[name]).save()
        if switches:
            request.mine = {}
            self.leave(request, "switched_user")
        if switches or kept.ended or request.was_overtaken:
            request.kept = self.keep_new(request.hand, name, {})
        else:
            kept.user, kept.password = name, self.passwords[name]
            kept.sign_in += 1
            self.renewed(request)
        self.take(request)
        assert request.hand.sends_cookie
        return request

    @rule(request=consumes(requests))
    def it_signs_out(self, request: Request) -> None:
        request.hand.sign_out(self.people[request.user] if request.user else AnonymousUser())
        self.leave(request, "logout")

    @rule(target=requests, request=consumes(requests))
    def it_changes_the_password(self, request: Request) -> Any:
        if request.user is None:
            return request
        kept, name = request.kept, request.user
        self.people[name] = with_password(self.people[name], f"pw{next(self.numbers)}")
        self.passwords[name] += 1
        change = request.hand.keep_signed_in
        if kept.ended not in {"", "password_changed"}:
            with pytest.raises(UpdateError):
                change(self.people[name]).save()
            return multiple()
        change(self.people[name]).save()
        if kept.ended or request.was_overtaken:
            request.kept = self.keep_new(request.hand, name, {})
        else:
            kept.password = self.passwords[name]
            self.renewed(request)
        self.take(request)
        assert request.hand.sends_cookie
        return request

    # What others do

    @rule(what=st.sampled_from(["end one", "end all", "set a password"]), name=NAMES)
    def an_administrator_acts(self, what: str, name: str) -> None:
        mine = [one for one in self.kept if one.user == name]
        if what == "end one" and mine:
            ended = lifecycle.end(mine[-1].handle, reason="ended_by_admin")
            assert ended is not bool(mine[-1].ended)
            mine[-1].ended = mine[-1].ended or "ended_by_admin"
        elif what == "end all":
            living = [one for one in mine if not one.ended]
            count = lifecycle.end_all(self.people[name], reason="ended_by_user")
            assert count == len(living)
            for one in living:
                one.ended = "ended_by_user"
        elif what == "set a password":
            self.people[name] = with_password(self.people[name], f"pw{next(self.numbers)}")
            self.passwords[name] += 1

    # What must hold

    @invariant()
    def all_is_as_it_must_be(self) -> None:
        self.check_sessions()  # which ends what a new password has put an end to
        self.check_lists()
        for one in self.kept:
            owners = {value.partition(":")[0] for value in one.data.values()}
            assert owners <= {"visitor", one.user}
        keys = [key for one in self.kept for key in (one.key, *one.former)]
        assert len(keys) == len(set(keys))

    # Parts of the model

    def check_sessions(self) -> None:
        for one in self.kept:
            if one.user is not None and one.password != self.passwords[one.user]:
                one.ended = one.ended or "password_changed"
            hand = Hand(one.key)
            user = hand.user()
            if one.ended:
                assert (user, stored(hand.session)) == (None, {})
            else:
                assert user == (self.people[one.user] if one.user else None)
                assert stored(hand.session) == one.data
            for former in one.former:
                assert not Hand(former).load().session.keys()

    def check_lists(self) -> None:
        for name, user in self.people.items():
            mine = {one.handle for one in self.kept if one.user == name and not one.ended}
            assert {one.handle for one in lifecycle.sessions_of(user)} == mine
            assert live(user) == mine

    def keep_new(self, hand: Any, name: str, data: dict[str, str]) -> Kept:
        assert hand.handle not in {one.handle for one in self.kept}
        kept = Kept(hand.handle, hand.key, name, data, password=self.passwords[name])
        self.kept.append(kept)
        return kept

    def renewed(self, request: Request) -> None:
        kept, key = request.kept, request.hand.key
        assert request.hand.handle == kept.handle
        if key == kept.key:
            assert key == request.made
        else:
            kept.renew(key)
        request.key = request.made = key

    def take(self, request: Request) -> None:
        """Go on from what a sign-in or a new password has stored."""
        kept = request.kept
        kept.data = stored(Hand(kept.key).load().session)
        assert request.mine.items() <= kept.data.items()
        request.base, request.mine = dict(kept.data), dict(kept.data)
        request.user, request.key, request.made = kept.user, kept.key, kept.key
        request.sign_in, request.password = kept.sign_in, kept.password

    def leave(self, request: Request, reason: str) -> None:
        kept = request.kept
        if request.key == kept.key or (request.user is not None and request.user == kept.user):
            kept.ended = kept.ended or reason

    def after_saving(self, request: Request, save: Any) -> Any:
        kept = request.kept
        if kept.ended and request.has_changed:
            with pytest.raises(UpdateError):
                save()
            return multiple()
        save()
        # A key that it has made itself is sent: nobody else can have brought it yet.
        assert not request.hand.sends_cookie or not request.was_overtaken or request.made
        if kept.ended or not request.has_changed:
            return request
        if request.is_of_this_sign_in:
            request.merge()
            return request
        if request.user is None:
            request.leave_behind()
        return multiple()


def run(examples: int, *, derandomize: bool) -> None:
    run_state_machine_as_test(
        Sessions,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=derandomize,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_some_hundred_steps(database):
    run(6, derandomize=True)


@pytest.mark.long
def test_five_thousand_steps(database):
    run(125, derandomize=True)  # the same steps each time, so that a failure is one to look into
