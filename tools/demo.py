"""Prepare the example site's database and run the site: `make demo`.

It makes a missing database, runs the migrations, creates the demo users and serves the site on
127.0.0.1. Stop it with Ctrl-C; sessions are still there at the next start.
"""

from __future__ import annotations

import io
import os
import socket
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"

#: For each database, the module of its driver and the requirements that bring it.
DRIVERS = {
    "mysql": ("MySQLdb", "requirements/mariadb.txt"),
    "postgresql": ("psycopg", "requirements/postgres.txt"),
}


def main() -> None:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "website.settings")
    os.environ.setdefault("DEBUG", "true")
    os.environ.setdefault("DJANGO_RUNSERVER_HIDE_WARNING", "true")
    port = configure()
    check_cache()
    prepare()
    announce(port)
    serve(port)


def configure() -> int:
    """Load the settings and return the port, or stop with what is wrong."""
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.utils.module_loading import import_string

    try:
        port: int = settings.PORT  # type: ignore[misc]  # the example site's own
        check_port(port)
        check_driver(settings.DATABASES["default"]["ENGINE"].rpartition(".")[2])
        django.setup()
        import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    except ImportError as error:
        stop(f"SESSION_ENGINE cannot be used: {error}")
    except ImproperlyConfigured as error:
        stop(str(error))
    check_settings()
    return port


def check_port(port: int) -> None:
    if not 0 < port < 65536:
        stop(f"PORT is {port}. Use a number from 1 to 65535.")
    if problem := why_not(port):
        free = next((other for other in range(8000, 8100) if not why_not(other)), None)
        advice = f", for instance: PORT={free} make demo" if free else "."
        stop(f"{HOST}:{port} cannot be used: {problem}. Choose another port{advice}")


def why_not(port: int) -> str | None:
    """Return why a port cannot be listened on, or None where it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror
    return None


def check_settings() -> None:
    """Stop where the system checks say that requests would fail; show what they warn of."""
    from django.core.management import call_command
    from django.core.management.base import SystemCheckError

    try:
        call_command("check", stdout=io.StringIO())
    except SystemCheckError as error:
        stop(str(error).strip())


def check_cache() -> None:
    """Stop where REDIS_URL leads to no Redis, which sessions may be kept in."""
    from django.core.cache import cache

    if not os.environ.get("REDIS_URL"):
        return
    try:
        cache.get("jenk")
    except Exception as error:  # noqa: BLE001 - every client has errors of its own
        stop(f"The Redis in REDIS_URL cannot be used: {str(error) or type(error).__name__}")


def check_driver(database: str) -> None:
    """Stop where DATABASE_URL needs a driver that is not there; `make demo` installs it."""
    module, requirements = DRIVERS.get(database, ("", ""))
    if module and find_spec(module) is None:
        stop(f"DATABASE_URL needs the module {module}, which {requirements} brings.")


def prepare() -> None:
    """Bring the database up to date, with the demo users in it."""
    from django.core.management import CommandError, call_command
    from django.db import Error

    try:
        make_database()
        call_command("migrate", verbosity=0)
        call_command("seed_users", force=True, verbosity=0)
    except (Error, OSError, TypeError) as error:
        stop(f"The database in DATABASE_URL{named()} cannot be used: {error}")
    except CommandError as error:
        stop(str(error))


def named() -> str:
    """Return which file it is, which SQLite's own errors leave out."""
    from django.db import connection

    return f" ({connection.settings_dict['NAME']})" if connection.vendor == "sqlite" else ""


def make_database() -> None:
    """Create the database where its server does not have it yet."""
    from django.db import OperationalError, connection

    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        if ":memory:" in name:
            stop("DATABASE_URL is a database in memory, which would not outlive a request.")
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        return
    try:
        connection.ensure_connection()
    except OperationalError:
        if not create_database():
            raise


def create_database() -> bool:
    """Create the database and tell that it was missing, or return False where it exists."""
    from django.db import connection

    mysql = connection.vendor == "mysql"
    known = (
        "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
        if mysql
        else "SELECT 1 FROM pg_database WHERE datname = %s"
    )
    name = str(connection.settings_dict["NAME"])
    with warnings.catch_warnings(action="ignore"), connection._nodb_cursor() as cursor:
        cursor.execute(known, [name])
        if cursor.fetchone():
            return False
        charset = " CHARACTER SET utf8mb4" if mysql else ""
        cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}{charset}")
    say(f"Created the database {name}.")
    return True


def announce(port: int) -> None:
    from website.management.commands.seed_users import PASSWORD

    say(
        f"""
  The example site:  http://{HOST}:{port}/

  Sign in as  alice, bob   members
              carol        a manager
              admin        the administrator, also at /admin/
              dave         inactive: cannot sign in
  Password    {PASSWORD}   for everyone

  Stop with Ctrl-C. Sessions are still there at the next start.
"""
    )


def serve(port: int) -> None:
    from django.core.management import call_command

    call_command("runserver", f"{HOST}:{port}", use_reloader=False)


def say(text: str) -> None:
    print(text, flush=True)


def stop(message: str) -> NoReturn:
    sys.exit(f"make demo: {message}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
