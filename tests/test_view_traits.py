"""Which views are public, passive or without a session, by what the URL resolved to."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import (
    clear_script_prefix,
    include,
    path,
    re_path,
    resolve,
    set_script_prefix,
)
from django.utils.decorators import method_decorator
from django.views import View

from jenk import view_traits
from jenk.decorators import passive, public, session_required, session_required_ajax
from jenk.mixins import SessionRequiredMixin
from jenk.view_traits import DEFAULT_TERMS, Terms, ViewTraits
from tests import urls
from tests.browsers import Browser


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@public
def open_(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@login_not_required
def stock_open(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@method_decorator([public, passive], name="dispatch")
class OpenPage(View):
    pass


class OwnLogin(auth_views.LoginView):
    pass


class Page(SessionRequiredMixin, View):
    login_url = "/enter"


class Callable:
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


named = [path("plain/", plain, name="plain")]
urlpatterns = [
    path("plain/", plain, name="plain"),
    path("inner/", include((named, "inner"))),
    path("open/", open_),
    path("stock-open/", stock_open),
    path("open-page/", OpenPage.as_view()),
    path("own-login/", OwnLogin.as_view()),
    path("reset/", auth_views.PasswordResetView.as_view()),
    path("bye/", auth_views.LogoutView.as_view()),
    path("enter/", plain, name="enter"),
    path("partial/", partial(plain), name="partial"),
    path("callable/", Callable()),
    path("page/", Page.as_view()),
    path("deco/", session_required(login_url="/enter")(plain)),
    *urls.urlpatterns,
]

pytestmark = pytest.mark.usefixtures("_urls")


@pytest.fixture
def _urls() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def traits(path: str) -> ViewTraits:
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path)
    return ViewTraits(request, request.resolver_match.func)


@pytest.mark.parametrize(
    ("path", "is_public"),
    [
        ("/plain/", False),
        ("/inner/plain/", False),
        ("/open/", True),
        ("/stock-open/", True),
        ("/open-page/", True),
        ("/own-login/", True),
        ("/reset/", True),
        ("/bye/", True),
        ("/login", True),
        ("/logout", True),
        ("/admin/", False),
        ("/admin/login/", True),
        ("/admin/logout/", True),
        ("/admin/website/user/", False),
        ("/static/x.css", True),
        ("/partial/", False),
        ("/callable/", False),
    ],
)
def test_public_without_configuration(path: str, is_public: bool) -> None:
    assert traits(path).public == is_public


@pytest.mark.parametrize(
    ("login_url", "expected"),
    [("/enter/", True), ("enter", True), ("/enter/?a=b", True), ("/nowhere/", False)],
)
def test_the_page_at_login_url_is_public(login_url: str, expected: bool) -> None:
    with override_settings(LOGIN_URL=login_url):
        assert traits("/enter/").public == expected
        assert traits("/enter/").signs_in == expected
        assert not traits("/plain/").signs_in


def test_under_a_script_prefix_the_name_of_the_page_still_leads_to_it() -> None:
    with override_settings(LOGIN_URL="enter"):
        set_script_prefix("/app/")
        try:
            assert traits("/enter/").signs_in
        finally:
            clear_script_prefix()


@pytest.mark.parametrize("login_url", ["", None])
def test_without_a_login_url_nothing_more_is_public(login_url: Any) -> None:
    with override_settings(LOGIN_URL=login_url):
        assert not traits("/enter/").public


def test_a_lone_text_for_a_list_is_one_entry() -> None:
    with override_settings(JENK_PUBLIC_VIEWS="tests.test_view_traits.plain_and_more"):
        assert not traits("/plain/").public
    with override_settings(JENK_PUBLIC_VIEWS="tests.test_view_traits.plain"):
        assert traits("/plain/").public


@pytest.mark.parametrize("login_url", ["no-such-name", "https://sso.example/enter/"])
def test_a_login_url_elsewhere_makes_nothing_public(login_url: str) -> None:
    with override_settings(LOGIN_URL=login_url):
        assert not traits("/enter/").public


@pytest.mark.parametrize("setting", ["JENK_PUBLIC_VIEWS", "JENK_PASSIVE_VIEWS"])
@pytest.mark.parametrize(
    ("entry", "listed"),
    [
        ("plain", ["/plain/"]),
        ("inner:plain", ["/inner/plain/"]),
        ("tests.test_view_traits.plain", ["/plain/", "/inner/plain/", "/enter/"]),
        ("tests.test_view_traits.Page", ["/page/"]),
        ("/plain/", []),
        ("PLAIN", []),
    ],
)
def test_views_are_listed_by_name_or_dotted_path(
    setting: str, entry: str, listed: list[str]
) -> None:
    with override_settings(**{setting: (entry,)}):
        for path in ("/plain/", "/inner/plain/", "/enter/", "/page/", "/partial/"):
            found = traits(path)
            state = found.public if setting == "JENK_PUBLIC_VIEWS" else found.passive
            assert (path, state) == (path, path in listed)


def test_files_are_passive_and_need_no_session() -> None:
    assert traits("/static/x.css").passive
    assert traits("/static/x.css").no_session
    assert not traits("/plain/").passive
    assert not traits("/plain/").no_session
    assert traits("/open-page/").passive


def test_a_view_says_how_it_refuses() -> None:
    assert traits("/plain/").terms == DEFAULT_TERMS
    assert traits("/deco/").terms.login_url == "/enter"
    assert traits("/page/").terms.login_url == "/enter"


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (plain, "tests.test_view_traits.plain"),
        (OpenPage.as_view(), "tests.test_view_traits.OpenPage"),
        (Callable(), "tests.test_view_traits.Callable"),
        (partial(plain), "functools.partial"),
    ],
)
def test_dotted_paths(view: Any, expected: str) -> None:
    assert view_traits.dotted_path(view) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["//plain/", "/plain", "/PLAIN/", "/plain/;x", "/plain/../open/"])
def test_no_spelling_of_a_path_is_public(browser: Browser, alice: Any, path: str) -> None:
    browser.sign_in("alice")
    browser.expire()
    with override_settings(JENK_PUBLIC_VIEWS=("tests.test_view_traits.open_",)):
        response = browser.get(path)

    assert response.status_code in {301, 302, 404}
    assert not response.cookies["sessionid"].value


# --- What a class-based view says in places of its own ------------------------------------


class Handlers(View):
    """Decorated method by method, as `TypeError` advises for a method."""

    @method_decorator(passive)
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @method_decorator(public)
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @method_decorator(session_required_ajax)
    def put(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("get", (True, False, False)),
        ("head", (True, False, False)),
        ("post", (False, True, False)),
        ("put", (False, False, True)),
        ("delete", (False, False, False)),
    ],
)
def test_a_method_says_it_for_itself(method: str, said: tuple[bool, bool, bool]) -> None:
    request = getattr(RequestFactory(), method)("/x/")
    request.resolver_match = None
    view = ViewTraits(request, Handlers.as_view())

    assert (view.passive, view.public, view.terms.always_json) == said


def test_as_view_says_more_than_the_class() -> None:
    request = RequestFactory().get("/x/")
    request.resolver_match = None
    view = Page.as_view(always_json=True, redirect_field_name="back")

    assert ViewTraits(request, view).terms == Terms("/enter", "back", always_json=True)
    assert ViewTraits(request, View.as_view()).terms == DEFAULT_TERMS


# --- Where LOGIN_URL leads ----------------------------------------------------------------


EVERYTHING = (
    path("login", plain, name="own"),
    path("<slug:tenant>/login", plain, name="tenant"),
    re_path(r"^(?P<rest>.*)$", plain, name="spa"),
)


@pytest.mark.parametrize(
    ("login_url", "address", "public"),
    [
        ("/login", "/login", True),
        ("/login", "/anywhere/", False),
        ("/login?from=site", "/login", True),
        ("/acme/login", "/acme/login", True),
        ("/acme/login", "/other/login", False),
        ("/spa-login", "/spa-login", True),
        ("/spa-login", "/some/page", False),
        ("https://sso.example/login", "/login", False),
        ("https://sso.example/login", "/some/page", False),
        ("//sso.example/login", "/login", False),
        ("http://testserver/login", "/login", True),
        ("", "/login", False),
    ],
)
def test_only_the_page_of_login_url_itself_is_the_one_to_sign_in_on(
    login_url: str, address: str, public: bool
) -> None:
    request = RequestFactory().get(address)
    request.resolver_match = resolve(address, EVERYTHING)
    request.urlconf = EVERYTHING
    with override_settings(LOGIN_URL=login_url):
        assert ViewTraits(request, plain).signs_in is public


def test_a_host_that_is_not_allowed_has_no_page_to_sign_in_on() -> None:
    request = RequestFactory(headers={"host": "evil.example"}).get("/login")
    request.resolver_match = resolve("/login", EVERYTHING)
    with override_settings(LOGIN_URL="http://testserver/login"):
        assert not ViewTraits(request, plain).signs_in
