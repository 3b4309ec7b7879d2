"""Hostile names in pages, JSON and logs, and what error reports print."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.contrib.sessions.backends import file as file_store
from django.core import signals
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import OperationalError
from django.utils.html import escape
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from jenk import redaction
from tests.browsers import Browser
from tests.engines import Session, SessionStore
from tests.security.attacks import Attacker, raw_cookie, short
from website.models import User

pytestmark = pytest.mark.django_db

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</script><script>alert(1)</script>",
    "{{ 7|add:7 }}{% debug %}",
    "a\r\nSet-Cookie: injected=1\r\n\r\n<b>",
    "\u202egnp.exe",
    "\x1b[31mred\x1b[0m",
    "\u2028\u2029",
    "&lt;b&gt;",
    "__proto__",
    "\U0001f600" * 20,
    "=HYPERLINK(1)",
]


@pytest.fixture(params=HOSTILE_NAMES, ids=short)
def mallory(request: pytest.FixtureRequest, db: None) -> Any:
    """A user whose every name is hostile."""
    name = request.param
    return User.objects.create_user(
        name, f"{name}@example.com", "pw", first_name=name[:150], last_name="x"
    )


# --- F1, F2: pages and JSON ---------------------------------------------------------------


def test_a_hostile_name_is_escaped_in_a_page(
    attack: Attacker, either: Browser, mallory: User
) -> None:
    """F1"""
    either.verb("sign_in", mallory)

    response = attack(either, "get", "page/")

    name = mallory.get_full_name()
    assert f"Welcome, {escape(name)}!" in response.text
    assert name == escape(name) or name not in response.text
    assert "injected" not in response.cookies


def test_a_hostile_name_is_valid_json(attack: Attacker, either: Browser, mallory: User) -> None:
    """F2: of the right type, not to be guessed as another, and the same name again."""
    either.verb("sign_in", mallory)

    response = attack(either, "get", "ajax/")

    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(response.content)["session_user"]["user"] == mallory.username
    assert "\u2028" not in response.text


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=short)
def test_a_hostile_name_that_fails_to_sign_in_is_escaped(
    attack: Attacker, either: Browser, db: None, name: str
) -> None:
    """F1, F4"""
    page = attack(either, "post", "/login", {"username": name, "password": name, "next": name}).text

    for raw in ("<script>alert", "<img", "' onmouseover='", "<b>"):
        assert raw not in page


@pytest.mark.parametrize("path", ["private/", "ajax/"])
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=short)
def test_a_hostile_query_is_escaped_in_a_refusal(
    attack: Attacker, either: Browser, db: None, path: str, name: str
) -> None:
    """F1, F4"""
    response = attack(either, "get", path, {"q": name})

    told = f"{response.headers}{response.text}"
    for raw in ("<script>", "<img", "\r\nSet-Cookie", "\x1b", "\u202e"):
        assert raw not in told
    if response.status_code == 302:
        page = attack(either, "get", response.url).text
        assert "<script>alert" not in page
        assert "<img" not in page


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ["managers/", "managers-ajax/", "protected-managers/"])
def test_a_forbidden_answer_names_nobody(
    attack: Attacker, either: Browser, alice: User, path: str, accept: str
) -> None:
    """INV4, F6"""
    either.sign_in("alice")

    response = attack(either, "get", path, headers={"Accept": accept})

    assert response.status_code == 403
    assert "alice" not in response.text


# --- F4: logs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/none/%0d%0aFAKE%20event=login_ok",
        "/none/%1b[31m",
        "/none/%0aERROR",
        '/none/" event=login_ok user="admin',
    ],
)
def test_a_hostile_path_is_one_line_in_the_log(
    attack: Attacker, either: Browser, caplog: pytest.LogCaptureFixture, db: None, path: str
) -> None:
    """F4"""
    cookie = raw_cookie("sessionid=\r\nFAKE; sessionid_seen=\r\nFAKE; a=\x1b[31m")
    attack(either, "get", path, headers=cookie)
    attack(either, "post", "/login", {"username": "a\r\nFAKE", "password": "x"}, headers=cookie)

    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if "\n" in line or "\r" in line or "\x1b" in line] == []


# --- F6: error reports --------------------------------------------------------------------


class Reports:
    """What Django would show a developer and mail to the admins of each error."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    def __call__(self, request: Any = None, **kwargs: Any) -> None:
        kind, error, traceback = sys.exc_info()
        reporter = ExceptionReporter(request, kind, error, traceback)
        self.pages += [reporter.get_traceback_html(), reporter.get_traceback_text()]


@pytest.fixture
def reports() -> Iterator[Reports]:
    receiver = Reports()
    signals.got_request_exception.connect(receiver)
    yield receiver
    signals.got_request_exception.disconnect(receiver)


def no_load(session: SessionStore) -> None:
    message = "no database"
    raise OperationalError(message)


async def no_aload(session: SessionStore) -> None:
    no_load(session)


def no_save(*args: Any, **kwargs: Any) -> None:
    message = "no database"
    raise OperationalError(message)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["x/fail/", "x/rotate_and_fail/", "x/enter_and_raise/alice/"])
def test_the_report_of_a_failed_view_has_no_key(
    attack: Attacker,
    browser: Browser,
    alice: User,
    settings: Any,
    reports: Reports,
    path: str,
    debug: bool,
) -> None:
    """F6: on the debug page and in the mail to the admins, locals of every frame included."""
    settings.DEBUG = debug
    browser.sign_in("alice")

    attack(browser, "get", path, error=True, new_rows=1)

    assert len(reports.pages) == 2
    for page in reports.pages:
        assert "FailureError" in page
        assert [key for key in attack.known if key in page] == []


@pytest.mark.parametrize(
    ("cookie", "debug"),
    [
        ("sessionid={key}", False),
        ("sessionid={key}", True),
        ("sessionid={key}; sessionid={other}", False),
    ],
    ids=["one", "one, DEBUG", "several"],
)
def test_the_report_of_a_failed_load_has_no_key(
    browser: Browser, alice: User, settings: Any, reports: Reports, cookie: str, debug: bool
) -> None:
    """F6: of one cookie, and of several, which jenk looks up itself."""
    settings.DEBUG = debug
    browser.sign_in("alice")
    key, other = browser.key or "", "b" * 32
    visitor = browser.another()
    visitor.client.raise_request_exception = False
    with mock.patch.multiple(SessionStore, load=no_load, aload=no_aload):
        response = visitor.get("plain/", headers=raw_cookie(cookie.format(key=key, other=other)))

    assert response.status_code == 500
    assert len(reports.pages) == 2
    for page in reports.pages:
        assert "no database" in page
        assert [one for one in (key, other) if one in page] == []


def test_the_mail_about_a_failed_save_has_no_key(
    browser: Browser, alice: User, settings: Any, reports: Reports
) -> None:
    """F6: Django's own frames hold the record, whose name is the key."""
    browser.sign_in("alice")
    key = browser.key or ""
    browser.client.raise_request_exception = False

    with mock.patch.object(Session, "save", no_save):
        assert browser.get("plain/").status_code == 500

    assert reports.pages
    for page in reports.pages:
        assert "no database" in page
        assert key not in page


class Mails(AdminEmailHandler):
    """Keeps what it would send."""

    def __init__(self) -> None:
        super().__init__(include_html=True)
        self.sent: list[str] = []

    def send_mail(self, subject: str, message: str, *args: Any, **kwargs: Any) -> None:
        self.sent += [subject, message, kwargs["html_message"]]


def test_the_handler_that_mails_reports_masks_the_cookie(
    browser: Browser, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    """F6: AdminEmailHandler with the HTML report."""
    browser.sign_in("alice")
    key = browser.key or ""
    browser.client.raise_request_exception = False
    assert browser.get("x/fail/").status_code == 500
    handler = Mails()

    handler.emit(next(record for record in caplog.records if record.exc_info))

    assert ["FailureError" in text for text in handler.sent] == [False, True, True]
    assert [text for text in handler.sent if key in text] == []


def test_no_page_of_an_error_shows_a_key(attack: Attacker, browser: Browser, alice: User) -> None:
    """F6, INV3: the site's own 403, 404 and 500 pages."""
    browser.sign_in("alice")

    assert attack(browser, "get", "/none/").status_code == 404
    assert attack(browser, "get", "denied/").status_code == 403
    assert attack(browser, "get", "x/fail/", error=True).status_code == 500


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("act", ["sign in", "sign in as somebody else", "sign out"])
def test_the_report_of_a_store_that_fails_inside_a_view_has_no_key(
    browser: Browser,
    alice: User,
    carol: User,
    settings: Any,
    reports: Reports,
    act: str,
    debug: bool,
) -> None:
    """F6: Django's own `login()` and `logout()` call the store, and its key is still good."""
    settings.DEBUG = debug
    if act == "sign in":
        browser.get("write/?cart=3")
    else:
        browser.sign_in("alice")
    key = browser.key or ""
    browser.client.raise_request_exception = False

    with mock.patch.object(Session, "delete", no_save):
        response = browser.sign_out() if act == "sign out" else browser.sign_in("carol")

    assert response.status_code == 500
    assert len(reports.pages) == 2
    for page in (*reports.pages, response.text):
        assert key not in page
    assert all("no database" in page for page in reports.pages)


@pytest.mark.parametrize("debug", [False, True])
def test_the_report_of_a_file_that_cannot_be_written_has_no_key(
    either: Browser, alice: User, settings: Any, reports: Reports, tmp_path: Path, debug: bool
) -> None:
    """F6: the file engine names a session's file by its key, and the system names the file."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.DEBUG = debug
    file_store.SessionStore._storage_path = str(tmp_path)
    try:
        either.sign_in("alice")
        key = either.key or ""
        refusal = PermissionError(1, "Operation not permitted", str(tmp_path / f"sessionid{key}"))
        either.client.raise_request_exception = False
        with mock.patch("os.open", side_effect=refusal):
            response = either.get("plain/")
    finally:
        del file_store.SessionStore._storage_path

    assert response.status_code == 500
    assert reports.pages
    for page in (*reports.pages, response.text):
        assert key not in page
    assert all("Operation not permitted" in page for page in reports.pages)


def test_what_djangos_engine_logs_has_no_key(
    either: Browser, alice: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """F6, M4: `cached_db` goes on without its cache and logs the error, with all its frames."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    either.sign_in("alice")
    key = either.key or ""
    with (
        mock.patch.multiple(BaseCache, aset=no_aset),
        mock.patch.object(LocMemCache, "set", no_save),
    ):
        assert either.get("private/").status_code == 200
    logged = [one for one in caplog.records if one.name == "django.contrib.sessions"]
    handler = Mails()
    for record in logged:
        handler.emit(record)

    assert logged
    assert all("no database" in text for text in handler.sent[1::3])
    assert [text for text in handler.sent if key in text] == []


async def no_aset(*args: Any, **kwargs: Any) -> None:
    no_save()


# --- What is left of an error ---------------------------------------------------------------


FAIL = """\
def fail(rest):
    if rest:
        return rest[0](rest[1:])
    raise OSError(1, "no", "a key")
"""


def fail_within(*names: str) -> Exception:
    """Return an error raised in functions of these modules, the last one innermost."""
    functions = []
    for name in names:
        namespace: dict[str, Any] = {"__name__": name}
        exec(FAIL, namespace)  # noqa: S102 - functions of modules that are not there
        functions.append(namespace["fail"])
    try:
        functions[0](functions[1:])
    except OSError as error:
        return error
    raise AssertionError


def modules_of(error: BaseException) -> list[str]:
    found = [step.tb_frame.f_globals["__name__"] for step in redaction.steps(error.__traceback__)]
    return [name for name in found if name != __name__]


@pytest.mark.parametrize(
    ("modules", "left"),
    [
        (["shop.views", "shop.models"], ["shop.views", "shop.models"]),
        (["shop.views", "django.contrib.sessions.backends.db", "django.db"], ["shop.views"]),
        (["shop.views", "shop.engine", "django.db"], ["shop.views"]),
    ],
)
def test_frames_from_the_store_on_are_dropped(modules: list[str], left: list[str]) -> None:
    error = fail_within(*modules)
    error.__cause__ = fail_within("psycopg")
    store = type("SessionStore", (), {"__module__": "shop.engine"})

    redaction.without_store(error, store)

    assert modules_of(error) == left
    dropped = left != modules
    assert modules_of(error.__cause__) == ([] if dropped else ["psycopg"])
    assert getattr(error, "__notes__", []) == ([redaction.NOTE] if dropped else [])
    assert ("a key" in str(error)) is not dropped


def test_an_error_that_led_to_itself_is_no_endless_tale() -> None:
    error, other = fail_within("a"), fail_within("b")
    error.__cause__, other.__cause__ = other, error

    redaction.without_frames(error)
    redaction.without_frames(error)

    assert (error.__traceback__, other.__traceback__) == (None, None)
    assert error.__notes__ == [redaction.NOTE]


def test_a_record_without_an_error_passes() -> None:
    record = logging.LogRecord("django.contrib.sessions", logging.INFO, "", 0, "said", (), None)

    assert redaction.WithoutFrames().filter(record)
