"""Every code block of the README and the guide is run, and does what the text beside it says.

A block that only sets settings is held against the settings there are, and against the system
checks. Shell commands are held against the Makefile and Django's commands. Any other block has a
test of its own below, marked with the block's name.
"""

from __future__ import annotations

import ast
import builtins
import dis
import json
import logging
import re
import shlex
import sys
import tomllib
import unittest
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.conf import global_settings
from django.core import checks
from django.core.management import get_commands, load_command_class
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone
from django.utils.module_loading import import_string

from jenk import lifecycle, signals, testing
from jenk.conf import NAMES
from jenk.decorators import public, session_required, session_required_ajax
from jenk.models import Session, SessionEvent
from jenk.views.auth import LoginView, LogoutView
from tests.docs.documents import BLOCKS, GUIDE, ROOT, Block
from tests.docs.engines import on_djangos, on_jenks
from tools import chromium

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

CHECKED: dict[str, Callable[..., Any]] = {}


def checks_block(*names: str) -> Callable[[Any], Any]:
    """Mark a test as that of the blocks of these names, its parameter `block`."""
    known = {block.name: block for block in BLOCKS}

    def mark(test: Any) -> Any:
        for name in names:
            assert CHECKED.setdefault(name, test) is test, f"{name} has two tests"
        return pytest.mark.parametrize("block", [known[name] for name in names], ids=names)(test)

    return mark


def is_settings(block: Block) -> bool:
    """Tell whether a block only sets settings; what it imports for that may come before."""
    body = ast.parse(block.text).body if block.language == "python" else []
    kept = [one for one in body if not isinstance(one, ast.Import | ast.ImportFrom)]
    return bool(kept) and all(
        isinstance(one, ast.Assign)
        and all(isinstance(name, ast.Name) and name.id.isupper() for name in one.targets)
        for one in kept
    )


SETTINGS = [block for block in BLOCKS if is_settings(block)]
SHELL = [block for block in BLOCKS if block.language == "bash"]


def test_every_block_is_tested() -> None:
    general = {block.name for block in (*SETTINGS, *SHELL)}

    assert {block.name for block in BLOCKS} - general == CHECKED.keys()


def test_every_block_names_its_language() -> None:
    assert {block.language for block in BLOCKS} == {"bash", "html", "js", "json", "python"}


# --- Running a block ----------------------------------------------------------------------


def run(block: Block) -> SimpleNamespace:
    """Run a block of Python by itself and return what it defines."""
    file = f"{block.document}:{block.line}"
    namespace: dict[str, Any] = {"__name__": "a_module_of_the_reader"}
    exec(compile(block.text, file, "exec"), namespace)  # noqa: S102 - it is our own
    for value in list(namespace.values()):
        function = getattr(value, "__wrapped__", value)
        if isinstance(function, FunctionType) and function.__code__.co_filename == file:
            unknown = set(names_of(function.__code__)) - namespace.keys() - set(dir(builtins))
            assert unknown == set(), f"{file} uses names that it does not define"
    return SimpleNamespace(**namespace)


def names_of(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_of(constant)


@pytest.fixture
def serve(settings: Any) -> Callable[..., None]:
    """Make a site of these views, each under its name, on which `template.html` can be found."""
    templates = [{**settings.TEMPLATES[0], "DIRS": [Path(__file__).parent / "templates"]}]
    settings.TEMPLATES = templates

    def serve(*patterns: Any, **views: Any) -> None:
        site: Any = ModuleType("the_readers_urls")
        site.urlpatterns = [
            *patterns,
            path("login", LoginView.as_view(), name="login"),
            path("logout", LogoutView.as_view(), name="logout"),
            *(path(name, view, name=name) for name, view in views.items()),
        ]
        settings.ROOT_URLCONF = site

    return serve


@pytest.fixture
def signed_in(alice: Any) -> Client:
    client = Client()
    testing.sign_in(client, alice)
    return client


# --- Settings -----------------------------------------------------------------------------


@on_jenks
@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.name)
def test_settings_are_settings(block: Block, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(standing=lambda user: "in good standing")
    monkeypatch.setitem(sys.modules, "accounts", SimpleNamespace(facts=module))
    monkeypatch.setitem(sys.modules, "accounts.facts", module)
    blog = include(([path("article", HttpResponse, name="article")], "blog"))
    views = dict.fromkeys(("index", "notifications-count", "health"), HttpResponse)
    serve(path("blog/", blog), **views)
    values = {name: value for name, value in vars(run(block)).items() if name.isupper()}

    assert values.keys() <= {*dir(global_settings), *NAMES}
    for dotted in values.get("MIDDLEWARE", ()):
        import_string(dotted)
    for app in values.pop("INSTALLED_APPS", ()):
        assert find_spec(app)
    for database in values.pop("DATABASES", {}).values():
        assert find_spec(database["ENGINE"])
    with override_settings(**values):
        found = checks.run_checks(app_configs=None)
    assert [one for one in found if "jenk" in str(one.id)] == []


@checks_block("SESSION_MANAGEMENT_GUIDE.md#what-a-session-holds-1")
def test_the_session_holds_the_eight_keys(block: Block, signed_in: Client, serve: Any) -> None:
    stored = []
    serve(here=lambda request: stored.append(dict(request.session.items())) or HttpResponse())
    signed_in.get("/here")
    written = ast.literal_eval(block.text)

    for key, value in written.items():
        assert type(stored[0][key]) is type(value)
        assert same_kind(key, stored[0][key], value)


def same_kind(key: str, real: Any, written: Any) -> bool:
    """Tell whether a fact is as documented: primary keys and times differ from run to run."""
    if key == "user_id":
        return isinstance(real, int)
    if key in {"login_time", "last_activity"}:
        shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
        return bool(re.fullmatch(shape, real) and re.fullmatch(shape, written))
    return bool(real == written)


# --- The shell ----------------------------------------------------------------------------


@on_jenks
@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_commands_exist(block: Block) -> None:
    for line in block.text.splitlines():
        words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
        match words:
            case ["make", target]:
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            case ["python", "manage.py", command, *arguments]:
                parser = load_command_class(get_commands()[command], command)
                parser.create_parser("manage.py", command).parse_args(arguments)
            case ["pip", "install", package]:
                assert package in {"jenk", *(f"jenk[{extra}]" for extra in extras())}
            case _:
                pytest.fail(f"nobody knows what {line!r} does")


def extras() -> dict[str, list[str]]:
    """Return what can be installed beside the package."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project["optional-dependencies"]


# --- Views --------------------------------------------------------------------------------


@checks_block("README.md#what-it-looks-like-1", "SESSION_MANAGEMENT_GUIDE.md#protect-a-view-1")
def test_a_protected_view(block: Block, serve: Any, signed_in: Client) -> None:
    module = run(block)
    serve(page=getattr(module, "my_view", None) or module.orders)

    assert "[Alice Example]" in signed_in.get("/page").content.decode()
    assert Client().get("/page").headers["Location"] == "/login?next=/page"
    assert Client().post("/page").headers["Location"] == "/login"


@checks_block("SESSION_MANAGEMENT_GUIDE.md#protect-a-view-2")
def test_a_protected_view_with_arguments(
    block: Block, serve: Any, signed_in: Client, carol: Any
) -> None:
    serve(reports=run(block).reports)
    manager = Client()
    testing.sign_in(manager, carol)

    assert manager.get("/reports").status_code == 200
    assert signed_in.get("/reports").status_code == 403
    assert Client().get("/reports").headers["Location"] == "/staff/login?return_to=/reports"


@checks_block(
    "README.md#what-it-looks-like-3",
    "SESSION_MANAGEMENT_GUIDE.md#async-views-1",
    "SESSION_MANAGEMENT_GUIDE.md#django-rest-framework-1",
)
def test_a_view_for_scripts(block: Block, serve: Any, signed_in: Client) -> None:
    module = run(block)
    view = next(
        view for name in ("api_me", "me", "whoami") if (view := getattr(module, name, None))
    )
    serve(me=view)

    assert signed_in.get("/me").json()["user_name"] == "Alice Example"
    assert Client().get("/me").json()["code"] == "session_required"


@checks_block("SESSION_MANAGEMENT_GUIDE.md#what-a-session-holds-2")
def test_reading_the_session(block: Block, serve: Any, signed_in: Client) -> None:
    module = run(block)
    serve(greeting=module.greeting, card=module.card)

    assert signed_in.get("/greeting").content == b"Hello Alice Example"
    assert Client().get("/greeting").content == b"Hello visitor"
    assert signed_in.get("/card").content == b"Alice Example <alice@example.com>"
    assert Client().get("/card").content == b"Nobody is signed in"


@checks_block("SESSION_MANAGEMENT_GUIDE.md#class-based-views-1")
def test_a_class_based_view(block: Block, serve: Any, signed_in: Client, carol: Any) -> None:
    serve(reports=run(block).Reports.as_view())
    manager = Client()
    testing.sign_in(manager, carol)

    assert manager.get("/reports").status_code == 200
    assert signed_in.get("/reports").status_code == 403
    assert Client().get("/reports").status_code == 302


@checks_block("SESSION_MANAGEMENT_GUIDE.md#public-views-and-status-polls-1")
def test_public_and_passive_views(block: Block, serve: Any, signed_in: Client) -> None:
    module = run(block)
    serve(index=module.index, unread=module.unread, plain=lambda request: HttpResponse())

    testing.age(signed_in, 3600)
    signed_in.get("/unread")
    testing.expire(signed_in)
    assert signed_in.get("/index").status_code == 200
    assert signed_in.get("/plain").status_code == 302
    assert signed_in.get("/plain").status_code == 200


def test_a_status_poll_does_not_keep_a_session_alive(
    serve: Any, signed_in: Client, settings: Any
) -> None:
    settings.SESSION_COOKIE_AGE = 600
    block = next(block for block in BLOCKS if "def unread" in block.text)
    serve(unread=run(block).unread, me=session_required_ajax(lambda request: HttpResponse()))

    for _ in range(2):
        testing.age(signed_in, 300)
        signed_in.get("/unread")
    assert signed_in.get("/me").status_code == 401


@checks_block("SESSION_MANAGEMENT_GUIDE.md#one-session-another-limit-1")
def test_another_limit_for_one_session(block: Block, serve: Any, alice: Any, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE = 600
    module = run(block)
    me = session_required_ajax(lambda request: HttpResponse())
    views = ("remember_me", "this_browser_only", "exam")
    serve(me=me, **{name: getattr(module, name) for name in views})

    def lives(view: str, wait: timedelta) -> bool:
        client = Client()
        testing.sign_in(client, alice)
        client.get(f"/{view}")
        testing.age(client, wait)
        return bool(client.get("/me").status_code == 200)

    assert lives("remember_me", timedelta(days=89))
    assert not lives("remember_me", timedelta(days=90))
    assert not lives("this_browser_only", timedelta(minutes=10))
    assert lives("exam", timedelta(minutes=119))
    assert not lives("exam", timedelta(hours=2))
    client = Client()
    testing.sign_in(client, alice)
    assert client.get("/this_browser_only").cookies["sessionid"]["max-age"] == ""


@checks_block("SESSION_MANAGEMENT_GUIDE.md#new-key-after-a-change-of-rights-1")
def test_a_new_key_after_a_change_of_rights(block: Block, serve: Any, signed_in: Client) -> None:
    serve(become=run(block).become_editor)
    before = signed_in.cookies["sessionid"].value

    assert signed_in.get("/become").status_code == 200
    assert signed_in.cookies["sessionid"].value != before
    old = Client()
    old.cookies["sessionid"] = before
    assert old.get("/become").status_code == 302


@checks_block("SESSION_MANAGEMENT_GUIDE.md#signals-1")
@pytest.mark.django_db(transaction=True)
def test_a_receiver_hears_of_the_end(block: Block, serve: Any, signed_in: Client) -> None:
    module = run(block)
    try:
        serve(plain=lambda request: HttpResponse())
        signed_in.get("/plain")
        testing.expire(signed_in, "idle")
        signed_in.get("/plain")
    finally:
        signals.session_ended.disconnect(module.note_the_end)

    assert module.ends == [("alice", "idle")]


@checks_block("SESSION_MANAGEMENT_GUIDE.md#test-your-own-views-1")
@pytest.mark.parametrize(
    "name",
    [
        "test_alice_sees_it",
        "test_an_idle_session_ends",
        "test_an_hour_changes_nothing",
        "test_the_same_in_async",
    ],
)
def test_a_test_case(block: Block, serve: Any, name: str) -> None:
    case = run(block).DashboardTest
    serve(path("dashboard/", session_required(lambda request: HttpResponse())))

    assert {one for one in vars(case) if one.startswith("test_")} >= {name}
    result = unittest.TestSuite([case(name)]).run(unittest.TestResult())
    assert [*result.failures, *result.errors] == []
    assert result.testsRun == 1


@checks_block(
    "README.md#install-it-in-your-project-5",
    "SESSION_MANAGEMENT_GUIDE.md#sign-in-and-out-1",
)
def test_the_views_to_sign_in_and_out(block: Block, serve: Any, alice: Any) -> None:
    serve(*run(block).urlpatterns, me=session_required_ajax(lambda request: HttpResponse()))

    sign_in_and_out(Client())


@checks_block("SESSION_MANAGEMENT_GUIDE.md#sign-in-and-out-2")
def test_views_of_ones_own_to_sign_in_and_out(
    block: Block, serve: Any, alice: Any, settings: Any
) -> None:
    module = run(block)
    patterns = [path("login", module.login), path("logout", module.logout)]
    serve(*patterns, me=session_required_ajax(lambda request: HttpResponse()))

    sign_in_and_out(Client())


def sign_in_and_out(client: Client) -> None:
    assert client.get("/login").status_code == 200
    client.post("/login", {"username": "alice", "password": "wrong"})
    assert client.get("/me").status_code == 401
    assert client.post("/login", {"username": "alice", "password": "pw"}).status_code == 302
    assert client.get("/me").status_code == 200
    client.post("/logout")
    assert client.get("/me").json()["code"] == "session_required"


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#testing-session-management-in-the-shell-2")
def test_the_lines_for_the_shell(block: Block, signed_in: Client) -> None:
    for written in (signed_in.cookies["sessionid"].value, signed_in.session.handle):
        module = run(replace(block, text=block.text.replace("session_key", written)))
        assert module.session.get_decoded()["user_name"] == "Alice Example"


@on_djangos
@checks_block("SESSION_MANAGEMENT_GUIDE.md#testing-session-management-in-the-shell-3")
def test_the_lines_for_the_shell_with_djangos_engine(block: Block, signed_in: Client) -> None:
    signed_in.get("/")
    written = signed_in.cookies["sessionid"].value
    module = run(replace(block, text=block.text.replace("session_key", written)))

    assert module.session.get_decoded()["user"] == "alice"


# --- jenk's engine ------------------------------------------------------------------------


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#what-a-row-holds-1")
def test_a_handle_is_what_to_log(
    block: Block, serve: Any, signed_in: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="shop")
    serve(checkout=run(block).checkout)
    signed_in.get("/checkout")

    assert caplog.messages == [f"checkout in session {signed_in.session.handle}"]


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#seals-1")
def test_everyone_can_be_signed_out(block: Block, serve: Any, signed_in: Client) -> None:
    serve(me=session_required_ajax(lambda request: HttpResponse()))
    run(block)

    assert signed_in.get("/me").json()["reason"] == "ended_by_admin"


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#ended-sessions-1")
def test_what_is_kept_of_ended_sessions_can_be_deleted(block: Block, alice: Any) -> None:
    clients = [Client(), Client(), Client()]
    for client, days in zip(clients, (91, 89, 0), strict=True):
        with time_machine.travel(timezone.now() - timedelta(days=days)):
            testing.sign_in(client, alice)
            if days:
                lifecycle.end(client.session.handle, reason="ended_by_code")
    assert (Session.everything.count(), SessionEvent.objects.count()) == (3, 5)
    run(block)

    assert (Session.everything.count(), SessionEvent.objects.count()) == (2, 3)
    assert Session.objects.count() == 1


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#how-many-sessions-a-user-may-have-3")
def test_a_view_can_say_that_there_is_no_room(
    block: Block, serve: Any, signed_in: Client, settings: Any
) -> None:
    settings.JENK_MAX_SESSIONS, settings.JENK_LIMIT_ACTION = 1, "refuse"
    serve(enter=run(block).login, me=session_required_ajax(lambda request: HttpResponse()))
    client = Client()

    def enter(password: str) -> HttpResponse:
        return client.post("/enter", {"username": "alice", "password": password})

    assert enter("wrong").content == b"Please try again"
    assert enter("pw").content == b"Sign out on another device first"
    assert client.get("/me").status_code == 401
    signed_in.post("/logout")
    assert enter("pw").status_code == 302
    assert client.get("/me").status_code == 200


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#list-and-end-sessions-1")
def test_sessions_are_listed_and_ended(block: Block, serve: Any, alice: Any, carol: Any) -> None:
    module = run(block)
    serve(
        path("end/<handle>", module.end_one),
        my_sessions=module.my_sessions,
        end_the_others=module.end_the_others,
    )
    mine, second, third, theirs = Client(), Client(), Client(), Client()
    for client, user in ((mine, alice), (second, alice), (third, alice), (theirs, carol)):
        testing.sign_in(client, user)

    listed = mine.get("/my_sessions").json()
    handles = {client.session.handle for client in (mine, second, third)}
    assert listed.keys() == handles
    assert [one for one in handles if listed[one]["this_one"]] == [mine.session.handle]
    assert mine.post(f"/end/{theirs.session.handle}").status_code == 302
    assert theirs.get("/my_sessions").status_code == 200
    assert mine.post(f"/end/{second.session.handle}").status_code == 302
    assert second.get("/my_sessions").json()["reason"] == "ended_by_user"
    assert mine.post("/end_the_others").status_code == 302
    assert third.get("/my_sessions").json()["reason"] == "ended_by_user"
    assert mine.get("/my_sessions").json().keys() == {mine.session.handle}


@on_jenks
@checks_block("README.md#what-it-looks-like-7")
def test_signing_out_elsewhere(block: Block, serve: Any, signed_in: Client, alice: Any) -> None:
    serve(
        elsewhere=run(block).sign_out_elsewhere,
        me=session_required_ajax(lambda request: HttpResponse()),
    )
    other = Client()
    testing.sign_in(other, alice)
    assert signed_in.post("/elsewhere").status_code == 302

    assert other.get("/me").json()["reason"] == "ended_by_user"
    assert signed_in.get("/me").status_code == 200


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#list-and-end-sessions-2")
def test_sessions_are_ended_in_the_shell(block: Block, serve: Any, signed_in: Client) -> None:
    serve(me=session_required_ajax(lambda request: HttpResponse()))
    module = run(block)

    assert lifecycle.sessions_of(module.alice) == []
    assert signed_in.get("/me").json()["reason"] == "ended_by_admin"


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#the-history-1")
def test_the_history_can_be_read(block: Block, signed_in: Client) -> None:
    query = ast.unparse(ast.parse(block.text).body[-1])
    namespace = vars(run(block))

    (event,) = eval(query, namespace)  # noqa: S307 - it is our own
    assert (event.kind, event.handle) == ("started", signed_in.session.handle)


# --- Templates ----------------------------------------------------------------------------


@pytest.fixture
def show(serve: Any) -> Callable[[Block], None]:
    """Serve a block of HTML as the page /page."""

    def show(block: Block) -> None:
        template = engines["django"].from_string(block.text)
        serve(page=public(lambda request: HttpResponse(template.render({}, request))))

    return show


@checks_block("README.md#what-it-looks-like-2", "SESSION_MANAGEMENT_GUIDE.md#templates-1")
def test_a_greeting(block: Block, show: Any, signed_in: Client) -> None:
    show(block)

    assert signed_in.get("/page").content.decode().strip() == "Welcome, Alice Example!"
    assert Client().get("/page").content.decode().strip() == '<a href="/login">Login</a>'


IDLE = "You were signed out because you had not used the site for a while."


@checks_block(
    "README.md#what-it-looks-like-6",
    "SESSION_MANAGEMENT_GUIDE.md#templates-2",
    "SESSION_MANAGEMENT_GUIDE.md#templates-3",
)
def test_templates_say_why_a_session_ended(block: Block, show: Any, signed_in: Client) -> None:
    show(block)

    page = signed_in.get("/page").content.decode()
    assert ("Sign out" in page) == ("sign_out_form" in block.text)
    assert ("Signed in since 20" in page) == ("login_time" in block.text)
    assert IDLE not in page
    testing.expire(signed_in)
    assert IDLE in signed_in.get("/page").content.decode()
    assert signed_in.get("/page").content.decode().strip() == ""


@checks_block("SESSION_MANAGEMENT_GUIDE.md#htmx-1")
def test_htmx_is_sent_to_sign_in(block: Block, show: Any, serve: Any) -> None:
    show(block)
    source = re.search(r'hx-get="/([^"]+)"', Client().get("/page").content.decode())
    assert source
    serve(path(source[1], session_required(lambda request: HttpResponse())))

    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/orders"}
    response = Client().get(f"/{source[1]}", headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login?next=/orders"


# --- JSON ---------------------------------------------------------------------------------


@checks_block("README.md#what-it-looks-like-4")
def test_the_facts_as_json(block: Block, serve: Any, signed_in: Client) -> None:
    serve(me=run(next(one for one in BLOCKS if "def api_me" in one.text)).api_me)
    answer = signed_in.get("/me").json()
    written = json.loads(block.text)

    assert list(answer) == list(written)
    assert all(same_kind(key, answer[key], written[key]) for key in written)
    assert datetime.fromisoformat(answer["login_time"]).utcoffset() == timedelta()


@checks_block(
    "README.md#what-it-looks-like-5",
    "SESSION_MANAGEMENT_GUIDE.md#ajax-and-json-1",
    "SESSION_MANAGEMENT_GUIDE.md#ajax-and-json-2",
    "SESSION_MANAGEMENT_GUIDE.md#roles-1",
)
def test_the_answers_to_a_script(block: Block, serve: Any, signed_in: Client) -> None:
    written = json.loads(block.text)
    view = session_required_ajax(roles=[2])(lambda request: HttpResponse())
    serve(me=view)
    client = signed_in if written["code"] != "session_required" else Client()
    if written["code"] == "session_ended":
        testing.expire(client, written["reason"])
    response = client.get("/me")

    assert response.json() == written
    assert response.status_code == (403 if written["code"] == "forbidden" else 401)


def test_the_guide_lists_the_keys_of_the_answer() -> None:
    block = next(one for one in BLOCKS if one.name.endswith("#ajax-and-json-1"))
    rows = GUIDE.table("AJAX and JSON")

    assert [row[0].strip("`") for row in rows] == list(json.loads(block.text))


# --- JavaScript ---------------------------------------------------------------------------


@on_jenks
@checks_block("SESSION_MANAGEMENT_GUIDE.md#ajax-and-json-3")
@pytest.mark.needs_browser
def test_the_script_goes_to_sign_in_and_back(block: Block, tmp_path: Path) -> None:
    script = tmp_path / "script.mjs"
    script.write_text(block.text)
    body = next(one.text for one in BLOCKS if one.name.endswith("#ajax-and-json-1"))

    assert browse(script, body) == "http://site.test/login?next=/orders"


def browse(script: Path, body: str) -> str:
    """Open /orders with the script, where every JSON is a 401, and return where that leads."""
    from playwright.sync_api import Route, sync_playwright  # noqa: PLC0415

    def answer(route: Route) -> None:
        address = route.request.url
        if address.endswith("/api/me"):
            route.fulfill(status=401, content_type="application/json", body=body)
        elif address.endswith("/script.mjs"):
            route.fulfill(content_type="text/javascript", body=script.read_text())
        else:
            route.fulfill(content_type="text/html", body="<p>A page</p>")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto("http://site.test/orders")
        page.add_script_tag(url="/script.mjs", type="module")
        page.wait_for_url("**/login**")
        address = page.url
        browser.close()
    return address.replace("%2F", "/")
