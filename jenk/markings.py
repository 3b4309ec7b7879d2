"""Which marker cookie a response leaves behind."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jenk import cookies, record, visits
from jenk.marker import SUFFIX, State
from jenk.visits import Visit


def mark(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> None:
    """Set, replace or delete the marker, as the visit went."""
    shown = visit.shown and response.status_code < 500
    brought = request.COOKIES.get(f"{settings.SESSION_COOKIE_NAME}{SUFFIX}")
    if is_signed_in(request):
        status = response.status_code
        if status < 500 and is_stale(request, status, visit):
            cookies.set_signed_in(response, request.session)
        elif status >= 500 and brought and request.session.session_key is None:
            cookies.delete_marker(response)
    elif visit.reason is None or visit.left or shown:
        if brought and not visit.withheld:
            cookies.delete_marker(response)
    elif visit.told:
        cookies.set_reason(response, State.TOLD, visit.reason)
    elif visit.ends_here:
        cookies.set_reason(response, State.UNTOLD, visit.reason)


def is_signed_in(request: HttpRequest) -> bool:
    """Tell whether the response goes to somebody signed in."""
    session = request.session
    return (
        not visits.is_untouched(session)
        and record.is_signed_in(session)
        and request.user.is_authenticated
    )


def is_stale(request: HttpRequest, status: int, visit: Visit) -> bool:
    """Tell whether the browser lacks the marker, or gets a new session cookie to outlive."""
    return visit.marker.state is not State.SIGNED_IN or record.will_set_cookie(
        request.session, status
    )
