"""Signing in by other people's code: django-allauth, the admin, test clients, `login()` itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib import admin, auth
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.utils.html import strip_tags

from tests.brief import brief
from tests.sites.people import Person
from tests.sites.processes import Project, new_database
from tests.urls import urlpatterns
from tools.server import Site
from website.models import User

EXPIRED = "You were signed out because your session had expired."


def words(response: Any) -> str:
    return " ".join(strip_tags(response.text).split())


# --- django-allauth -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=brief.SHELL_MODULES)
def allauth_project(
    request: pytest.FixtureRequest,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    pytest.importorskip("allauth")
    with django_db_blocker.unblock(), new_database(tmp_path_factory.mktemp("allauth")) as url:
        environ = {"SESSION_ENGINE": request.param}
        project = Project("tests.sites.allauth_settings", url, environ)
        project.manage("migrate", "--verbosity=0")
        project.manage("seed_users", "--force")
        yield project


@pytest.fixture(scope="module")
def site(allauth_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("log") / "site"
    log.touch()  # `Site` takes it for a database that is there, and keeps its log beside it
    environ = {"DATABASE_URL": allauth_project.database_url, **allauth_project.environ}
    with Site(log, environ, settings=allauth_project.settings) as running:
        yield running


def drop_sessions(project: Project) -> None:
    """Have no session be there any more."""
    module = brief.SHELL_MODULES[project.environ["SESSION_ENGINE"]]
    project.ask(f"from {module} import Session\nanswer = Session.objects.all().delete()[0]")


def test_signing_in_by_allauth_fills_the_eight_keys(site: Site):
    person = Person()
    url = f"{site.url}/accounts/login/"
    assert person.get(url).status == 200
    response = person.post(url, login="carol", password="demo-password")
    assert (response.status, response.headers["Location"]) == (302, "/me")
    facts = json.loads(person.get(f"{site.url}/me").text)
    assert facts.keys() == set(brief.KEYS)
    assert (facts["user"], facts["user_role"]) == ("carol", 2)
    assert person.cookie("sessionid_seen") == "1"


def test_allauths_own_sign_in_page_says_why_once_and_leads_back(
    site: Site, allauth_project: Project
):
    person = Person()
    url = f"{site.url}/accounts/login/"
    person.get(url)
    person.post(url, login="carol", password="demo-password")
    drop_sessions(allauth_project)
    response = person.get(f"{site.url}/me")
    assert (response.status, response.headers["Location"]) == (302, "/accounts/login/?next=/me")
    page = person.get(f"{site.url}/accounts/login/?next=/me")
    assert page.status == 200
    assert page.words.count(EXPIRED) == 1
    assert EXPIRED not in person.get(url).words
    response = person.post(f"{url}?next=/me", login="carol", password="demo-password", next="/me")
    assert (response.status, response.headers["Location"]) == (302, "/me")
    assert person.get(f"{site.url}/me").status == 200


def test_allauths_sign_out_ends_the_session(site: Site):
    person = Person()
    url = f"{site.url}/accounts/login/"
    person.get(url)
    person.post(url, login="carol", password="demo-password")
    key = person.cookie("sessionid")
    assert person.get(f"{site.url}/me").status == 200
    assert person.post(f"{site.url}/accounts/logout/").status == 302
    assert person.cookie("sessionid") not in {key, ""}
    assert person.cookie("sessionid_seen") is None
    response = person.get(f"{site.url}/me")
    assert (response.status, response.headers["Location"]) == (302, "/accounts/login/?next=/me")
    assert EXPIRED not in person.get(url).words


def test_the_admins_own_sign_in_page_says_why_in_a_project_with_allauth(
    site: Site, allauth_project: Project
):
    person = Person()
    login = f"{site.url}/admin/login/"
    assert person.sign_in(login, "admin").status == 302
    assert person.get(f"{site.url}/admin/").status == 200
    drop_sessions(allauth_project)
    response = person.get(f"{site.url}/admin/")
    assert response.headers["Location"] == "/admin/login/?next=/admin/"
    assert person.get(f"{login}?next=/admin/").words.count(EXPIRED) == 1
    assert EXPIRED not in person.get(login).words


# --- The admin ----------------------------------------------------------------------------------


@pytest.fixture(params=brief.ORDERS, ids=lambda order: order.replace(" ", "-"))
def visitor(request: pytest.FixtureRequest, browser: Any, settings: Any) -> Any:
    """A browser of a site whose admin has Django's own templates."""
    settings.MIDDLEWARE = brief.ORDERS[request.param]
    templates = Path(admin.__file__).parent / "templates"
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [templates]}]
    return browser


@pytest.fixture
def ada(db: None) -> Any:
    return User.objects.create_superuser("ada", "ada@example.com", "pw", first_name="Ada")


def sign_in_by_admin(browser: Any) -> Any:
    return browser.post("/admin/login/?next=/admin/", {"username": "ada", "password": "pw"})


def test_signing_in_by_the_admin_fills_the_eight_keys(visitor: Any, ada: Any):
    response = sign_in_by_admin(visitor)
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    answer = visitor.get("plain/").json()
    assert answer["keys"] == answer["session_user"]
    assert answer["keys"].keys() == set(brief.KEYS)
    assert (answer["keys"]["user"], answer["keys"]["user_role"]) == ("ada", 3)
    assert visitor.get("/admin/").status_code == 200
    assert visitor.get("managers/").status_code == 200


def test_an_expired_session_at_the_admin_is_sent_to_the_admins_own_sign_in(visitor: Any, ada: Any):
    sign_in_by_admin(visitor)
    visitor.expire()
    response = visitor.get("/admin/website/user/?q=x")
    target = "/admin/login/?next=/admin/website/user/%3Fq%3Dx"
    assert (response.status_code, response["Location"]) == (302, target)


def test_the_admins_own_sign_in_page_says_why_once(visitor: Any, ada: Any, settings: Any):
    settings.JENK_REASON_MESSAGE = True
    sign_in_by_admin(visitor)
    visitor.expire("expired")
    target = visitor.get("/admin/")["Location"]
    response = visitor.get(target)
    assert response.status_code == 200
    assert words(response).count(EXPIRED) == 1
    assert "this is the admin" not in words(response)
    assert EXPIRED not in words(visitor.get(target))
    assert sign_in_by_admin(visitor).status_code == 302
    assert EXPIRED not in words(visitor.get("/admin/"))


def test_without_the_setting_the_admins_own_sign_in_page_says_nothing(visitor: Any, ada: Any):
    sign_in_by_admin(visitor)
    visitor.expire("expired")
    target = visitor.get("/admin/")["Location"]
    assert EXPIRED not in words(visitor.get(target))


def test_signing_in_without_having_read_why_does_not_show_it_later(
    visitor: Any, ada: Any, settings: Any
):
    settings.JENK_REASON_MESSAGE = True
    sign_in_by_admin(visitor)
    visitor.expire("expired")
    visitor.get("/admin/")
    assert sign_in_by_admin(visitor).status_code == 302
    assert EXPIRED not in words(visitor.get("/admin/"))
    assert visitor.marker == "1"


def test_the_admins_sign_out_ends_the_session(visitor: Any, ada: Any):
    sign_in_by_admin(visitor)
    key = visitor.key
    assert "Logged out" in words(visitor.post("/admin/logout/"))
    assert visitor.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert visitor.key != key
    store = import_module(django_settings.SESSION_ENGINE).SessionStore(key)
    assert dict(store.items()) == {}


def test_a_password_that_the_admin_changes_keeps_that_session_alone(visitor: Any, ada: Any):
    """`update_session_auth_hash()` is Django's own, and works on."""
    sign_in_by_admin(visitor)
    other = visitor.another()
    sign_in_by_admin(other)
    new = {"new_password1": "c0rrect-horse", "new_password2": "c0rrect-horse"}
    changed = visitor.post("/admin/password_change/", {"old_password": "pw"} | new)
    assert changed.status_code == 302
    answer = visitor.get("ajax/")
    assert (answer.status_code, answer.json()["user"]) == (200, "ada")
    assert other.get("ajax/").json()["reason"] == "password_changed"


# --- Test clients, and login() itself -----------------------------------------------------------


def check_facts(answer: dict[str, Any]) -> None:
    assert answer["keys"] == answer["session_user"]
    assert answer["keys"].keys() == set(brief.KEYS)
    assert answer["keys"]["user"] == "alice"


@pytest.mark.parametrize(
    "sign_in",
    [
        lambda client, user: client.force_login(user),
        lambda client, user: client.login(username="alice", password="pw"),
    ],
    ids=["force_login", "login"],
)
def test_a_test_client_that_signs_in_counts(alice: Any, sign_in: Callable[[Client, Any], object]):
    client = Client()
    sign_in(client, alice)
    check_facts(client.get("/sync/private/").json())
    client.logout()
    assert client.get("/sync/private/").status_code == 302


@pytest.mark.parametrize(
    "sign_in",
    [
        lambda client, user: client.aforce_login(user),
        lambda client, user: client.alogin(username="alice", password="pw"),
    ],
    ids=["aforce_login", "alogin"],
)
async def test_an_async_test_client_that_signs_in_counts(
    alice: Any, sign_in: Callable[[AsyncClient, Any], Any]
):
    client = AsyncClient()
    await sign_in(client, alice)
    check_facts((await client.get("/async/private/")).json())
    await client.alogout()
    assert (await client.get("/async/private/")).status_code == 302


def enter(request: HttpRequest) -> HttpResponse:
    user = auth.authenticate(request, username="alice", password="pw")
    auth.login(request, user)
    return HttpResponse(request.session["user"])


async def aenter(request: HttpRequest) -> HttpResponse:
    user = await auth.aauthenticate(request, username="alice", password="pw")
    await auth.alogin(request, user)
    return HttpResponse(await request.session.aget("user"))


@pytest.mark.parametrize("name", ["enter", "aenter"])
def test_a_view_that_calls_login_or_alogin_counts(
    visitor: Any, alice: Any, name: str, settings: Any
):
    urls: Any = ModuleType("urls_with_own_login")
    urls.urlpatterns = [path("enter", enter), path("aenter", aenter), *urlpatterns]
    settings.ROOT_URLCONF = urls
    assert visitor.post(f"/{name}").text == "alice"
    check_facts(visitor.get("private/").json())
    assert visitor.marker == "1"
