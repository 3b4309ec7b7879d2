"""The brief, "Session Data Structure": "When a user logs in, the following data is stored"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from tests.brief import brief
from tests.brief.brief import NOON
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

ISO_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
TYPES = {
    "user": str,
    "user_id": int,
    "user_email": str,
    "user_name": str,
    "user_role": int,
    "user_status": int,
    "login_time": str,
    "last_activity": str,
}


@pytest.fixture
def user(db: None) -> Any:
    """The user of the brief's example."""
    user = make_user("username", role=2, status=1)
    user.email, user.first_name, user.last_name = "email@site.com", "Full", "Name"
    user.save()
    return user


def stored(visitor: Any) -> dict[str, Any]:
    """Return what the row holds under public keys."""
    data = Session.objects.get(pk=visitor.key).get_decoded()
    return {key: value for key, value in data.items() if not key.startswith("_")}


def test_the_stored_data_are_those_of_the_example(visitor: Any, user: Any, clock: Any):
    visitor.sign_in("username")
    expected = {
        "user": "username",
        "user_id": user.pk,
        "user_email": "email@site.com",
        "user_name": "Full Name",
        "user_role": 2,
        "user_status": 1,
        "login_time": brief.written(NOON),
        "last_activity": brief.written(NOON),
    }
    assert stored(visitor) == expected
    assert visitor.get("plain/").json()["keys"] == expected


def test_a_signed_in_session_holds_these_eight_keys_and_no_others(visitor: Any, user: Any):
    visitor.sign_in("username")
    visitor.get("plain/")
    assert sorted(stored(visitor)) == sorted(brief.KEYS)


def test_each_value_has_the_type_of_the_example(visitor: Any, user: Any):
    visitor.sign_in("username")
    visitor.get("plain/")
    data = stored(visitor)
    assert {key: type(value) for key, value in data.items()} == TYPES
    data = visitor.get("plain/").json()["keys"]
    assert {key: type(value) for key, value in data.items()} == TYPES


@pytest.mark.parametrize("key", ["login_time", "last_activity"])
def test_a_time_is_an_iso_timestamp_in_utc_with_microseconds(visitor: Any, user: Any, key: str):
    visitor.sign_in("username")
    value = stored(visitor)[key]
    assert ISO_TIMESTAMP.fullmatch(value)
    assert datetime.fromisoformat(value).utcoffset() == timedelta(0)


def test_microseconds_are_written_even_where_there_are_none(wsgi: Any, user: Any, clock: Any):
    wsgi.sign_in("username")
    assert stored(wsgi)["login_time"] == "2026-01-25T12:00:00.000000+00:00"


def test_login_time_is_when_the_user_logged_in_and_stays(visitor: Any, user: Any, clock: Any):
    visitor.sign_in("username")
    clock.shift(timedelta(hours=3))
    visitor.get("plain/")
    assert stored(visitor)["login_time"] == brief.written(NOON)
    assert stored(visitor)["last_activity"] == brief.written(NOON + timedelta(hours=3))


def test_signing_in_again_moves_login_time(visitor: Any, user: Any, clock: Any):
    visitor.sign_in("username")
    clock.shift(timedelta(hours=3))
    visitor.sign_in("username")
    assert stored(visitor)["login_time"] == brief.written(NOON + timedelta(hours=3))


@pytest.mark.parametrize("status", [0, 1])
def test_user_status_tells_active_from_inactive(wsgi: Any, user: Any, status: int):
    """It is a fact to show, and locks nobody out; `is_active` does."""
    type(user).objects.update(status=status)
    wsgi.sign_in("username")
    assert stored(wsgi)["user_status"] == status
    assert wsgi.get("private/").status_code == 200


def test_nothing_of_a_user_is_stored_before_one_logs_in(visitor: Any, user: Any):
    visitor.get("plain/")
    assert stored(visitor) == {}
    assert visitor.get("plain/").json()["keys"] == {}
