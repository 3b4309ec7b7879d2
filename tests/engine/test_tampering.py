"""Whoever can write to the table: what docs/tampering.md says, done column by column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jenk import keys, lifecycle, seals
from jenk.models import Session, SessionEvent
from jenk.record import now
from tests.docs.documents import cells, code
from tests.engine.hands import kept, opened, row, signed_in, user_of

pytestmark = pytest.mark.checkout

DOCUMENT = Path(__file__).parents[2] / "docs" / "tampering.md"
COLUMNS = {field.name: field for field in Session._meta.concrete_fields}


def table(title: str) -> list[list[str]]:
    """Return the rows of the table under a heading of the document."""
    part = (
        DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    )
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [cells(line) for line in lines[2:]]


def columns_of(cell: str) -> list[str]:
    named = re.findall(r"`(\w+)`", cell)
    return [name for name in COLUMNS if name not in named] if cell.startswith("all but") else named


ONE = table("One column")
SEVERAL = table("Several columns")
ENDED = table("An ended session")


class Table:
    """The table with the row under attack, another user's row and another of the same user's."""

    def __init__(self, anna: Any, otto: Any) -> None:
        self.user = otto
        self.session = signed_in(otto, mine="otto's")
        self.other = signed_in(otto, mine="otto's elsewhere")
        self.victim = signed_in(anna, mine="anna's", secret="anna's")
        for one in (self.other, self.victim):
            opened(one.key).rotate_and_save()
        long_ago = now() - timedelta(hours=1)
        Session.objects.filter(pk=self.other.handle).update(last_activity=long_ago)

    def change(self, names: Iterable[str], to: str) -> None:
        found = {name: self.value(COLUMNS[name], to) for name in names}
        Session.everything.filter(pk=self.session.handle).update(**found)

    def value(self, field: Any, to: str) -> Any:
        """Return what an attacker writes into a column."""
        if to in {"another's", "own other"}:
            source = self.victim if to == "another's" else self.other
            return getattr(row(source), field.attname)
        if to == "empty":
            return None if field.null or isinstance(field, models.DateTimeField) else ""
        if to == "made up":
            return made_up(field)
        instant = getattr(row(self.session), field.name) or now()
        moves = {
            "now": now,
            "a year later": lambda: instant + timedelta(days=365),
            "a year earlier": lambda: instant - timedelta(days=365),
            "a day earlier": lambda: instant - timedelta(days=1),
        }
        return moves[to]()


def made_up(field: Any) -> Any:
    if isinstance(field, models.PositiveIntegerField):
        return 7
    if isinstance(field, models.GenericIPAddressField):
        return "192.0.2.7"
    values = {
        "handle": keys.new_handle(),
        "expiry": "1",
        "payload": '{"_auth_user_id":"1","mine":"made up"}',
    }
    return values.get(field.name, "x" * min(field.max_length or 20, 20))


@pytest.fixture
def attacked(anna: Any, otto: Any) -> Table:
    return Table(anna, otto)


def refusals() -> list[str]:
    return list(SessionEvent.objects.filter(kind="refused").values_list("reason", flat=True))


def snapshot_of(handle: str) -> Any:
    return Session.everything.filter(pk=handle).values().first()


def check(attacked: Table, answer: str, *, twin: bool) -> None:
    """Check the answer to the next request with the key of the row that was changed."""
    before = snapshot_of(attacked.session.handle)
    found = opened(attacked.session.key, twin=twin)
    after = snapshot_of(attacked.session.handle)
    if answer in {"as before", "impossible"}:
        assert found.user() == attacked.user
        assert found.get("mine") == "otto's"
    else:
        assert found.user() is None
        assert list(found.session.keys()) == []
    assert (after != before) <= (answer == "ended")
    assert refusals() == (["tampered"] if answer == "refused" else [])
    if answer == "ended":
        assert after["ended_at"] is not None
        assert after["payload"] in {"", before["payload"]}
    assert "anna's" not in kept(attacked.session.key).values()
    assert user_of(attacked.victim.key) is None  # its key was renewed


@pytest.mark.parametrize(("column", "to", "answer"), ONE)
def test_a_column_that_was_changed(attacked, twin, column, to, answer):
    if code(answer) == "impossible":
        with pytest.raises(IntegrityError), transaction.atomic():
            attacked.change(columns_of(column), to)
    else:
        attacked.change(columns_of(column), to)

    check(attacked, code(answer), twin=twin)


@pytest.mark.parametrize(("columns", "to", "answer"), SEVERAL)
def test_columns_that_were_changed(attacked, twin, columns, to, answer):
    attacked.change(columns_of(columns), to)

    check(attacked, code(answer), twin=twin)


@pytest.mark.parametrize(("columns", "to", "answer"), ENDED)
def test_an_ended_session_that_was_changed(attacked, twin, columns, to, answer):
    lifecycle.end(attacked.session.handle, reason="ended_by_user")
    attacked.change(columns_of(columns), to)

    check(attacked, code(answer), twin=twin)


def test_every_column_is_in_the_document():
    assert {code(row[0]) for row in ONE} == set(COLUMNS)


# --- Whatever is changed ------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "handle"])
def test_columns_that_changed_places(anna, otto, name):
    sessions = {"anna": signed_in(anna, mine="anna's"), "otto": signed_in(otto, mine="otto's")}
    values = {who: getattr(row(one), COLUMNS[name].attname) for who, one in sessions.items()}
    for who, other in (("anna", "otto"), ("otto", "anna")):
        Session.everything.filter(pk=sessions[who].handle).update(**{name: values[other]})

    for who, one in sessions.items():
        user = user_of(one.key)
        assert user is None or user.username == who
        assert kept(one.key) in ({}, {"mine": f"{who}'s"})


@settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    names=st.sets(st.sampled_from([name for name in COLUMNS if name != "handle"])),
    from_own=st.sets(st.sampled_from(["payload", "payload_mac", "seal", "authenticated_at"])),
)
def test_any_columns_of_others_make_nobody_somebody_else(database, names, from_own):
    from tests.conftest import make_user  # noqa: PLC0415 - needs the settings
    from tests.engine import databases  # noqa: PLC0415

    databases.empty()
    anna, otto = make_user("anna", role=1), make_user("otto", role=1)
    attacked = Table(anna, otto)
    attacked.change(names, "another's")
    attacked.change(from_own - names, "own other")

    for key in (attacked.session.key, attacked.session.handle + attacked.victim.key[25:]):
        assert user_of(key) in {None, otto}
        assert set(kept(key).values()) <= {"otto's"}


def test_a_row_that_was_copied_under_another_handle(anna):
    """With the digest of a secret that the attacker knows."""
    victim = row(signed_in(anna, mine="anna's"))
    secret = keys.new_secret()
    victim.pk = keys.new_handle()
    victim.save(force_insert=True)
    Session.objects.filter(pk=victim.pk).update(secret_hash=seals.digest(secret))

    assert user_of(victim.pk + secret) is None
    assert kept(victim.pk + secret) == {}


def test_a_row_that_took_the_place_of_another(anna, otto):
    victim, thief = signed_in(anna, mine="anna's"), signed_in(otto, mine="otto's")
    Session.objects.filter(pk=victim.handle).delete()
    Session.objects.filter(pk=thief.handle).update(handle=victim.handle)

    for key in (victim.key, thief.key, victim.handle + thief.key[25:]):
        assert user_of(key) is None
        assert kept(key) == {}


def test_a_visitors_row_that_was_given_a_user(anna):
    visitors = opened(None).put(seen=1).save()
    mine = row(signed_in(anna))
    names = ("user_id", "authenticated_at", "auth_tag")
    Session.objects.filter(pk=visitors.handle).update(**{n: getattr(mine, n) for n in names})

    assert user_of(visitors.key) is None


def test_what_was_changed_between_reading_and_writing_is_not_sealed(attacked, twin):
    """A request in flight must not put a good code on what somebody else has written."""
    in_flight = opened(attacked.session.key, twin=twin)
    attacked.change(["payload", "version"], "made up")
    with suppress(Exception):
        in_flight.put(cart=3).save()

    assert "made up" not in kept(attacked.session.key).values()


@pytest.mark.parametrize("step", ["put", "rotate", "touch"])
def test_no_step_seals_another_user(attacked, anna, twin, step):
    in_flight = opened(attacked.session.key, twin=twin)
    attacked.change(["user"], "another's")
    steps: dict[str, Callable[[], Any]] = {
        "put": lambda: in_flight.put(cart=3).save(),
        "rotate": in_flight.rotate_and_save,
        "touch": in_flight.use_now_and_save,
    }
    with suppress(Exception):
        steps[step]()

    assert {user_of(key) for key in (attacked.session.key, in_flight.key)} <= {None, attacked.user}
    assert row(attacked.session).user_id in {anna.pk, attacked.user.pk}


def test_a_refusal_over_http(browser, attacked):
    """A script is told, no cookie is touched, and the session is back once the row is."""
    stored = row(attacked.session).user_id
    browser.set_cookie("sessionid", attacked.session.key)
    browser.set_cookie("sessionid_seen", "1")
    attacked.change(["user"], "another's")
    response = browser.get("ajax/")

    assert (response.status_code, response.json()["reason"]) == (401, "tampered")
    assert dict(response.cookies) == {}
    Session.objects.filter(pk=attacked.session.handle).update(user=stored)
    assert browser.get("ajax/").json()["user"] == "otto"
