"""The example site's pages, each protected the way its first lines say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.formats import date_format

from jenk import record
from jenk.decorators import get_session_user, public, session_required, session_required_ajax
from jenk.views.auth import LoginView, LogoutView
from website.models import Role, Status, User

# Django's own views with jenk's pages. Signing in fills the session with the eight facts
# about the user; signing out ends it.
login = LoginView.as_view(extra_context={"is_demo": settings.DEBUG})
logout = LogoutView.as_view()

MEANINGS = {
    "user": "The username.",
    "user_id": "The primary key of the user in the database.",
    "user_email": "The e-mail address.",
    "user_name": "The full name, or the username where there is none.",
    "user_role": "What the user may do. /managers/ asks for 2 or 3.",
    "user_status": "What the site knows about the account, for pages to show.",
    "login_time": "When this session was signed in.",
    "last_activity": "When this session was last used: just now.",
}


@public
def index(request: HttpRequest) -> HttpResponse:
    """Everyone may see this page, even with a session that has just ended."""
    people = User.objects.order_by("pk") if settings.DEBUG else []
    return render(request, "website/index.html", {"people": people})


@session_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """Only for people who are signed in. Anyone else signs in first and comes back here."""
    user_data = get_session_user(request) or {}
    facts = [(key, value, MEANINGS[key], in_words(key, value)) for key, value in user_data.items()]
    context = {"facts": facts, "limits": limits(request, user_data)}
    return render(request, "website/dashboard.html", context)


@session_required(roles=[Role.MANAGER, Role.ADMINISTRATOR])
def managers(request: HttpRequest) -> HttpResponse:
    """Only for these two roles. Anyone else who is signed in gets 403."""
    return render(request, "website/managers.html", {"people": User.objects.order_by("pk")})


@public
def ajax(request: HttpRequest) -> HttpResponse:
    """A page whose script calls `api_me`, and shows what comes back."""
    return render(request, "website/ajax.html")


@session_required_ajax
def api_me(request: HttpRequest) -> JsonResponse:
    """JSON for scripts. Without a session they get 401 and the reason, never a sign-in page."""
    return JsonResponse(get_session_user(request), safe=False)


def in_words(key: str, value: object) -> str:
    """Return a fact as people say it, or nothing where it needs no words."""
    match key, value:
        case "user_role", int():
            return dict(Role.choices).get(value, "")
        case "user_status", int():
            return dict(Status.choices).get(value, "")
        case "login_time" | "last_activity", str():
            return moment(datetime.fromisoformat(value))
        case _:
            return ""


def moment(at: datetime) -> str:
    return f"{date_format(at.astimezone(UTC), 'j F Y, H:i:s')} UTC"


def limits(request: HttpRequest, user_data: dict[str, Any]) -> dict[str, str]:
    """Return the two limits of this session in words, and when they come."""
    limit = record.limits(request.session)
    return {
        "idle": duration(limit.idle),
        "idle_end": end_of(user_data["last_activity"], limit.idle),
        "absolute": duration(limit.absolute),
        "absolute_end": end_of(user_data["login_time"], limit.absolute),
    }


def end_of(start: str, length: timedelta | None) -> str:
    """Return the moment that comes this long after a start, or nothing where none is near."""
    if length is None or length > timedelta(days=3650):
        return ""
    return moment(datetime.fromisoformat(start) + length)


def duration(length: timedelta | None) -> str:
    """Return a length of time as people say it: "14 days", "1 hour 30 minutes"."""
    if length is None:
        return ""
    minutes, second = divmod(round(length.total_seconds()), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = ((days, "day"), (hour, "hour"), (minute, "minute"), (second, "second"))
    named = [f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count]
    return " ".join(named) or "0 seconds"
