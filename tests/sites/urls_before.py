"""The addresses of a site that knows nothing of jenk."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, JsonResponse
from django.urls import path


def basket(request: HttpRequest) -> JsonResponse:
    """Put something into the session, and show what is in it."""
    if item := request.GET.get("item"):
        request.session["basket"] = [*request.session.get("basket", []), item]
    public = {key: value for key, value in request.session.items() if not key.startswith("_")}
    return JsonResponse({"user": request.user.get_username(), "session": public})


urlpatterns = [
    path("login", LoginView.as_view(template_name="sites/login.html", next_page="/basket")),
    path("basket", basket),
    path("private", login_required(basket)),
]
