"""What jenk raises for a project to catch."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied


class SessionLimitReached(PermissionDenied):
    """A user may have no further session (JENK_LIMIT_ACTION is "refuse")."""
