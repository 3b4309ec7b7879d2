#!/usr/bin/env python3
"""Run Django's commands for the example site."""

from __future__ import annotations

import os
import sys

try:
    from django.core.management import execute_from_command_line
except ImportError as error:
    message = "Django is not installed here. `make demo` makes .venv: .venv/bin/python manage.py …"
    raise ImportError(message) from error

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "website.settings")
    execute_from_command_line(sys.argv)
