"""The shape of a session key, judged before anything looks one up.

A key is input from outside: a query, a cache or a file name should only ever meet one of the
shape that the engine makes (OWASP Session Management Cheat Sheet, "Session ID as input").
"""

from __future__ import annotations

import re

from django.contrib.sessions.backends import base, cache, cached_db, db, file
from django.utils.crypto import get_random_string

DJANGO_KEY = re.compile(r"[a-z0-9]{32}")
MAKES_KEYS = "_get_new_session_key"
DJANGO_STORES = (cache.SessionStore, db.SessionStore, cached_db.SessionStore, file.SessionStore)

#: jenk's own keys are a handle, which may be shown, followed by a secret, which may not: 129 and
#: 165 bits (OWASP ASVS 5.0 7.2.3 asks for 128).
ALPHABET = base.VALID_KEY_CHARS
HANDLE_LENGTH = 25
SECRET_LENGTH = 32
OWN_KEY = re.compile(rf"([a-z0-9]{{{HANDLE_LENGTH}}})([a-z0-9]{{{SECRET_LENGTH}}})")


def has_shape(store: type[base.SessionBase], key: str) -> bool:
    """Tell whether `key` could be one that `store` made.

    Engines that are neither jenk's nor Django's, or that make their keys another way, are not
    second-guessed.
    """
    judge = getattr(store, "has_shape", None)
    if judge is not None:
        return bool(judge(key))
    return (
        not issubclass(store, DJANGO_STORES)
        or getattr(store, MAKES_KEYS) is not getattr(base.SessionBase, MAKES_KEYS)
        or DJANGO_KEY.fullmatch(key) is not None
    )


def split(key: str | None) -> tuple[str, str] | None:
    """Return the handle and the secret of one of jenk's keys, None if it is no such key."""
    match = OWN_KEY.fullmatch(key) if key else None
    return (match[1], match[2]) if match else None


def new_handle() -> str:
    return get_random_string(HANDLE_LENGTH, ALPHABET)


def new_secret() -> str:
    return get_random_string(SECRET_LENGTH, ALPHABET)
