"""Projects that run in processes of their own, on a database of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from tests import services
from tests.settings import DATABASE, RUN

ROOT = Path(__file__).parents[2]
NUMBERS = count(1)
END_OF_INPUT = "\x04"


@contextmanager
def new_database(folder: Path) -> Iterator[str]:
    """Make an empty database of the kind under test and give its URL; drop it afterwards."""
    if DATABASE == "sqlite":
        yield f"sqlite:///{folder}/site.sqlite3"
        return
    name = f"{RUN}_site_{next(NUMBERS)}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(services.DATABASE_URLS[DATABASE])._replace(path=f"/{name}").geturl()
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")


@dataclass
class Project:
    """A project: its settings module, its database, and what else its environment says."""

    settings: str
    database_url: str
    environ: dict[str, str] = field(default_factory=dict)

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run one of Django's commands and return what it printed; every warning is an error."""
        return self.python("manage.py", *arguments, stdin=stdin)

    def ask(self, code: str) -> Any:
        """Run code in the project and return the value that it gives to `answer`."""
        lines = ["import json, django", "django.setup()", code, "print(json.dumps(answer))"]
        return json.loads(self.python("-c", "\n".join(lines)).splitlines()[-1])

    def type_into(self, *arguments: str, typed: str) -> str:
        """Run one of Django's commands at a terminal, and return what it answers to `typed`."""
        keyboard, terminal = os.openpty()
        try:
            with subprocess.Popen(
                [sys.executable, "-W", "error", "manage.py", *arguments],
                cwd=ROOT,
                env=self.environment(),
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as process:
                os.write(keyboard, f"{typed}\n{END_OF_INPUT}".encode())
                return process.communicate(timeout=60)[0]
        finally:
            os.close(terminal)
            os.close(keyboard)

    def python(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=ROOT,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": self.settings,
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "not secret: the key of a throw-away site",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environ,
        }
