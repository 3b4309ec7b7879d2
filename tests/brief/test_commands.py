"""The brief, "Database Migration", "Next Steps" and "Testing Session Management", as written."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.brief import brief
from tests.sites.people import Person
from tests.sites.processes import Project, new_database
from tools.server import Site

SIGN_IN = """\
from django.contrib.auth import get_user_model
from django.test import Client
client = Client()
user = get_user_model().objects.get(username={username!r})
client.force_login(user)
client.get("/dashboard/")
answer = client.cookies["sessionid"].value
"""
TABLES = "from django.db import connection\nanswer = connection.introspection.table_names()"


@pytest.fixture(scope="module", params=brief.SHELL_MODULES)
def project(
    request: pytest.FixtureRequest,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    """The example site on an empty database of the kind under test, with either engine."""
    with django_db_blocker.unblock(), new_database(tmp_path_factory.mktemp("commands")) as url:
        yield Project("website.settings", url, {"SESSION_ENGINE": request.param})


@pytest.fixture
def model(project: Project) -> str:
    """The module of the session model, as the shell session imports it."""
    return brief.SHELL_MODULES[project.environ["SESSION_ENGINE"]]


@pytest.fixture(scope="module")
def migrated(project: Project) -> Project:
    project.manage("migrate", "--verbosity=0")
    project.manage("seed_users", "--force")
    return project


def test_manage_py_migrate_creates_the_django_session_table(django_db_blocker: Any, tmp_path: Any):
    """python manage.py migrate"""
    with django_db_blocker.unblock(), new_database(tmp_path) as url:
        project = Project("website.settings", url)
        assert project.ask(TABLES) == []
        printed = project.manage("migrate")
        assert "Applying sessions.0001_initial... OK" in printed
        assert "django_session" in project.ask(TABLES)
        assert "No migrations to apply." in project.manage("migrate")


def test_no_migration_is_missing(migrated: Project):
    assert "No changes detected" in migrated.manage("makemigrations", "--check", "--dry-run")


def test_the_example_site_passes_the_checks(migrated: Project):
    assert migrated.manage("check") == "System check identified no issues (0 silenced).\n"


def test_the_shell_session_runs_as_it_is_written(migrated: Project, model: str, tmp_path: Path):
    """Typed into `python manage.py shell`, which answers each line."""
    alice = migrated.ask(SIGN_IN.format(username="alice"))
    bob = migrated.ask(SIGN_IN.format(username="bob"))
    typed = shell_session(model, alice)
    environ = {**migrated.environ, "HOME": str(tmp_path)}  # where a history is written
    at_home = replace(migrated, environ=environ)
    printed = at_home.type_into("shell", typed=typed)
    answers = [re.sub(r"^(>>> |\.\.\. )+", "", line) for line in printed.splitlines()]
    (listed,) = [answer for answer in answers if "QuerySet [" in answer]
    for key in (alice, bob):  # jenk's engine shows the handle, which a key begins with
        assert (key if model.startswith("django.") else key[:25]) in listed
    (decoded,) = [ast.literal_eval(answer) for answer in answers if answer.startswith("{")]
    public = {key: value for key, value in decoded.items() if not key.startswith("_")}
    assert public.keys() == set(brief.KEYS)
    assert public["user"] == "alice"
    assert public["user_name"] == "Alice Hartmann"
    assert public["user_email"] == "alice@example.com"


def shell_session(model: str, key: str) -> str:
    script = brief.SHELL_SESSION.replace("session_key", key)
    return script.replace("django.contrib.sessions.models", model)


def test_the_shell_session_runs_as_a_script(migrated: Project, model: str):
    key = migrated.ask(SIGN_IN.format(username="carol"))
    script = shell_session(model, key)
    report = "\nimport json; print(json.dumps(session.get_decoded()['user_role']))\n"
    assert json.loads(migrated.manage("shell", stdin=script + report).splitlines()[-1]) == 2


def test_the_next_steps_lead_to_a_site_with_sessions(migrated: Project, model: str, tmp_path: Any):
    """Migration, login, access in different views, logout, a protected view, a template."""
    database = tmp_path / "log"
    database.touch()  # what `Site` keeps its log beside; the database is the one under test
    site = Site(database, {"DATABASE_URL": migrated.database_url, **migrated.environ})
    person = Person()
    with site:
        assert person.get(f"{site.url}/dashboard/").headers["Location"] == "/login?next=/dashboard/"
        answer = person.sign_in(f"{site.url}/login", "alice")
        assert (answer.status, answer.headers["Location"]) == (302, "/dashboard/")
        key = person.cookie("sessionid")
        assert "Welcome, Alice Hartmann" in person.get(f"{site.url}/dashboard/").words
        assert json.loads(person.get(f"{site.url}/api/me").text)["user"] == "alice"
        assert "Welcome, Alice Hartmann!" in person.get(f"{site.url}/").words
        assert person.get(f"{site.url}/managers/").status == 403
        assert person.post(f"{site.url}/logout").headers["Location"] == "/"
        assert "Welcome" not in person.get(f"{site.url}/").words
        assert person.get(f"{site.url}/api/me").status == 401
    query = f"answer = Session.objects.filter(pk={key!r}).count()"
    assert migrated.ask(f"from {model} import Session\n{query}") == 0
