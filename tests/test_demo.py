"""`make demo`: it starts and says where, or stops and says why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.sites.people import Person
from tools.server import HOST, ROOT, free_port, is_listening

pytestmark = pytest.mark.checkout

DEMO = [sys.executable, "tools/demo.py"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/deeper/demo.sqlite3",
        "SECRET_KEY": "not secret: the key of a throw-away site",
        "PORT": str(free_port()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.mark.parametrize("snapshot", ["{}", "null"])
def test_it_says_where_it_is_and_whom_to_be(environ: dict[str, str], snapshot: str) -> None:
    environ |= {"JENK_SNAPSHOT": snapshot, "JENK_NO_STORE": "False", "JENK_REASON_MESSAGE": "1"}
    process = subprocess.Popen(
        DEMO, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        url, person = f"http://{HOST}:{environ['PORT']}", Person()
        wait_for(int(environ["PORT"]), process)
        assert "Try alice with demo-password." in person.get(f"{url}/login").words
        assert person.sign_in(f"{url}/login", "alice").status == 302
        dashboard = person.get(f"{url}/dashboard/")
        assert "Welcome, Alice Hartmann" in dashboard.words
        assert "Sign out" in dashboard.words
        assert "Cache-Control" not in dashboard.headers
        assert "Welcome, Alice Hartmann!" in person.get(f"{url}/").words
    finally:
        process.kill()
        printed = process.communicate()[0]
    assert f"{url}/" in printed
    assert "demo-password" in printed


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 30
    while not is_listening(port):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"PORT": "abc"}, ["PORT is 'abc'. Use a whole number."]),
        ({"PORT": "-1"}, ["PORT is -1. Use a number from 1 to 65535."]),
        ({"DEBUG": "maybe"}, ["DEBUG is 'maybe'. Use 1 or true, 0 or false."]),
        (
            {"JENK_REASON_MESSAGE": "no"},
            ["JENK_REASON_MESSAGE is 'no'. Use 1 or true, 0 or false."],
        ),
        ({"JENK_PRESET": "pcii"}, ["jenk.E025", "JENK_PRESET = 'pcii'", "JENK_PRESET = 'pci'"]),
        ({"SESSION_COOKIE_AGE": "9" * 20}, ["jenk.E023", "SESSION_COOKIE_AGE = 9999"]),
        ({"JENK_PUBLIC_VIEWS": '["index", "nope"]'}, ["jenk.E033", "'nope'"]),
        ({"SESSION_ENGINE": "no.such.engine"}, ["SESSION_ENGINE cannot be used: No module"]),
        ({"DATABASE_URL": "mariadb://x/y"}, ["DATABASE_URL starts with 'mariadb'", "mysql://"]),
        ({"DATABASE_URL": "sqlite://:memory:"}, ["would not outlive a request"]),
        ({"DATABASE_URL": "sqlite:////proc/x/y.sqlite3"}, ["/proc/x"]),
        (
            {"REDIS_URL": "redis://127.0.0.1:1/0"},
            ["The Redis in REDIS_URL cannot be used: "],
        ),
    ],
    ids=str,
)
def test_it_stops_at_what_cannot_work(
    environ: dict[str, str], values: dict[str, str], said: list[str]
) -> None:
    done = run(environ | values)

    assert done.returncode == 1
    assert [words for words in said if words not in done.stderr] == []
    assert done.stderr.startswith("make demo: ")
    assert "Traceback" not in done.stderr
    assert "example site" not in done.stdout


def test_another_port_is_proposed_where_one_is_taken(environ: dict[str, str]) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        done = run(environ | {"PORT": str(port)})

    assert f"{HOST}:{port} cannot be used: Address already in use." in done.stderr
    assert "for instance: PORT=80" in done.stderr


def test_a_warning_is_shown_and_stops_nothing(environ: dict[str, str]) -> None:
    checked = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environ | {"JENK_NONSENSE": "1", "JENK_ABSOLUTE_TIMEOUT": "None"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "JENK_NONSENSE = 1 has no effect" in checked.stderr


def run(environ: dict[str, str]) -> Any:
    return subprocess.run(
        DEMO, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_environment_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / ".venv"
    mine.mkdir()
    (mine / "mine").touch()
    done = subprocess.run(
        [sys.executable, "-m", "tools.environment", str(mine), "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "was not made by this command" in done.stderr
    assert (mine / "mine").exists()
