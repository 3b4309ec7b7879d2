"""URLs of the tests: under sync/ and async/ the same views, in the one style and the other."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import URLPattern, include, path

from jenk.views.auth import LoginView, LogoutView
from tests import views


def both(route: str, sync: object, twin: object) -> tuple[URLPattern, URLPattern]:
    name = route.partition("/")[0]
    return path(route, sync, name=name), path(route, twin, name=name)  # type: ignore[call-overload]


PAIRS = [
    both("plain/", views.plain, views.aplain),
    both("open/", views.open_, views.aopen),
    both("untouched/", views.untouched, views.auntouched),
    both("private/", views.private, views.aprivate),
    both("ajax/", views.ajax, views.aajax),
    both("managers/", views.managers, views.amanagers),
    both("managers-ajax/", views.managers_ajax, views.amanagers_ajax),
    both("poll/", views.poll, views.apoll),
    both("write/", views.write, views.awrite),
    both("answer/<int:status>/", views.answer, views.aanswer),
    both("denied/", views.denied, views.adenied),
    both("rotate/", views.rotate, views.arotate),
    both("end-others/", views.end_others, views.aend_others),
    both("leave/", views.leave, views.aleave),
    both("flush/", views.flush, views.aflush),
    both("enter-and-fail/<str:username>/", views.enter_and_fail, views.aenter_and_fail),
    both("page/", views.page, views.apage),
    both("protected/", views.Protected.as_view(), views.AProtected.as_view()),
    both(
        "protected-managers/",
        views.ProtectedManagers.as_view(),
        views.AProtectedManagers.as_view(),
    ),
]

urlpatterns = [
    path("login", LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("static/<path:path>", serve, {"insecure": True}),
    path("sync/", include(([sync for sync, _ in PAIRS], "sync"))),
    path("async/", include(([twin for _, twin in PAIRS], "async"))),
]
