"""Authentication backends with rules of their own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend


class OpeningHours(ModelBackend):
    """Knows nobody while `ACCOUNTS_CLOSED` is set."""

    def get_user(self, user_id: Any) -> Any:
        return None if getattr(settings, "ACCOUNTS_CLOSED", False) else super().get_user(user_id)

    async def aget_user(self, user_id: Any) -> Any:
        if getattr(settings, "ACCOUNTS_CLOSED", False):
            return None
        return await super().aget_user(user_id)
