"""The example site's pages, each protected the way its first lines say."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.formats import date_format

from jenk import policies
from jenk.conf import conf, seconds
from jenk.decorators import get_session_user, public, session_required, session_required_ajax
from jenk.views.auth import LoginView, LogoutView
from website.models import Role, Status, User

# Django's own views with jenk's pages. Signing in fills the session with the eight facts
# about the user; signing out ends it.
login = LoginView.as_view()
logout = LogoutView.as_view()

MEANINGS = {
    "user": "The username.",
    "user_id": "The user's primary key in the database.",
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
    return render(request, "website/dashboard.html", {"facts": facts, "limits": limits()})


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
            return Role(value).label
        case "user_status", int():
            return Status(value).label
        case "login_time" | "last_activity", str():
            return f"{date_format(datetime.fromisoformat(value), 'j F Y, H:i:s')} UTC"
        case _:
            return ""


def limits() -> dict[str, str]:
    """Return the site's two limits in words, with JENK_PRESET taken into account."""
    absolute = conf().JENK_ABSOLUTE_TIMEOUT
    limits = policies.limits(
        timedelta(seconds=settings.SESSION_COOKIE_AGE),
        None if absolute is None else seconds(absolute),
        preset=conf().JENK_PRESET,
    )
    return {"idle": duration(limits.idle), "absolute": duration(limits.absolute)}


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
