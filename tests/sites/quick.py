"""The example site, with passwords that are quick to check."""

from __future__ import annotations

from website.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and of no worth
