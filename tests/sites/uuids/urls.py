from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path

from jenk.decorators import get_session_user, session_required_ajax


@session_required_ajax
def me(request: HttpRequest) -> JsonResponse:
    return JsonResponse(get_session_user(request), safe=False)


urlpatterns = [path("me", me)]
