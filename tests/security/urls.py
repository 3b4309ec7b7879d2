"""The tests' URLs, and those of the views that go wrong, under sync/x/ and async/x/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, include, path
from django.views.decorators.cache import cache_page

from jenk.decorators import public, session_required
from tests.security import views
from tests.urls import urlpatterns as of_the_tests


def plain(view: Any) -> Any:
    return view


WITH_USERNAME = ("enter", "enter_and_raise", "enter_and_roll_back", "enter_by_hand")
WRAPPED: list[tuple[str, Any, Callable[[Any], Any]]] = [
    ("fail/", views.fail, plain),
    ("rotate_and_fail/", views.rotate_and_fail, plain),
    ("rotate_and_roll_back/", views.rotate_and_roll_back, plain),
    ("sign_out_and_roll_back/", views.sign_out_and_roll_back, plain),
    ("sign_out_and_fail/", views.sign_out_and_fail, plain),
    ("cycle_and_roll_back/", views.cycle_and_roll_back, plain),
    ("cycle_and_refuse/", views.cycle_and_refuse, plain),
    ("replace/", views.replace, public),
    ("change_password/", views.change_password, plain),
    ("lose_session/", views.lose_session, plain),
    ("lose_session_protected/", views.lose_session, session_required),
    ("lose_session_public/", views.lose_session, public),
    ("lose_and_rotate/", views.lose_and_rotate, session_required),
    ("lose_and_rotate_public/", views.lose_and_rotate, public),
    ("lose_and_save/", views.lose_and_save, session_required),
    ("cached/", views.elsewhere, views.cached),
    ("cached_ajax/", views.elsewhere, views.cached_ajax),
    ("token/", views.token, public),
    ("hello/", views.hello, session_required),
    ("sign_in_page/", views.sign_in_page, plain),
    ("external/", views.elsewhere, views.external),
]


def of_style(asynchronous: bool) -> list[URLPattern]:
    convert = views.twin if asynchronous else plain

    def made(view: Any) -> Any:
        """A new function each time: some decorators mark the function itself."""
        return convert(view) if asynchronous else copy_of(view)

    listed = [path(route, wrap(made(view)), name=route[:-1]) for route, view, wrap in WRAPPED]
    named = [
        path(f"{name}/<str:username>/", public(made(getattr(views, name))), name=name)
        for name in WITH_USERNAME
    ]
    orders = [
        path(f"stacked/{order}/", views.stacked(made(views.elsewhere))[order], name=order)
        for order in views.stacked(made(views.elsewhere))
    ]
    streaming = path("stream/", views.astream if asynchronous else views.stream, name="stream")
    claiming = path(
        "claim/<str:user_id>/", public(views.aclaim if asynchronous else views.claim), name="claim"
    )
    page = path("cached_page/", cache_page(60)(views.CachedPage.as_view()), name="cached-page")
    return [*listed, *named, *orders, streaming, claiming, page]


def copy_of(view: Any) -> Any:
    def copied(request: Any, **kwargs: Any) -> Any:
        return view(request, **kwargs)

    copied.__name__ = view.__name__
    return copied


urlpatterns = [
    path("sync/x/", include((of_style(asynchronous=False), "sync-x"))),
    path("async/x/", include((of_style(asynchronous=True), "async-x"))),
    path("custom-login", copy_of(views.sign_in_page), name="custom-login"),
    *of_the_tests,
    *i18n_patterns(path("hello/", session_required(copy_of(views.hello)), name="translated")),
]
