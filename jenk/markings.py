"""Which marker cookie a response leaves behind."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jenk import cookies, marker, record, verification, visits
from jenk.cookie_header import values_of
from jenk.marker import State
from jenk.visits import Visit


def mark(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> None:
    """Set, replace or delete the marker, as the visit went."""
    brought = bool(values_of(request, marker.cookie_name()))
    if is_signed_in(request):
        mark_signed_in(request, response, visit, brought=brought)
    elif visit.retired is None:
        mark_visitor(request, response, visit, brought=brought)


def mark_signed_in(
    request: HttpRequest, response: HttpResponseBase, visit: Visit, *, brought: bool
) -> None:
    status = response.status_code
    if status < 500 and is_stale(request, status, visit):
        cookies.set_signed_in(request, response)
    elif status >= 500 and brought and request.session.session_key is None:
        cookies.delete_marker(request, response)


def mark_visitor(
    request: HttpRequest, response: HttpResponseBase, visit: Visit, *, brought: bool
) -> None:
    """Leave the reason of an end; of one whose key is retired the browser has a newer marker."""
    shown = visit.shown and response.status_code < 500
    if visit.reason is None or shown:
        if brought and not visit.withheld:
            cookies.delete_marker(request, response)
    elif visit.told:
        cookies.set_reason(request, response, State.TOLD, visit.reason)
    elif visit.ends_here:
        cookies.set_reason(request, response, State.UNTOLD, visit.reason)


def is_signed_in(request: HttpRequest) -> bool:
    """Tell whether the response goes to somebody signed in."""
    session = request.session
    return (
        not visits.is_untouched(session)
        and record.is_signed_in(session)
        and verification.is_known(request)
    )


def is_stale(request: HttpRequest, status: int, visit: Visit) -> bool:
    """Tell whether the browser lacks the marker, or gets a new session cookie to outlive."""
    return visit.marker.state is not State.SIGNED_IN or record.will_set_cookie(
        request.session, status, cookies.session_keys(request)
    )
