"""Create the people the example site is shown with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from website.models import Role, Status, User

PASSWORD = "demo-password"  # noqa: S105 - known to everyone, and told on the page

PEOPLE: dict[str, dict[str, Any]] = {
    "alice": {"first_name": "Alice", "last_name": "Hartmann"},
    "bob": {"first_name": "Bob", "last_name": "Okafor"},
    "carol": {"first_name": "Carol", "last_name": "Lindqvist", "role": Role.MANAGER},
    "dave": {
        "first_name": "Dave",
        "last_name": "Moreau",
        "is_active": False,
        "status": Status.INACTIVE,
    },
    "admin": {
        "first_name": "Ada",
        "last_name": "Nakamura",
        "role": Role.ADMINISTRATOR,
        "is_staff": True,
        "is_superuser": True,
    },
}


class Command(BaseCommand):
    help = "Create alice, bob, carol, dave and admin. Whoever exists already stays as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="also without DEBUG")

    def handle(self, *args: Any, force: bool, verbosity: int, **options: Any) -> None:
        if not (settings.DEBUG or force):
            message = "Everyone knows these passwords. Without DEBUG, say --force if you mean it."
            raise CommandError(message)
        for username, facts in PEOPLE.items():
            known = User.objects.filter(username=username).exists()
            if not known:
                User.objects.create_user(username, f"{username}@example.com", PASSWORD, **facts)
            if verbosity:
                self.stdout.write(f"{username}: {'already there' if known else 'created'}")
