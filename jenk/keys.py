"""The shape of a session key, judged before anything looks one up.

A key is input from outside: a query, a cache or a file name should only ever meet one of the
shape that the engine makes (OWASP Session Management Cheat Sheet, "Session ID as input").
"""

from __future__ import annotations

import re

from django.contrib.sessions.backends import base, cache, cached_db, db, file

DJANGO_KEY = re.compile(r"[a-z0-9]{32}")
MAKES_KEYS = "_get_new_session_key"
DJANGO_STORES = (cache.SessionStore, db.SessionStore, cached_db.SessionStore, file.SessionStore)


def has_shape(store: type[base.SessionBase], key: str) -> bool:
    """Tell whether `key` could be one that `store` made.

    Engines that are not Django's own, or that make their keys another way, are not second-guessed.
    """
    return (
        not issubclass(store, DJANGO_STORES)
        or getattr(store, MAKES_KEYS) is not getattr(base.SessionBase, MAKES_KEYS)
        or DJANGO_KEY.fullmatch(key) is not None
    )
