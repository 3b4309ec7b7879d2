"""The same site once jenk has been added, in the brief's way, and nothing else changed."""

from __future__ import annotations

from tests.sites.before import *  # noqa: F403
from tests.sites.before import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "jenk"]
place = MIDDLEWARE.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
MIDDLEWARE = [
    *MIDDLEWARE[:place],
    "jenk.middleware.SessionManagementMiddleware",
    "jenk.middleware.SessionExpiryMiddleware",
    *MIDDLEWARE[place:],
]
