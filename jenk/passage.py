"""A session's way through one request: arrive, be judged, be used, depart.

Each step can be run by either of the two middleware, in either order; the first does the work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jenk import keys, lifecycle, policies, record, snapshot, verification, visits
from jenk.announce import announce
from jenk.conf import conf, seconds, site
from jenk.effects import Steps, io, store_io
from jenk.marker import State
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.signals import session_rotated
from jenk.view_traits import ViewTraits
from jenk.visits import Visit

SAFE_WITHOUT_BODY = frozenset({"HEAD", "OPTIONS"})


def arrive(request: HttpRequest) -> Steps[Visit]:
    """Load the request's session and verify its user, once."""
    visit = visits.visit_of(request)
    if visit is not None:
        return visit
    visit = visits.begin(request, record.now())
    if visits.is_untouched(request.session):
        return visit
    if not record.is_own(request.session) and was_emptied(request, visit):
        yield from lifecycle.note_emptied(request, visit)
    replace_malformed(request)
    session = request.session
    lifecycle.introduce(session, request)
    visit.key = session.session_key
    yield from store_io(session.keys, session.akeys)
    if record.is_own(session):
        yield from lifecycle.note_refusal(request, visit)
    elif visit.key is not None and visit.key != session.session_key:
        yield from lifecycle.clear_dropped(session, visit)
    visit.key, visit.clocks = session.session_key, record.clocks(session)
    if record.is_signed_in(session):
        yield from verify(request, visit)
    return visit


def was_emptied(request: HttpRequest, visit: Visit) -> bool:
    """Tell whether Django found the password changed when code before jenk's asked for the user.

    It empties the session then, and with it goes whose it was.
    """
    session = request.session
    return (
        visit.marker.state is State.SIGNED_IN
        and not visit.signed_out
        and session.modified
        and session.is_empty()
        and verification.was_asked(request)
        and site().SESSION_COOKIE_NAME in request.COOKIES
    )


def replace_malformed(request: HttpRequest) -> None:
    """Replace a session whose key its engine cannot have made, before it is looked up."""
    session = request.session
    key = session.session_key
    if key is not None and not session.accessed and not keys.has_shape(type(session), key):
        request.session = type(session)()


def verify(request: HttpRequest, visit: Visit) -> Steps[None]:
    """Find out who the session's user is, by Django's rules, or why nobody."""
    known = getattr(request.session, "verified_user", None)
    if known is not None and verification.is_djangos_to_say(request):
        verification.share(request, known)
        visit.user, visit.signed_in = known, True
        return
    user_id, backend = verification.claimed(request.session)
    if not verification.is_possible(user_id):
        yield from lifecycle.note_ended(request, visit, Reason.DELETED, None)
        return
    user = yield from verification.resolve(request)
    if user.is_authenticated:
        visit.user, visit.signed_in = user, record.is_signed_in(request.session)
        if visit.key != request.session.session_key:  # SECRET_KEY is a new one
            visit.key = request.session.session_key
            yield from announce(session_rotated, request, user)
        return
    reason, user = yield from verification.why_not(request.session, user_id, backend)
    if reason:
        yield from lifecycle.note_ended(request, visit, reason, user)
    else:
        visit.withheld = True


def enforce_limits(request: HttpRequest, visit: Visit) -> Steps[None]:
    """End a session past its limits; that of a visitor in silence."""
    session = request.session
    if visit.key is None or visit.ended or record.is_own(session):
        return  # a session of jenk's own engines is judged as it is loaded
    reason = policies.judge(visit.clocks, record.limits(session), visit.now)
    if reason is None and is_stale_and_empty(session, visit):
        reason = Reason.EXPIRED
    if reason:
        yield from lifecycle.end_current(request, visit, reason)


def is_stale_and_empty(session: Any, visit: Visit) -> bool:
    """Tell whether a visitor comes back late to a session that holds nothing."""
    last = visit.clocks.last_activity
    return (
        last is not None
        and record.holds_nothing(session)
        and policies.is_due(last, visit.now, seconds(conf().JENK_EMPTY_SESSION_AGE))
    )


def inform(request: HttpRequest, visit: Visit) -> Steps[None]:
    """Make the session say who is signed in, as the user table says now."""
    session: Any = request.session
    if visit.signed_in and record.is_own(session) and session.verified_user is visit.user:
        visit.facts = session.facts  # which loading has shown already
    elif visit.signed_in:
        facts = yield from facts_of(visit.user)
        lifecycle.adopt(request, visit, facts)
    elif visit.key is not None:
        lifecycle.disown(request, visit)


def facts_of(user: Any) -> Steps[snapshot.Facts]:
    """Return the facts; what a project adds may do I/O, so async code runs that in a thread."""
    read = partial(snapshot.facts, user)
    sources = (conf().JENK_SNAPSHOT or {}).values()
    if not any(callable(one) or "." in (one or "") for one in sources):
        try:
            return read()
        except SynchronousOnlyOperation:
            pass  # a property of the user model that asks the database
    return (yield from io(read, sync_to_async(read)))


def reach(request: HttpRequest, visit: Visit, view: Callable[..., Any]) -> None:
    """Note the view that the URL resolved to; from here on the session reads as used now."""
    visit.view = ViewTraits(request, view)
    session = request.session
    if visit.key is None or session.is_empty() or is_passive(request, visit):
        return
    lifecycle.use(request, visit, used_now(record.clocks(session), visit), quietly=True)


def is_passive(request: HttpRequest, visit: Visit) -> bool:
    """Tell whether this request is none that a person made."""
    return visits.is_prefetch(request) or (visit.view is not None and visit.view.passive)


def used_now(clocks: Clocks, visit: Visit) -> Clocks:
    return Clocks(clocks.authenticated_at, policies.later(clocks.last_activity, visit.now))


def depart(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> Steps[None]:
    """Decide whether the request used the session, and tell what became of it."""
    if visit.departed:
        return
    visit.departed = True
    session = request.session
    if not visits.is_untouched(session):
        yield from conclude(request, response, visit)
    if visits.is_untouched(session) or session.is_empty():
        welcome(request, response, visit)


def conclude(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> Steps[None]:
    """Conclude the visit of a session that somebody asked for."""
    session = request.session
    if not record.is_loaded(session):  # code has put another in its place
        yield from store_io(session.keys, session.akeys)
    gone = visit.signed_in and not record.is_signed_in(session)
    renewed = not gone and has_new_key(request, visit)
    if (gone or renewed) and (yield from was_rolled_back(request, response, visit)):
        visit.withheld, visit.signed_out = True, False
    elif gone:
        yield from say_goodbye(request, visit)
    elif renewed:
        yield from announce(session_rotated, request, visit.user)
    if not session.is_empty():
        settle(request, response, visit)


def was_rolled_back(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> Steps[bool]:
    """Tell whether a transaction has taken back what a view that failed did to its session."""
    if response.status_code < 500:
        return False
    session: Any = request.session
    stored: bool = yield from store_io(
        lambda: session.exists(visit.key), lambda: session.aexists(visit.key)
    )
    return stored


def say_goodbye(request: HttpRequest, visit: Visit) -> Steps[None]:
    """Tell that the user signed out, or that code of the project emptied the session."""
    user, reason = visit.leaving, Reason.LOGOUT
    if user is None:
        user, reason = visit.user, Reason.ENDED_BY_CODE
    visit.signed_in, visit.left = False, True
    if not request.session.is_empty():
        lifecycle.release(request.session)
    yield from lifecycle.announce_end(request, user, reason)


def has_new_key(request: HttpRequest, visit: Visit) -> bool:
    """Tell whether code of the project gave a signed-in session another key."""
    key = request.session.session_key
    known = (None, visit.key, visit.announced_key)
    return visit.signed_in and visit.key is not None and key not in known


def settle(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> None:
    """Keep the time of this use, or put the last one back."""
    session = request.session
    clocks = record.clocks(session)
    if policies.counts(
        response.status_code, passive=is_passive(request, visit), refused=is_refused(request, visit)
    ):
        new = used_now(clocks, visit)
        due = record.activity_is_due(session, visit.clocks, new)
        lifecycle.count(session)
        if due or new != clocks:
            lifecycle.use(request, visit, new, quietly=not due)
    elif clocks.authenticated_at == visit.clocks.authenticated_at and visit.clocks.last_activity:
        lifecycle.use(request, visit, visit.clocks, quietly=True)


def is_refused(request: HttpRequest, visit: Visit) -> bool:
    """Tell whether the request was turned away, by jenk or by a middleware before the view."""
    turned_away = request.resolver_match is not None and visit.view is None
    return visit.refused or turned_away


def welcome(request: HttpRequest, response: HttpResponseBase, visit: Visit) -> None:
    """Make a session for a visitor who has none, where the site wants one."""
    if (
        conf().JENK_ANONYMOUS_SESSIONS == "always"
        and request.method not in SAFE_WITHOUT_BODY
        and "Authorization" not in request.headers
        and not visits.is_prefetch(request)
        and not (visit.view is not None and visit.view.no_session)
        and visit.ended is None
        and visit.retired is None
        and not visit.ends_here
        and not visits.is_shareable(response)
        and not visit.signed_out
        and not visit.left
        and response.status_code < 500
    ):
        lifecycle.receive(request.session, visit.now)
