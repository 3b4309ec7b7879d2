"""The three middleware: the session's cookie, its use, its end.

Their work is written once, as steps that `jenk.effects` drives from sync or from async code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import iscoroutinefunction, markcoroutinefunction
from typing import Any, cast

from django.contrib import messages
from django.contrib.sessions import middleware as django_sessions
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import (
    DataError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from jenk import (
    cookies,
    keys,
    lifecycle,
    markings,
    passage,
    record,
    redaction,
    responses,
    verification,
    visits,
    wording,
)
from jenk.conf import conf, site
from jenk.effects import Steps, arun, run, store_io
from jenk.exceptions import SessionLimitReached
from jenk.marker import State
from jenk.reasons import Reason
from jenk.session_user import get_session_user
from jenk.view_traits import DEFAULT_TERMS
from jenk.visits import Visit

#: What a database raises. That a session is gone is Django's own finding, a plain DatabaseError.
DATABASE_FAILURES = (
    *(DataError, InterfaceError, InternalError),
    *(NotSupportedError, OperationalError, ProgrammingError),
)

type Response = HttpResponseBase
type GetResponse = Callable[[HttpRequest], Any]


class SessionMiddleware(django_sessions.SessionMiddleware):
    """Django's session middleware that reads the cookie strictly and runs natively async.

    A session that is ended while a request runs gives a sign-in or a 401, not a 400.
    """

    SessionStore: type[SessionBase]

    def process_request(self, request: HttpRequest) -> None:
        run(self.open(request))

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        return run(self.finish(request, response))

    async def __acall__(self, request: HttpRequest) -> Response:
        if self.has_own_hooks():
            overridden: Response = await super().__acall__(request)
            return overridden
        await arun(self.open(request))
        response = await cast("Awaitable[Response]", self.get_response(request))
        return await arun(self.finish(request, response))

    @classmethod
    def has_own_hooks(cls) -> bool:
        """Tell whether a subclass does more in Django's two hooks, which know no async."""
        return (
            cls.process_request is not SessionMiddleware.process_request
            or cls.process_response is not SessionMiddleware.process_response
        )

    def open(self, request: HttpRequest) -> Steps[None]:
        """Give the request its session, not loaded yet."""
        cookies.note_sender(request)
        sent = cookies.session_keys(request)
        candidates = [
            self.SessionStore(key) for key in sent if keys.has_shape(self.SessionStore, key)
        ]
        if len(sent) > 1:
            candidates = yield from self.living(candidates, sent)
        session = candidates[0] if candidates else self.SessionStore()
        lifecycle.introduce(session, request)
        request.session = cast("Any", session)

    def living(self, candidates: list[SessionBase], sent: cookies.Keys) -> Steps[list[SessionBase]]:
        """Return the one session that lives, of several whose keys one browser sent.

        Which of the cookies was planted is not to be known (RFC 6265 section 8.6), so if several
        sessions live, none counts.
        """
        if len(candidates) > cookies.MOST_VALUES:
            return []
        found = []
        for session in candidates:
            yield from store_io(session.keys, session.akeys)
            if session.session_key in sent and record.is_alive(session):
                found.append(session)
        return found if len(found) == 1 else []

    def process_exception(self, request: HttpRequest, error: Exception) -> Response | None:
        """Answer a view that finds its session ended while it ran; keep keys out of any report."""
        redaction.without_store(error, self.SessionStore)
        visit = visits.visit_of(request)
        if visit is None or not visit.signed_in or not is_interruption(error):
            return None
        return refuse_interrupted(request, visit)

    def finish(self, request: HttpRequest, response: Response) -> Steps[Response]:
        """Do what the answer asks for."""
        if not hasattr(request, "session"):
            return response
        if response.status_code < 500:
            yield from lifecycle.end_again(request.session)
            return (yield from self.close(request, response))
        yield from self.agree(request, response)
        return response

    def close(self, request: HttpRequest, response: Response) -> Steps[Response]:
        """Save the session, and send or delete its cookie."""
        session = cast("Any", request.session)
        saves, varies = record.is_to_be_saved(session), session.accessed
        if saves and not session.is_empty() and not record.is_loaded(session):
            # Only a session that was looked up is known to be there: saving one that is not, as
            # Django does where a middleware answers early, would make a row of any cookie.
            yield from store_io(session.keys, session.akeys)
        if lifecycle.is_kept_from_browser(session):
            cookies.withdraw(response)
            varies = True
        elif session.is_empty():
            if site().SESSION_COOKIE_NAME in request.COOKIES:
                cookies.delete_session(request, response)
                varies = True
        elif saves:
            return (yield from self.keep(request, response, session))
        if varies:
            patch_vary_headers(response, ("Cookie",))
        return response

    def keep(self, request: HttpRequest, response: Response, session: Any) -> Steps[Response]:
        """Save the session and send its key, if the browser is to have it."""
        try:
            yield from store_io(session.save, session.asave)
        except UpdateError as error:
            if is_interruption(error) and (yield from self.was_taken_back(request)):
                cookies.withdraw(response)
                return response
            return interrupted(request, response, error)
        if lifecycle.has_newer_key_elsewhere(session):
            cookies.withdraw(response)
        elif record.sends_cookie(session, cookies.session_keys(request)):
            cookies.set_session(request, response, session)
        patch_vary_headers(response, ("Cookie",))
        return response

    def agree(self, request: HttpRequest, response: Response) -> Steps[None]:
        """Have the cookie agree with what is stored after a server error, which saves nothing.

        If the key was changed before the error, the browser has to learn the new one, or would go
        on with a key that is no more; unless a transaction has taken the change back.
        """
        sent = cookies.session_keys(request)
        session = cast("Any", request.session)
        if session.accessed:
            patch_vary_headers(response, ("Cookie",))
        if session.session_key in sent or not sent or lifecycle.is_kept_from_browser(session):
            return
        # The old key first: a cache in front of the table keeps the new one after a rollback.
        if (yield from self.is_stored(sent)):
            return
        if (yield from self.is_stored(cookies.Keys([session.session_key or ""]))):
            cookies.set_session(request, response, session)
        else:
            cookies.delete_session(request, response)

    def was_taken_back(self, request: HttpRequest) -> Steps[bool]:
        """Tell whether a transaction took a new key back, so that the old one is good."""
        sent = cookies.session_keys(request)
        if request.session.session_key in sent:
            return False
        return (yield from self.is_stored(sent))

    def is_stored(self, asked: cookies.Keys) -> Steps[bool]:
        """Tell whether the session of one of these keys is there."""
        store = self.SessionStore()
        for place in range(min(len(asked), cookies.MOST_VALUES)):
            if asked[place] and keys.has_shape(self.SessionStore, asked[place]):
                stored = yield from store_io(
                    partial(self.exists, store, asked, place),
                    partial(self.aexists, store, asked, place),
                )
                if stored:
                    return True
        return False

    @staticmethod
    def exists(store: SessionBase, asked: cookies.Keys, place: int) -> bool:
        return bool(store.exists(asked[place]))

    @staticmethod
    async def aexists(store: SessionBase, asked: cookies.Keys, place: int) -> bool:
        return bool(await store.aexists(asked[place]))


def interrupted(request: HttpRequest, response: Response, error: UpdateError) -> Response:
    """Answer a request whose session was ended while it ran.

    No cookie is sent: the browser may already have a newer one.

    Raises:
        DatabaseError: it was not the session that failed, but the database.
        SessionInterrupted: the other middleware are not there to say more.
    """
    if not is_interruption(error):
        raise cast("Exception", error.__context__) from None
    visit = visits.visit_of(request)
    if visit is None:
        raise SessionInterrupted(lifecycle.INTERRUPTED) from error
    if visit.signed_in and visit.view is not None and not visit.view.public:
        return refuse_interrupted(request, visit)
    cookies.withdraw(response)
    patch_vary_headers(response, ("Cookie",))
    return response


def is_interruption(error: Exception) -> bool:
    """Tell whether an error says that the session is gone, and not that the database failed."""
    if isinstance(error, SessionInterrupted):
        return True
    return isinstance(error, UpdateError) and not isinstance(error.__context__, DATABASE_FAILURES)


def refuse_interrupted(request: HttpRequest, visit: Visit) -> Response:
    """Return the refusal of a request whose session was ended while it ran."""
    visit.signed_in, visit.ended = False, Reason.EXPIRED
    return responses.refuse(request, visit.view.terms if visit.view else DEFAULT_TERMS)


class _VisitMiddleware:
    """What the other two have in common: steps before the view and steps after it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.async_mode = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self.async_mode:
            return self.__acall__(request)
        visit = run(self.enter(request))
        response = self.get_response(request)
        return run(self.leave(request, response, visit))

    async def __acall__(self, request: HttpRequest) -> Response:
        visit = await arun(self.enter(request))
        response = await self.get_response(request)
        return await arun(self.leave(request, response, visit))

    def enter(self, request: HttpRequest) -> Steps[Visit]:
        raise NotImplementedError

    def leave(self, request: HttpRequest, response: Response, visit: Visit) -> Steps[Response]:
        raise NotImplementedError

    @property
    def process_view(self) -> Callable[..., Any]:
        """The hook in the mode that the handler is in, or it would change threads for it."""
        return self.aprocess_view if self.async_mode else self.sync_process_view

    def sync_process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> Response | None:
        visit = visits.required_visit(request, type(self).__name__)
        if visit.view is None:
            passage.reach(request, visit, view)
        return self.judge_view(request, visit)

    async def aprocess_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> Response | None:
        return self.sync_process_view(request, view, args, kwargs)

    def judge_view(self, request: HttpRequest, visit: Visit) -> Response | None:
        return None


class SessionManagementMiddleware(_VisitMiddleware):
    """Every request has a session that knows whose it is and when it was last used."""

    def enter(self, request: HttpRequest) -> Steps[Visit]:
        visit = yield from passage.arrive(request)
        yield from passage.inform(request, visit)
        cast("Any", request).session_user = SimpleLazyObject(lambda: get_session_user(request))
        return visit

    def leave(self, request: HttpRequest, response: Response, visit: Visit) -> Steps[Response]:
        yield from passage.depart(request, response, visit)
        if is_private(request, response, visit):
            cookies.keep_out_of_caches(response)
        if visit.left and conf().JENK_CLEAR_SITE_DATA:
            kinds = ", ".join(f'"{kind}"' for kind in conf().JENK_CLEAR_SITE_DATA)
            response.headers.setdefault("Clear-Site-Data", kinds)
        return response


def is_private(request: HttpRequest, response: Response, visit: Visit) -> bool:
    """Tell whether the response is one person's, or sets or deletes the session cookie."""
    if visit.signed_in or visit.left or visit.ended or verification.is_known(request):
        return True
    session = request.session
    if visits.is_untouched(session):
        return False
    if session.is_empty():
        return site().SESSION_COOKIE_NAME in request.COOKIES
    return record.will_set_cookie(session, response.status_code, cookies.session_keys(request))


def is_answer_to_refusal(request: HttpRequest, visit: Visit) -> bool:
    """Tell whether a script posts after it was told in a 401 that the session has ended.

    It may be signing in, to a view that jenk cannot know; a protected one still refuses.
    """
    return (
        request.method == "POST"
        and visit.ended is None
        and visit.marker.state is State.UNTOLD
        and responses.is_scripted(request)
    )


def is_page(request: HttpRequest) -> bool:
    """Tell whether a message shows on this very page; one that signs in leads to another."""
    return request.method == "GET" and visits.is_looked_at(request)


def refuse_retired(request: HttpRequest, visit: Visit) -> Response | None:
    """Refuse a script that still has the key before last; a person comes in as a visitor."""
    view = visit.view
    if view is None or view.public or "Authorization" in request.headers:
        return None
    return responses.refuse(request, view.terms) if responses.is_scripted(request) else None


class SessionExpiryMiddleware(_VisitMiddleware):
    """A session past its limit is ended for good, and its user is told why."""

    def enter(self, request: HttpRequest) -> Steps[Visit]:
        visit = yield from passage.arrive(request)
        yield from passage.enforce_limits(request, visit)
        return visit

    def leave(self, request: HttpRequest, response: Response, visit: Visit) -> Steps[Response]:
        yield from passage.depart(request, response, visit)
        markings.mark(request, response, visit)
        if visit.said:  # also on a page made ahead of time, which leaves the marker as it is
            patch_vary_headers(response, ("Cookie",))
            cookies.keep_out_of_caches(response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> Response | None:
        """Answer a sign-in that JENK_MAX_SESSIONS has no room for."""
        if isinstance(error, SessionLimitReached):
            return responses.refuse_limit(request, error)
        return None

    def judge_view(self, request: HttpRequest, visit: Visit) -> Response | None:
        view = visit.view
        if visit.retired is not None and not visit.signed_in:
            return refuse_retired(request, visit)
        if view is None or visit.reason is None:
            return None
        if conf().JENK_REASON_MESSAGE and view.signs_in and is_page(request):
            messages.info(request, str(wording.MESSAGES[visit.reason]))
            visit.shown = True
        if (
            visit.is_pending
            and conf().JENK_EXPIRED_REDIRECT == "all"
            and "Authorization" not in request.headers
            and not view.public
            and not is_answer_to_refusal(request, visit)
        ):
            return responses.refuse(request, view.terms)
        return None
