"""The brief, "Quick Start": its code, run as it is written."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path

from jenk.views.auth import LoginView, LogoutView
from tests.brief import brief

pytestmark = pytest.mark.django_db

TEMPLATES = {"template.html": "{{ user|json_script }}", "block.html": brief.TEMPLATE}


def run(code: str, **names: Any) -> dict[str, Any]:
    """Execute code as a module would, and return what it defines."""
    names["__name__"] = "code_of_the_brief"
    exec(code, names)  # noqa: S102 - the brief's own
    return names


def block(request: Any) -> HttpResponse:
    return render(request, "block.html")


async def ablock(request: Any) -> HttpResponse:
    return render(request, "block.html")


def check(request: Any) -> JsonResponse:
    return JsonResponse({"answer": run(brief.MANUAL_CHECK, request=request)["answer"]})


async def acheck(request: Any) -> JsonResponse:
    return JsonResponse({"answer": run(brief.MANUAL_CHECK, request=request)["answer"]})


@pytest.fixture(autouse=True)
def _project(settings: Any) -> None:
    """A project whose views and templates are the brief's."""
    engine = dict(settings.TEMPLATES[0], APP_DIRS=False)
    own = ("django.template.loaders.locmem.Loader", TEMPLATES)
    apps = "django.template.loaders.app_directories.Loader"
    engine["OPTIONS"] = engine["OPTIONS"] | {"loaders": [own, apps]}
    settings.TEMPLATES = [engine]
    urls: Any = ModuleType("urls_of_the_brief")
    urls.urlpatterns = [
        path("login", LoginView.as_view(), name="login"),
        path("logout", LogoutView.as_view(), name="logout"),
        path("my-view", run(brief.PROTECTED_VIEW, render=render)["my_view"]),
        path("sync/block", block),
        path("async/block", ablock),
        path("sync/check", check),
        path("async/check", acheck),
    ]
    settings.ROOT_URLCONF = urls


def test_using_protected_views_sends_a_visitor_to_the_login(visitor: Any, db: Any):
    response = visitor.get("/my-view")
    assert (response.status_code, response["Location"]) == (302, "/login?next=/my-view")


def test_using_protected_views_gives_the_view_the_user_data(visitor: Any, alice: Any):
    visitor.sign_in("alice")
    response = visitor.get("/my-view")
    assert response.status_code == 200
    data = json.loads(response.text.partition(">")[2].partition("</script>")[0])
    assert list(data) == brief.KEYS
    assert data["user"] == "alice"
    assert data["user_id"] == alice.pk


def test_in_templates_a_visitor_is_offered_the_login(visitor: Any, db: Any):
    assert visitor.get("block").text.strip() == '<a href="/login">Login</a>'


def test_in_templates_a_user_is_welcomed_by_name(visitor: Any, alice: Any):
    visitor.sign_in("alice")
    assert visitor.get("block").text.strip() == "Welcome, Alice Example!"
    visitor.sign_out()
    assert visitor.get("block").text.strip() == '<a href="/login">Login</a>'


def test_in_templates_a_name_is_escaped(wsgi: Any, alice: Any):
    type(alice).objects.update(first_name="<b>", last_name="")
    wsgi.sign_in("alice")
    assert wsgi.get("block").text.strip() == "Welcome, &lt;b&gt;!"


def test_manual_check_tells_logged_in_from_not_logged_in(visitor: Any, alice: Any):
    assert visitor.get("check").json() == {"answer": "not logged in"}
    visitor.sign_in("alice")
    assert visitor.get("check").json() == {"answer": "logged in"}
    visitor.sign_out()
    assert visitor.get("check").json() == {"answer": "not logged in"}
