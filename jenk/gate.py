"""The decision that every decorator and mixin asks for: may this request in?"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from jenk import cookies, responses, verification, visits
from jenk.effects import Steps, io
from jenk.session_user import role_of
from jenk.snapshot import as_json
from jenk.view_traits import Terms

type Roles = Collection[Any] | None


def checked_roles(roles: Any) -> Roles:
    """Return `roles` as given to a decorator or a mixin, each as `user_role` holds it.

    Raises:
        TypeError: it is no collection of roles, or an empty one, which would let nobody in.
    """
    if roles is None:
        return None
    if isinstance(roles, str | bytes) or not isinstance(roles, Collection) or not roles:
        message = (
            f"roles={roles!r} is not a collection of roles. Give the values of user_role that may "
            "enter, as in roles=[2, 3], or leave roles out to let everyone in who is signed in."
        )
        raise TypeError(message)
    return [as_json(role) for role in roles]


def admit(request: HttpRequest, roles: Roles, terms: Terms) -> Steps[HttpResponseBase | None]:
    """Return None if the request may pass, else the answer to it.

    Judged on the verified user, and for roles by exact membership; what the session's keys say is
    never asked.

    Raises:
        ImproperlyConfigured: jenk's middleware did not see the request.
        PermissionDenied: the role is another, and a person is looking.
    """
    visits.required_visit(request, "A protected view")
    user = yield from io(partial(verification.ask, request), partial(verification.aask, request))
    if not user.is_authenticated:
        return responses.refuse(request, terms)
    if roles is not None and not is_one_of(role_of(request, user), roles):
        return responses.forbid(request, terms)
    return None


def is_one_of(role: Any, roles: Collection[Any]) -> bool:
    """Tell whether a role is in the list; True is not 1."""
    return any(role == one and isinstance(role, bool) is isinstance(one, bool) for one in roles)


def keep_private[T](response: T) -> T:
    """Have no cache show what a protected view answered to somebody else, or after the end.

    Needed here because a cache may stand between the view and the middleware, as `cache_page` does.
    """
    if isinstance(response, HttpResponseBase):
        patch_vary_headers(response, ("Cookie",))
        cookies.keep_out_of_caches(response)
    return response
