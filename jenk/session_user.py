"""The eight facts about whoever is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from jenk import record, snapshot, visits


def get_session_user(request: HttpRequest) -> dict[str, Any] | None:
    """Return the eight facts about the signed-in user, or None when nobody is signed in.

    They come from `request.user`, whom Django has verified, never from what the session says. In an
    async view nothing is fetched: the middleware has done it.

    Raises:
        ImproperlyConfigured: the request has not passed through the session middleware.
    """
    if not hasattr(request, "user"):
        visits.required_visit(request, "get_session_user()")
    user, visit = request.user, visits.visit_of(request)
    if not user.is_authenticated:
        return None
    known = visit.facts if visit and visit.user is user else None
    times = record.times(record.clocks(request.session))
    return (known or snapshot.facts(user)) | times


def role_of(request: HttpRequest, user: Any) -> Any:
    """Return the role that `roles=` is judged on: that of the verified user."""
    visit = visits.visit_of(request)
    if visit and visit.user is user and visit.facts:
        return visit.facts["user_role"]
    return snapshot.role(user)
