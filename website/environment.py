"""Read the example site's settings from environment variables.

A variable that is unset or empty means the default. One that cannot be understood stops the
site with a message that names it.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from jenk.conf import Conf

TRUE_OR_FALSE = {"1": True, "true": True, "0": False, "false": False}

ENGINE_OPTIONS: dict[str, dict[str, object]] = {
    # Readers never wait for a writer, and writers queue up instead of failing.
    "django.db.backends.sqlite3": {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
    # All of Unicode, and a value that does not fit is an error instead of being cut.
    "django.db.backends.mysql": {
        "charset": "utf8mb4",
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES'",
    },
    "django.db.backends.postgresql": {},
}


def text(name: str, *, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def words(name: str) -> list[str]:
    """Return a comma-separated list."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def boolean(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in TRUE_OR_FALSE:
        message = f"{name} is {value!r}. Use 1 or true, 0 or false."
        raise ImproperlyConfigured(message)
    return TRUE_OR_FALSE[value]


def whole_number(name: str, *, default: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        message = f"{name} is {value!r}. Use a whole number."
        raise ImproperlyConfigured(message) from None


def jenk_settings() -> dict[str, Any]:
    """Return every JENK_ setting of the environment, as JSON where it parses, else as text."""
    switches = [one.name for one in fields(Conf) if one.type == "bool"]
    return {
        name: boolean(name, default=False) if name in switches else json_or_text(value)
        for name, value in os.environ.items()
        if name.startswith("JENK_") and not name.startswith("JENK_TEST_") and value.strip()
    }


def json_or_text(value: str) -> Any:
    if value.strip() == "None":
        return None
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return tuple(parsed) if isinstance(parsed, list) else parsed


def database(*, default: str) -> dict[str, Any]:
    """Return DATABASE_URL as an entry of DATABASES.

    Raises:
        ImproperlyConfigured: it is no URL, or one of a database this site does not know. The
            message leaves out the URL, which may hold a password.
    """
    url = text("DATABASE_URL", default=default)
    try:
        entry = cast("dict[str, Any]", dj_database_url.parse(url))
    except ValueError:
        entry = {}
    engine = entry.get("ENGINE")
    if engine not in ENGINE_OPTIONS or not entry.get("NAME"):
        message = (
            f"DATABASE_URL starts with {url.partition(':')[0]!r}. It must read "
            "sqlite:///relative/path, sqlite:////absolute/path, "
            "mysql://user:password@host:port/name (for MariaDB too) or "
            "postgres://user:password@host:port/name, with special characters in user and "
            "password percent-encoded."
        )
        raise ImproperlyConfigured(message)
    return entry | {"OPTIONS": ENGINE_OPTIONS[engine] | entry.get("OPTIONS", {})}


def secret_key(file: Path) -> str:
    """Return SECRET_KEY, or else the key kept in `file`, which is made once.

    Sessions are signed with it, so they survive a restart as long as it stays the same.
    """
    return text("SECRET_KEY") or read_key(file) or make_key(file)


def read_key(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def make_key(file: Path) -> str:
    """Write a new key, readable by its owner alone. Of two processes that try, one wins."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8") as draft:
            draft.write(get_random_secret_key())
            draft.flush()
            os.link(draft.name, file)
    except FileExistsError:
        pass
    except OSError as error:
        message = f"Set SECRET_KEY, because a key cannot be written to {file}: {error.strerror}."
        raise ImproperlyConfigured(message) from error
    return read_key(file)
