"""Users of another shape, in a project of their own: a table of sessions has one kind of user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sites.processes import Project, new_database

SETTINGS = "tests.sites.uuids.settings"

VISIT = """
from django.contrib.auth import get_user_model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.db import connection
from jenk import lifecycle
from jenk.models import Session
from jenk.stores import joined
people = get_user_model()._base_manager
person = people.create(email="ann@example.com", password="x")
client = Client()
client.force_login(person)
client.get("/me")
with CaptureQueriesContext(connection) as captured:
    seen = client.get("/me").json()
row = Session.objects.get()
answer = {
    "joined": joined.is_possible("default"),
    "statements": len(captured),
    "id": [str(person.pk), seen["user_id"], str(row.user_id)],
    "decoded": row.get_decoded()["user"],
    "listed": [one.handle == row.handle for one in lifecycle.sessions_of(person)],
    "limit": lifecycle.end_all(person, reason="ended_by_code"),
    "after": client.get("/me").json()["reason"],
}
client.force_login(person)
people.filter(pk=person.pk).update(email="hidden@example.com")
answer["hidden"] = client.get("/me").json().get("reason")
"""


@pytest.mark.parametrize(
    ("model", "joined"), [("uuids.Plain", True), ("uuids.Person", False)], ids=["stock", "own"]
)
def test_users_with_uuids_and_with_a_manager_of_their_own(
    django_db_blocker: Any, tmp_path: Path, model: str, joined: bool
) -> None:
    """A manager that hides users is asked, so one it hides is as good as deleted."""
    with django_db_blocker.unblock(), new_database(tmp_path) as url:
        project = Project(SETTINGS, url, {"USER_MODEL": model})
        project.manage("migrate", "--run-syncdb", "--verbosity=0")
        answer = project.ask(VISIT)

    assert answer["joined"] is joined
    assert answer["statements"] == (1 if joined else 2)
    assert len(set(answer["id"])) == 1
    assert answer["decoded"] == "ann@example.com"
    assert answer["listed"] == [True]
    assert answer["limit"] == 1
    assert answer["after"] == "ended_by_code"
    assert answer["hidden"] == (None if joined else "deleted")
