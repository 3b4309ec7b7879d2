"""The addresses of the project with django-allauth."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from jenk.decorators import get_session_user, session_required


@session_required
def me(request: HttpRequest) -> JsonResponse:
    return JsonResponse(get_session_user(request), safe=False)


urlpatterns = [
    path("me", me),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]
