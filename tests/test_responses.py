"""How a refusal is answered, header by header."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.urls import include, path, resolve

from jenk import responses
from jenk.view_traits import Terms
from jenk.visits import ATTRIBUTE, Visit
from tests.browsers import now

REFUSED_PATHS = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:///evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//testserver@evil.example/",
    "http://testserver:81/",
    "/" + "a" * 2048,
    "",
]


def request_of(path: str = "/x/", method: str = "get", **headers: str) -> HttpRequest:
    request = getattr(RequestFactory(), method)(path, headers=headers)
    request.resolver_match = None
    setattr(request, ATTRIBUTE, Visit(now()))
    return request


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        ("", False),
        ("*/*", False),
        ("text/html", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("application/json, text/html", False),
        ("application/json;q=0.9, text/html", False),
        ("application/json, text/html;q=0.9", True),
        ("application/problem+json", True),
        ("APPLICATION/JSON", True),
        ("application/json;q=0", False),
        ("application/json;q=nonsense", True),
        ("application/json;q=nan", True),
        ("application/json;charset=utf-8", True),
        (",,;;q=,=", False),
        ("application/json" * 999, False),
        ("x/y;foo*=bogus''x, application/json", True),
    ],
)
def test_scripts_rank_json_above_html(accept: str, json: bool) -> None:
    assert responses.is_scripted(request_of(Accept=accept)) == json


@pytest.mark.parametrize("path", REFUSED_PATHS)
def test_a_way_back_that_is_not_safe_is_left_out(path: str) -> None:
    assert responses.checked(request_of(), path) is None


@pytest.mark.parametrize("path", ["/a/", "/a/?b=c&d=%20", "http://testserver/a/"])
def test_a_way_back_that_is_safe(path: str) -> None:
    assert responses.checked(request_of(), path) == path


def test_only_get_and_head_come_back() -> None:
    assert redirect(request_of("/x/?a=1")) == "/login?next=/x/%3Fa%3D1"
    assert redirect(request_of("/x/", "head")) == "/login?next=/x/"
    for method in ("post", "put", "patch", "delete", "options"):
        assert redirect(request_of("/x/", method)) == "/login"


def test_a_path_of_two_slashes_is_left_out() -> None:
    request = request_of()
    request.path = request.path_info = "//evil.example/"

    assert redirect(request) == "/login"


def test_a_path_too_long_is_left_out() -> None:
    assert redirect(request_of("/" + "x" * 3000)) == "/login"


@pytest.mark.parametrize(
    ("login_url", "expected"),
    [
        ("/enter?theme=dark", "/enter?theme=dark&next=/x/"),
        ("https://sso.example/enter", "https://sso.example/enter?next=http%3A//testserver/x/"),
        ("http://testserver/enter", "http://testserver/enter?next=/x/"),
        ("//testserver/enter", "//testserver/enter?next=/x/"),
    ],
)
def test_where_to_sign_in(login_url: str, expected: str) -> None:
    assert redirect(request_of(), Terms(login_url)) == expected
    with override_settings(LOGIN_URL=login_url):
        assert redirect(request_of()) == expected


def test_the_field_that_leads_back_can_be_named_or_left_out() -> None:
    assert redirect(request_of(), Terms(redirect_field_name="to")) == "/login?to=/x/"
    assert redirect(request_of(), Terms(redirect_field_name="")) == "/login"


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        ("http://testserver/cart/?page=2", "/login?next=/cart/%3Fpage%3D2"),
        ("http://testserver/cart/#top", "/login?next=/cart/"),
        ("/cart/", "/login?next=/cart/"),
        ("http://testserver//evil.example/", "/login?next=/%252Fevil.example/"),
        ("https://evil.example/", "/login"),
        ("javascript:alert(1)", "/login"),
        ("http://testserver:99999/", "/login"),
        ("http://[", "/login"),
        ("", "/login"),
    ],
)
def test_htmx_goes_to_sign_in_and_back_to_its_page(current: str, expected: str) -> None:
    request = request_of("/rows/", **{"HX-Request": "true", "HX-Current-URL": current})
    response = responses.refuse(request)

    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == expected


def test_htmx_may_have_encoded_the_address() -> None:
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": "http%3A//testserver/caf%C3%A9/",
        "HX-Current-URL-URI-AutoEncoded": "true",
    }

    assert responses.refuse(request_of("/rows/", **headers)).headers["HX-Redirect"] == (
        "/login?next=/caf%25C3%25A9/"
    )


def test_htmx_without_its_page_just_signs_in() -> None:
    response = responses.refuse(request_of("/rows/", **{"HX-Request": "true"}))

    assert response.headers["HX-Redirect"] == "/login"


def redirect(request: HttpRequest, *terms: Any) -> str:
    response = responses.refuse(request, *terms)
    assert response.status_code == 302
    return response.headers["Location"]


in_admin = ([path("page/", lambda request: None, name="page")], "admin")


@pytest.mark.parametrize("address", ["/own/page/", "/t/acme/page/"])
def test_an_admin_without_a_sign_in_page_to_be_found_has_that_of_the_site(address: str) -> None:
    urls = (
        path("own/", include(in_admin)),
        path("t/<slug:tenant>/", include(in_admin, namespace="tenant")),
        path("login", lambda request: None, name="login"),
    )
    with override_settings(ROOT_URLCONF=urls):
        request = request_of(address)
        request.resolver_match = resolve(address)

        assert responses.refuse(request).headers["Location"] == f"/login?next={address}"


def test_a_page_of_htmx_is_not_decoded_at_any_length() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL-URI-AutoEncoded": "true"}
    long = request_of(**headers | {"HX-Current-URL": "http://testserver/" + "%61" * 60000})

    assert responses.refuse(long).headers["HX-Redirect"] == "/login"
