"""What becomes of two changes to one session: facts in, data out.

The rule: a top-level key that only one of two writers changed has that writer's value; of two that
changed the same key the last to be written wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

AUTHENTICATION = frozenset({SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY})

#: What belongs to one sign-in, and must not come into another.
PERSONAL = AUTHENTICATION | {"_csrftoken", "_session_expiry"}

MISSING = object()


def merged(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return `theirs` with what I have changed since `base`, but for who is signed in."""
    found = dict(theirs)
    for key in base.keys() | mine.keys():
        if key in AUTHENTICATION:
            continue
        value = mine.get(key, MISSING)
        if value is MISSING:
            found.pop(key, None)
        elif value != base.get(key, MISSING) or type(value) is not type(base.get(key, MISSING)):
            found[key] = value
    return found


def added(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return `theirs` with those of my new keys that it has not, and nothing taken from it.

    For what a visitor's request wrote while somebody signed in.
    """
    new = {
        key: value
        for key, value in mine.items()
        if key not in theirs and key not in PERSONAL and base.get(key, MISSING) != value
    }
    return dict(theirs) | new
