"""An authentication backend that nobody of the tests signs in with."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend


class OtherBackend(ModelBackend):
    """Not the one in the session."""
