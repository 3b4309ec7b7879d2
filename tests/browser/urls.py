"""The example site's addresses and a page that uses htmx."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from jenk.decorators import get_session_user, session_required
from website.urls import urlpatterns as site


@session_required
def htmx_page(request: HttpRequest) -> HttpResponse:
    return render(request, "browser/htmx.html")


@session_required
def htmx_part(request: HttpRequest) -> HttpResponse:
    facts = get_session_user(request) or {}
    return HttpResponse(f"The part for {facts['user']}", content_type="text/plain")


urlpatterns = [
    path("htmx/", htmx_page),
    path("htmx/part", htmx_part),
    *site,
]
