"""`manage.py clearsessions`, for projects that do without django.contrib.sessions."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Ends the sessions that are past their limits. Run it daily, as a cron job for example."

    def handle(self, **options: Any) -> None:
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
