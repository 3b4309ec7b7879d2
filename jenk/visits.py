"""What jenk knows of the session of one request, from its arrival to its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_max_age

from jenk import marker
from jenk.cookie_header import values_of
from jenk.marker import Marker, State
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.view_traits import ViewTraits
from jenk.wording import EndReason

ATTRIBUTE = "_jenk_visit"
SIGNED_OUT = "_jenk_signed_out"

MIDDLEWARE_LINES = """\
    "jenk.middleware.SessionMiddleware",
    ...
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jenk.middleware.SessionManagementMiddleware",
    "jenk.middleware.SessionExpiryMiddleware","""


@dataclass(slots=True)
class Visit:
    """One request's view of its session.

    `key` and `clocks` are as loaded, or as the last sign-in made them; `user` is the verified user
    and `facts` what is known of them. `ended` is why a signed-in session ended in this request;
    `signed_out` says that code has signed out, whoever it was, `leaving` who it was, and `left`
    that nobody has come in their place. `retired` says why the browser has, or is about to get,
    another key than it sent. `withheld` says that the session carries a user whom nobody can vouch
    for now, which ends nothing.
    """

    now: datetime
    marker: Marker = field(default_factory=Marker)
    key: str | None = field(default=None, repr=False)
    clocks: Clocks = field(default_factory=Clocks)
    user: Any = None
    signed_in: bool = False
    withheld: bool = False
    ended: Reason | None = None
    retired: Reason | None = None
    view: ViewTraits | None = None
    facts: dict[str, Any] | None = None
    signed_out: bool = False
    leaving: Any = None
    left: bool = False
    announced_key: str | None = field(default=None, repr=False)
    refused: bool = False
    told: bool = False
    said: bool = False
    shown: bool = False
    departed: bool = False

    @property
    def reason(self) -> Reason | None:
        """Why this browser, that was signed in, is not any more."""
        if self.signed_in or self.withheld or self.signed_out or self.left or self.retired:
            return None
        return self.ended or self.marker.reason

    @property
    def is_pending(self) -> bool:
        """The end has not yet been told by a page of refusal."""
        return self.reason is not None and (
            self.ended is not None or self.marker.state is not State.TOLD
        )

    @property
    def ends_here(self) -> bool:
        """This request ended a session, or is the first to come after one had ended."""
        return self.reason is not None and (
            self.ended is not None or self.marker.state is State.SIGNED_IN
        )


def visit_of(request: HttpRequest) -> Visit | None:
    """Return what jenk's middleware learnt of the request's session, None without it."""
    return getattr(request, ATTRIBUTE, None)


def required_visit(request: HttpRequest, needed_by: str) -> Visit:
    """Return the request's visit.

    Raises:
        ImproperlyConfigured: jenk's middleware did not see the request.
    """
    visit = visit_of(request)
    if visit is None:
        message = (
            f"{needed_by} needs jenk's session middleware, which did not see this request. "
            f"Write in MIDDLEWARE, in this order:\n{MIDDLEWARE_LINES}"
        )
        raise ImproperlyConfigured(message)
    return visit


def begin(request: HttpRequest, now: datetime) -> Visit:
    """Start the visit of a request.

    Raises:
        ImproperlyConfigured: the request has no session or no user yet.
    """
    for attribute in ("session", "user"):
        if not hasattr(request, attribute):
            message = (
                f"jenk's middleware found no request.{attribute}. Write in MIDDLEWARE, in this "
                f"order:\n{MIDDLEWARE_LINES}"
            )
            raise ImproperlyConfigured(message)
    brought = values_of(request, marker.cookie_name())
    # Of several values any may be planted by another host, so none counts.
    found = marker.read(brought[0]) if len(brought) == 1 else Marker()
    visit = Visit(now, found, signed_out=getattr(request, SIGNED_OUT, False))
    setattr(request, ATTRIBUTE, visit)
    return visit


def note_signed_out(request: HttpRequest) -> None:
    """Note that code before jenk's middleware has signed out."""
    setattr(request, SIGNED_OUT, True)


def is_untouched(session: SessionBase) -> bool:
    """Tell whether there is no session, and nobody has asked for one yet.

    Asking would make the response vary on the cookie, which a page for everybody should not.
    """
    return session.session_key is None and not session.accessed and not session.modified


def is_shareable(response: HttpResponseBase) -> bool:
    """Tell whether a cache that serves many may keep the response (RFC 9111 section 3)."""
    said = response.get("Cache-Control", "").lower()
    if any(word in said for word in ("private", "no-store", "no-cache")):
        return False
    return "public" in said or "s-maxage" in said or bool(get_max_age(response))


def is_prefetch(request: HttpRequest) -> bool:
    """Tell whether the browser asks ahead of its user."""
    return "prefetch" in request.META.get("HTTP_SEC_PURPOSE", "")


def is_looked_at(request: HttpRequest) -> bool:
    """Tell whether a person will look at the page that is being made."""
    return request.method in {"GET", "POST"} and not is_prefetch(request)


def end_reason(request: HttpRequest) -> EndReason | None:
    """Return why this browser's last session ended, if nobody has been told yet."""
    visit = visit_of(request)
    if visit is None or visit.reason is None or visit.shown:
        return None

    def shown() -> None:
        visit.said = True
        visit.shown = is_looked_at(request)

    return EndReason(visit.reason, shown)
