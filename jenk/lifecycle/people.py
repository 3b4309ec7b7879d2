"""Whose session it is: Django's own verification, on what the store has brought."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
)
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from jenk import seals, verification
from jenk.conf import site, user_model
from jenk.reasons import Reason
from jenk.stores.base import Found

logger = logging.getLogger("jenk")


class Verified(NamedTuple):
    """A user whom the session may go by, or why it must end; neither where nobody can say.

    `new_hash` is the user's auth hash where the session has one that SECRET_KEY_FALLBACKS made.
    """

    user: Any = None
    reason: Reason | None = None
    new_hash: str | None = None


NOBODY = Verified()


def verify(data: dict[str, Any], found: Found) -> Verified:
    """Find out who the session's user is, as `django.contrib.auth.get_user` does."""
    if SESSION_KEY not in data:
        return NOBODY
    path = data.get(BACKEND_SESSION_KEY)
    if path not in site().AUTHENTICATION_BACKENDS:
        return NOBODY
    if not is_whose_record_it_is(data[SESSION_KEY], found):
        return Verified(reason=Reason.DELETED)
    kind: Any = backend_class(path)
    backend = kind()
    if verification.is_stock(kind):
        return verify_stock(backend, data, found)
    user = backend.get_user(user_model()._meta.pk.to_python(data[SESSION_KEY]))
    return NOBODY if user is None else verify_hash(user, data)


def drop_impossible(data: dict[str, Any]) -> None:
    """Take out who is signed in, if code has written there what can be nobody."""
    if SESSION_KEY in data and not verification.is_possible(data[SESSION_KEY]):
        logger.warning("A session named a user who cannot exist; it is nobody's now.")
        for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY):
            data.pop(key, None)


def is_whose_record_it_is(claimed: Any, found: Found) -> bool:
    """Tell whether the data name the user whom the record names, as whatever jenk writes does."""
    if found.record is None:
        return False
    if claimed == str(found.record.user_id):
        return True
    if not verification.is_possible(claimed):
        return False
    return bool(user_model()._meta.pk.to_python(claimed) == found.record.user_id)


def owner_of(found: Found) -> Any:
    """Return the user of a record, brought along or looked up; None of a visitor's."""
    if found.joined or found.record is None or found.record.user_id is None:
        return found.user
    return by_id(found.record.user_id)


def verify_stock(backend: Any, data: dict[str, Any], found: Found) -> Verified:
    """Verify a user of ModelBackend's, whose own rules say why one is not accepted."""
    user = found.user if found.joined else by_id(data[SESSION_KEY])
    if user is None:
        return Verified(reason=Reason.DELETED)
    if not backend.user_can_authenticate(user):
        return Verified(user, Reason.DISABLED)
    return verify_hash(user, data)


def verify_hash(user: Any, data: dict[str, Any]) -> Verified:
    """Compare the session's auth hash with the user's, which changes with the password."""
    if not hasattr(user, "get_session_auth_hash"):
        return Verified(user)
    given = data.get(HASH_SESSION_KEY) or ""
    current = user.get_session_auth_hash()
    if constant_time_compare(given, current):
        return Verified(user)
    if given and any(constant_time_compare(given, one) for one in fallback_hashes(user)):
        return Verified(user, new_hash=current)
    return Verified(user, Reason.PASSWORD_CHANGED)


def verifies_now(user_id: Any, auth_hash: Any) -> bool:
    """Tell whether an auth hash is that of the user as stored now."""
    if user_id is None or not verification.is_possible(user_id):
        return False
    user = by_id(user_id)
    if user is None or not getattr(user, "is_active", True):
        return False
    if not hasattr(user, "get_session_auth_hash"):
        return True
    return constant_time_compare(auth_hash or "", user.get_session_auth_hash())


def by_id(user_id: Any) -> Any:
    return user_model()._default_manager.filter(pk=user_id).first()


def tags(user: Any) -> set[str]:
    """Return the tags that a live session of this user can have."""
    if not hasattr(user, "get_session_auth_hash"):
        return {""}
    return {seals.auth_tag(one) for one in (user.get_session_auth_hash(), *fallback_hashes(user))}


def fallback_hashes(user: Any) -> Iterator[str]:
    known = getattr(user, "get_session_auth_fallback_hash", None)
    if known is not None:
        yield from known()


@lru_cache(maxsize=32)
def backend_class(path: str) -> Any:
    return import_string(path)
