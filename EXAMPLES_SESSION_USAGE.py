"""Examples of using jenk, to copy into a project.

Each stands by itself: take it with the imports it needs. The tests run every one of them, for
people who are signed in and for people who are not (tests/test_examples.py). The explanations are
in SESSION_MANAGEMENT_GUIDE.md.

     1. A page for people who are signed in
     2. Who is signed in, in a template
     3. Check it yourself
     4. An endpoint for AJAX
     5. Pages for some roles
     6. A class-based view
     7. A class-based view that is not yours
     8. An async view
     9. A JSON API
    10. A part of a page for htmx
    11. Why was I signed out, and a button to sign out
    12. A public page
    13. A status poll
    14. Remember me
    15. A new key after a change of rights
    16. A list in the session
    17. Note who signs in and why sessions end
    18. Facts of your own
    19. Sessions in the shell
    20. My sessions
    21. Sign somebody out
    22. Three sessions for each user
    23. What happened to my sessions
    24. Tests

19 to 23 are for SESSION_ENGINE = "jenk.backends.db".
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.contrib import auth
from django.contrib.auth import get_user_model
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.test import TestCase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from jenk import lifecycle, signals, testing
from jenk.decorators import (
    get_session_user,
    passive,
    public,
    session_required,
    session_required_ajax,
)
from jenk.exceptions import SessionLimitReached
from jenk.mixins import SessionRequiredMixin
from jenk.models import Session, SessionEvent
from jenk.views.auth import LoginView

# --- 1. A page for people who are signed in -----------------------------------------------
# Anyone else signs in first, at LOGIN_URL, and comes back here.


@session_required
def dashboard(request: HttpRequest) -> HttpResponse:
    user_data = get_session_user(request)
    return render(request, "dashboard.html", {"user_data": user_data})


# --- 2. Who is signed in, in a template ---------------------------------------------------
# dashboard.html. `session_user` comes from jenk.context_processors.session.

DASHBOARD_HTML = """\
{% if request.session.user %}
    <p>Welcome, {{ request.session.user_name }}!</p>
    <p>{{ session_user.user_email }}, signed in since {{ session_user.login_time }}</p>
{% else %}
    <a href="/login">Login</a>
{% endif %}
"""


# --- 3. Check it yourself -----------------------------------------------------------------
# For a page that everyone sees, and that differs for people who are signed in.


def welcome(request: HttpRequest) -> HttpResponse:
    if request.session.get("user"):
        return HttpResponse(f"Welcome back, {request.session['user_name']}")
    return HttpResponse("Welcome, visitor")


# --- 4. An endpoint for AJAX --------------------------------------------------------------
# Without a session the script gets 401 in JSON, with the reason and where to sign in.


@session_required_ajax
def api_me(request: HttpRequest) -> JsonResponse:
    return JsonResponse(get_session_user(request), safe=False)


# --- 5. Pages for some roles --------------------------------------------------------------
# The values of user_role that may enter. Anyone else who is signed in gets 403.


@session_required(roles=[2, 3])
def reports(request: HttpRequest) -> HttpResponse:
    return HttpResponse("The reports")


# --- 6. A class-based view ----------------------------------------------------------------
# The mixin comes first among the bases.


class Orders(SessionRequiredMixin, TemplateView):
    template_name = "dashboard.html"


class AllOrders(Orders):
    roles = (2, 3)
    always_json = True  # every refusal is JSON, as with session_required_ajax


# --- 7. A class-based view that is not yours ----------------------------------------------


@method_decorator(session_required, name="dispatch")
class Terms(TemplateView):
    template_name = "dashboard.html"


# --- 8. An async view ---------------------------------------------------------------------
# The middleware has loaded session and user, so reading them needs no await.


@session_required
async def inbox(request: HttpRequest) -> HttpResponse:
    await request.session.aset("inbox_seen", True)
    return HttpResponse(f"The messages of {request.session['user']}")


# --- 9. A JSON API ------------------------------------------------------------------------
# With Django REST framework write @session_required_ajax above @api_view(["GET", "POST"]), or
# session_required_ajax(Notes.as_view()) in the URLs.


@session_required_ajax
def notes(request: HttpRequest) -> JsonResponse:
    kept = request.session.get("notes", [])
    if request.method == "POST":
        request.session["notes"] = [*kept, request.POST.get("note", "")]
        return JsonResponse({"notes": request.session["notes"]}, status=201)
    return JsonResponse({"notes": kept})


# --- 10. A part of a page for htmx --------------------------------------------------------
# When the session has ended, htmx takes the whole page to sign in, and back afterwards.

ORDERS_HTML = """\
<button hx-get="/latest-order" hx-target="#order">Latest order</button>
<div id="order"></div>
"""


@session_required
def latest_order(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>One teapot</p>")


# --- 11. Why was I signed out, and a button to sign out -----------------------------------
# base.html. The reason is shown once, wherever it comes first: here or on the sign-in page.

BASE_HTML = """\
{% load jenk %}
{% session_end_reason %}
{% sign_out_form next="/" %}
"""


# --- 12. A public page --------------------------------------------------------------------
# After a session ended, the next page is the sign-in page; a public one opens all the same.


@public
def prices(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


# --- 13. A status poll --------------------------------------------------------------------
# Called by a timer in the page, so it is no activity and keeps no session alive.


@passive
@session_required_ajax
def unread(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"unread": 3})


# --- 14. Remember me ----------------------------------------------------------------------
# A box on the sign-in page: <label><input type="checkbox" name="remember"> Remember me</label>, in
# the form of your own template. Without the tick, the cookie goes when the browser closes.


class RememberingLoginView(LoginView):
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        remember = timedelta(days=90).total_seconds() if "remember" in self.request.POST else 0
        self.request.session.set_expiry(int(remember))
        return response


login = RememberingLoginView.as_view()


@public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("/")


# --- 15. A new key after a change of rights -----------------------------------------------
# A key that somebody saw before is worth nothing afterwards. The user model here has a `role`.


@require_POST
@session_required
def become_manager(request: HttpRequest) -> HttpResponse:
    get_user_model().objects.filter(pk=request.session["user_id"]).update(role=2)
    lifecycle.rotate(request)
    return HttpResponse("You are a manager now")


# --- 16. A list in the session ------------------------------------------------------------
# Assign a new list. Django does not notice request.session["cart"].append(...).


def add_to_cart(request: HttpRequest) -> JsonResponse:
    cart = [*request.session.get("cart", []), request.POST.get("item", "")]
    request.session["cart"] = cart
    return JsonResponse({"cart": cart})


# --- 17. Note who signs in and why sessions end -------------------------------------------
# Import the module in your AppConfig.ready(), so that the receivers are connected.

logger = logging.getLogger("sessions")


@receiver(signals.session_started)
def note_start(user: Any, **kwargs: Any) -> None:
    logger.info("%s signed in", user.get_username())


@receiver(signals.session_ended)
def note_end(user: Any, reason: str, **kwargs: Any) -> None:
    logger.info("the session of %s ended: %s", user.get_username() if user else "nobody", reason)


# --- 18. Facts of your own ----------------------------------------------------------------
# In settings: what user_role says, and what roles= is compared with.


def department(user: Any) -> str:
    return "office" if user.is_staff else "shop"


JENK_SNAPSHOT = {
    "user": "email",  # an attribute of the user
    "user_name": "get_short_name",  # a method
    "user_role": department,  # a function; in settings also "people.facts.department"
}


# --- 19. Sessions in the shell ------------------------------------------------------------
# python manage.py shell. With Django's engines db and cached_db, get_decoded() works alike on
# django.contrib.sessions.models.Session; it has no columns for the user and the times.


def active_sessions() -> Any:
    return Session.objects.filter(expire_date__gt=timezone.now())


def contents(key_or_handle: str) -> dict[str, Any]:
    return Session.objects.get(pk=key_or_handle).get_decoded()


def who_is_signed_in() -> list[tuple[str, datetime]]:
    """Return each user and when they were last active, to the minute."""
    rows = active_sessions().exclude(user=None).select_related("user")
    return [(row.user.get_username(), row.last_activity) for row in rows]


# --- 20. My sessions ----------------------------------------------------------------------
# List them, end one, end the others. A handle is the public name of a session. It is no key, so
# it can be in a page; but end only one that is the user's own.


@session_required_ajax
def my_sessions(request: HttpRequest) -> JsonResponse:
    found = [
        {
            "handle": row.handle,
            "browser": row.user_agent,
            "last_active": row.last_activity,
            "this_one": row.handle == request.session.handle,
        }
        for row in lifecycle.sessions_of(request.user)
    ]
    return JsonResponse({"sessions": found})


@require_POST
@session_required
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    if handle in {row.handle for row in lifecycle.sessions_of(request.user)}:
        lifecycle.end(handle, reason="ended_by_user", actor=request.user)
    return redirect("/")


@require_POST
@session_required
async def end_other_sessions(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    ended = await lifecycle.aend_others(request, reason="ended_by_user", actor=user)
    return HttpResponse(f"Signed out on {ended} other devices")


# --- 21. Sign somebody out ----------------------------------------------------------------
# For people with role 3. The user reads "You were signed out by an administrator of this site."


@require_POST
@session_required(roles=[3])
def sign_out_user(request: HttpRequest, username: str) -> HttpResponse:
    user = get_user_model().objects.get_by_natural_key(username)
    ended = lifecycle.end_all(user, reason="ended_by_admin", actor=request.user)
    return HttpResponse(f"{ended} sessions ended")


def sign_everyone_out() -> int:
    """For the shell, as after a backup was restored."""
    return lifecycle.end_everyone(reason="ended_by_code")


# --- 22. Three sessions for each user -----------------------------------------------------
# In settings. Without JENK_LIMIT_ACTION the session that was used longest ago ends. With "refuse"
# people get your 403.html, unless the view that signs in says more.


def most_sessions(user: Any) -> int | None:
    return None if user.is_staff else 3


JENK_MAX_SESSIONS = most_sessions
JENK_LIMIT_ACTION = "refuse"


class LimitedLoginView(LoginView):
    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except SessionLimitReached as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)


# --- 23. What happened to my sessions -----------------------------------------------------
# The history is kept longer than the sessions.


@session_required_ajax
def my_history(request: HttpRequest) -> JsonResponse:
    events = SessionEvent.objects.filter(user=request.user).order_by("-at", "-pk")[:20]
    return JsonResponse({"events": [[event.kind, event.reason] for event in events]})


# --- 24. Tests ----------------------------------------------------------------------------
# Of a site that has the views 1, 4 and 14 at /dashboard, /api/me and /login.


class DashboardTest(TestCase):
    def setUp(self) -> None:
        self.user = get_user_model().objects.create_user("alice", password="pw")  # noqa: S106

    def test_visitors_sign_in_first(self) -> None:
        response = self.client.get("/dashboard")
        self.assertRedirects(response, "/login?next=/dashboard")

    def test_it_greets_by_name(self) -> None:
        testing.sign_in(self.client, self.user)
        self.assertContains(self.client.get("/dashboard"), "Welcome, alice!")

    def test_an_idle_session_ends(self) -> None:
        testing.sign_in(self.client, self.user)
        testing.expire(self.client, "idle")
        self.assertContains(self.client.get("/api/me"), "idle", status_code=401)

    async def test_the_same_in_async(self) -> None:
        await testing.asign_in(self.async_client, self.user)
        await testing.aage(self.async_client, timedelta(days=14))
        response = await self.async_client.get("/api/me")
        self.assertContains(response, "session_ended", status_code=401)
