"""Make a virtual environment and keep it in step with requirements/.

    python3 -m tools.environment .venv test --try mariadb browser

Run again it does nothing, until a requirement file or the interpreter changes: then it starts
afresh. Runs before any package is installed, so it needs the standard library alone.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"

#: What a driver needs from the system where there is no wheel of it.
APT = {
    "mariadb": "apt-get install libmariadb-dev pkg-config gcc python3-dev",
    "postgres": "apt-get install libpq5",
}

#: Which driver a DATABASE_URL asks for.
DRIVERS = {
    "mysql": "mariadb",
    "postgres": "postgres",
    "postgresql": "postgres",
}


class InstallError(Exception):
    """A requirement file could not be installed."""


class Environment:
    """A virtual environment that remembers which requirement files it holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.python = path / "bin" / "python"
        self.stamps = path / "installed"

    def make(self) -> None:
        digest = requirements_digest()
        stamp = self.stamps / "digest"
        if stamp.exists() and stamp.read_text() == digest and self.python.exists():
            return
        if self.path.exists() and not self.stamps.exists():
            sys.exit(
                f"jenk: {shown(self.path)} is there and was not made by this command. "
                "Move it away or delete it, and run the command again."
            )
        say(f"making {shown(self.path)} with Python {platform.python_version()}")
        shutil.rmtree(self.path, ignore_errors=True)
        self.stamps.mkdir(parents=True)
        venv.create(self.path, with_pip=True)
        stamp.write_text(digest)

    def install(self, name: str) -> None:
        """Install requirements/<name>.txt unless it is there.

        Raises:
            InstallError: with the lines of pip that say why.
        """
        stamp = self.stamps / name
        if stamp.exists():
            return
        say(f"installing requirements/{name}.txt into {shown(self.path)}")
        self.pip("--requirement", str(REQUIREMENTS / f"{name}.txt"))
        stamp.touch()

    def pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--no-input"]
        done = subprocess.run(
            [*command, "--disable-pip-version-check", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise InstallError(done.stdout.strip())


def requirements_digest() -> str:
    """Return what an environment depends on: every requirement file, and the interpreter."""
    parts = [sys.version.encode()]
    for file in sorted(REQUIREMENTS.glob("*.txt")):
        parts += [file.name.encode(), file.read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def site_drivers() -> list[str]:
    """Return the requirement files that DATABASE_URL and REDIS_URL ask for."""
    scheme = urlsplit(os.environ.get("DATABASE_URL", "")).scheme
    drivers = [DRIVERS[scheme]] if scheme in DRIVERS else []
    return [*drivers, "redis"] if os.environ.get("REDIS_URL") else drivers


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let `make -j lint types` make one environment, not two halves of one."""
    handle = os.open(REQUIREMENTS, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def reason(error: InstallError) -> str:
    """Return the one line of pip's output that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # "error: subprocess-exited-with-error" comes first and tells nothing.
    telling = [
        line
        for line in lines
        if re.match(r"(\w*(Error|Exception|ERROR)|fatal|error): (?!subp)", line)
    ]
    return (telling or lines or ["pip gave no reason"])[0]


def remedy(name: str) -> str:
    return f"; it needs: {APT[name]}" if name in APT else ""


def shown(path: Path) -> str:
    return os.path.relpath(path, ROOT)


def say(text: str) -> None:
    print(f"jenk: {text}", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("names", nargs="+", help="requirement files, without .txt")
    parser.add_argument("--try", nargs="+", default=[], dest="optional", metavar="NAME")
    parser.add_argument(
        "--site-drivers",
        action="store_true",
        help="also what DATABASE_URL and REDIS_URL ask for",
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    names = [*arguments.names, *(site_drivers() if arguments.site_drivers else [])]
    environment = Environment(arguments.path.resolve())
    with one_at_a_time():
        environment.make()
        for name in names:
            try:
                environment.install(name)
            except InstallError as error:
                sys.exit(f"{error}\n\njenk: requirements/{name}.txt failed{remedy(name)}")
        for name in arguments.optional:
            try:
                environment.install(name)
            except InstallError as error:
                say(f"skipped: requirements/{name}.txt ({reason(error)}{remedy(name)})")


if __name__ == "__main__":
    main()
