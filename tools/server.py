"""Run the example site in a process of its own, on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PATIENCE = 30  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


@dataclass
class Site:
    """The example site on a SQLite file, as a context manager.

    Args:
        database: the file; it is made and filled with the demo users when it is not there.
        environ: what the site's environment has besides, such as SESSION_COOKIE_AGE.
        port: where it listens; a free port unless given.
        settings: the settings module.
    """

    database: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    settings: str = "website.settings"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        if not self.database.exists():
            self.prepare()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def prepare(self) -> None:
        self.manage("migrate", "--verbosity=0")
        self.manage("seed_users", "--force")

    def start(self) -> None:
        self.log = self.database.with_suffix(f".{self.port}.log").open("ab")
        self.process = subprocess.Popen(
            self.command("runserver", "--noreload", "--skip-checks", f"{HOST}:{self.port}"),
            env=self.environment(),
            cwd=ROOT,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.wait()

    def wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while not is_listening(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                message = f"The site did not start; see {self.log.name}."
                raise RuntimeError(message)
            time.sleep(0.05)

    def kill(self) -> None:
        """End the process the hard way, as a power cut would."""
        self.process.kill()
        self.process.wait()
        self.log.close()

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": self.settings,
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SECRET_KEY": "not secret: the key of a throw-away site",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environ,
        }
