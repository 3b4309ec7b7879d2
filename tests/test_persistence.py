"""The brief: "Database-backed sessions - Persistent across server restarts".

Shown by real servers: each is killed, and another process takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brief import brief
from tests.sites.people import Page, Person
from tests.sites.processes import Project, new_database
from tools.server import Site

SETTINGS = "tests.sites.quick"


@pytest.fixture(scope="module", params=["jenk.backends.db", brief.SETTINGS["SESSION_ENGINE"]])
def engine(request: pytest.FixtureRequest) -> str:
    """The engine of the example site, and the one of the brief."""
    return request.param


@pytest.fixture(scope="module")
def database_url(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of the kind under test, with the demo users."""
    with django_db_blocker.unblock(), new_database(tmp_path_factory.mktemp("persistence")) as url:
        project = Project(SETTINGS, url)
        project.manage("migrate", "--verbosity=0")
        project.manage("seed_users", "--force")
        yield url


@pytest.fixture
def site(database_url: str, engine: str, tmp_path: Path) -> Site:
    """The example site, which each `with` starts anew on the same database."""
    log = tmp_path / "site"
    log.touch()  # `Site` takes it for a database that is there, and keeps its log beside it
    environ = {"DATABASE_URL": database_url, "SESSION_ENGINE": engine}
    return Site(log, environ, settings=SETTINGS)


@pytest.fixture
def project(database_url: str, engine: str) -> Project:
    return Project(SETTINGS, database_url, {"SESSION_ENGINE": engine})


def rows(project: Project, key: str | None) -> int:
    module = brief.SHELL_MODULES[project.environ["SESSION_ENGINE"]]
    query = f"answer = Session.objects.filter(pk={key!r}).count()"
    return project.ask(f"from {module} import Session\n{query}")


def facts(page: Page) -> dict[str, Any]:
    assert page.status == 200, page.text
    return json.loads(page.text)


def test_a_person_stays_signed_in_when_the_server_is_killed_and_started_again(
    site: Site, project: Project
):
    person = Person()
    with site:
        assert person.sign_in(f"{site.url}/login?next=/dashboard/", "carol").status == 302
        before = facts(person.get(f"{site.url}/api/me"))
        first = site.process.pid
    assert site.process.poll() is not None
    key = person.cookie("sessionid")
    with site:
        assert site.process.pid != first
        dashboard = person.get(f"{site.url}/dashboard/")
        after = facts(person.get(f"{site.url}/api/me"))
    assert person.cookie("sessionid") == key
    assert dashboard.status == 200
    assert "Welcome, Carol Lindqvist" in dashboard.words
    for name in brief.KEYS:
        assert f"<code>{name}</code>" in dashboard.text
    for name in brief.KEYS[:-1]:
        assert f"<code>{before[name]}</code>" in dashboard.text
    assert after.keys() == set(brief.KEYS)
    assert after | {"last_activity": ""} == before | {"last_activity": ""}
    assert after["last_activity"] > before["last_activity"]
    assert rows(project, key) == 1


def test_a_sign_out_is_one_for_every_server_there_will_be(site: Site, project: Project):
    person, thief = Person(), Person()
    with site:
        person.sign_in(f"{site.url}/login", "alice")
        assert person.get(f"{site.url}/dashboard/").status == 200
        key = person.cookie("sessionid")
        for cookie in person.cookies:
            thief.cookies.set_cookie(cookie)
    with site:
        assert thief.get(f"{site.url}/dashboard/").status == 200
        assert person.post(f"{site.url}/logout").status == 302
        assert person.cookie("sessionid") is None
        assert rows(project, key) == 0
        assert person.get(f"{site.url}/dashboard/").status == 302
        assert thief.get(f"{site.url}/dashboard/").status == 302
    with site:
        assert person.get(f"{site.url}/api/me").status == 401
        assert thief.get(f"{site.url}/api/me").status == 401


def test_what_a_visitor_has_is_there_after_a_restart_too(site: Site, project: Project):
    person = Person()
    with site:
        assert person.get(f"{site.url}/").status == 200
        key = person.cookie("sessionid")
    with site:
        assert person.get(f"{site.url}/").status == 200
        assert person.cookie("sessionid") == key
    assert rows(project, key) == 1


def test_two_servers_on_one_database_share_every_session(site: Site):
    person = Person()
    other = Site(site.database, site.environ)
    with site, other:
        assert person.sign_in(f"{site.url}/login", "bob").status == 302
        assert facts(person.get(f"{other.url}/api/me"))["user"] == "bob"
        assert person.post(f"{other.url}/logout").status == 302
        assert person.get(f"{site.url}/api/me").status == 401
