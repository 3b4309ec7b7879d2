"""The session engine under test, and the table it keeps sessions in."""

from __future__ import annotations

from typing import Any

from django.conf import settings

#: Whether JENK_TEST_ENGINE names jenk's own engine.
OWN_ENGINE = settings.SESSION_ENGINE in settings.OWN_ENGINES.values()

if OWN_ENGINE:
    from jenk.backends.db import SessionStore
    from jenk.models import Session
else:
    from django.contrib.sessions.backends.db import SessionStore  # type: ignore[assignment]
    from django.contrib.sessions.models import Session  # type: ignore[assignment]

__all__ = ["OWN_ENGINE", "Session", "SessionStore", "name_of", "rewrite", "stored_clocks"]


def name_of(key: str | None) -> str | None:
    """Return what the table calls the session of a key."""
    return key[:25] if OWN_ENGINE and key else key


def stored_clocks(key: str) -> dict[str, Any]:
    """Return when a session's user signed in and when it was last used, as stored."""
    data = Session.objects.get(pk=key).get_decoded()
    if OWN_ENGINE:
        names = {"authenticated_at": "login_time", "last_activity": "last_activity"}
        return {name: data[key] for name, key in names.items()}
    clocks: dict[str, Any] = data["_jenk"]
    return clocks


def rewrite(key: str | None, **values: Any) -> None:
    """Write into a stored session past everything that would check the values."""
    row: Any = Session.objects.get(pk=key)
    if OWN_ENGINE:
        row.payload = Session.objects.encode(SessionStore().unpacked(row.payload) | values)
        row.payload_mac = row.sealed_payload()
    else:
        row.session_data = Session.objects.encode(row.get_decoded() | values)
    row.save()
