"""The eight facts of any user model, and whom they are ever told of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from jenk import snapshot
from tests.brief import brief
from tests.conftest import make_user
from tests.sites.accounts import models
from website.models import Role, Status, User

pytestmark = pytest.mark.django_db

MODELS = [
    models.Grade,
    models.BareUser,
    models.UuidUser,
    models.TextUser,
    models.EmailUser,
    models.Rank,
    models.RankedUser,
    models.GradedUser,
    models.ComputedUser,
    models.AskingUser,
    models.ManyUser,
    models.Status,
    models.StockUser,
]
NOBODY = {"user": "", "session_user": None, "keys": {}}


@pytest.fixture(scope="module")
def _tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            for model in MODELS:
                editor.create_model(model)
        yield
        with connection.schema_editor() as editor:
            for model in reversed(MODELS):
                editor.delete_model(model)


@pytest.fixture
def use(_tables: None, db: None, settings: Any) -> Any:
    """Make a model the site's user model, and a user of it."""

    def use(model: Any, **fields: Any) -> Any:
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.sites.accounts"]
        settings.AUTH_USER_MODEL = f"accounts.{model.__name__}"
        if model.USERNAME_FIELD == "username":
            fields = {"username": "alice"} | fields
        user = model(**fields)
        user.set_password("pw")
        user.save()
        return user

    return use


def facts_of(browser: Any) -> dict[str, Any]:
    """Return the six facts that a view sees, which are the same however it asks."""
    answer = browser.get("plain/").json()
    assert answer["session_user"] == answer["keys"]
    assert answer["keys"].keys() == set(brief.KEYS)
    return {key: answer["keys"][key] for key in snapshot.USER_KEYS}


def store(browser: Any) -> Any:
    return import_module(django_settings.SESSION_ENGINE).SessionStore(browser.key)


# --- Models that projects have ------------------------------------------------------------------


def test_a_bare_user_has_a_username_for_a_name_and_the_stock_role_and_status(
    browser: Any, use: Any
):
    user = use(models.BareUser)
    browser.sign_in("alice")
    assert facts_of(browser) == {
        "user": "alice",
        "user_id": user.pk,
        "user_email": "",
        "user_name": "alice",
        "user_role": 1,
        "user_status": 1,
    }


def test_a_uuid_for_a_primary_key_is_a_str(browser: Any, use: Any):
    user = use(models.UuidUser)
    browser.sign_in("alice")
    assert facts_of(browser)["user_id"] == str(user.pk)


def test_a_text_for_a_primary_key_stays(browser: Any, use: Any):
    use(models.TextUser, code="A-1")
    browser.sign_in("alice")
    assert facts_of(browser)["user_id"] == "A-1"


def test_an_email_address_for_a_username_is_user_email_and_name_too(browser: Any, use: Any):
    use(models.EmailUser, email="alice@example.com")
    browser.sign_in("alice@example.com")
    facts = facts_of(browser)
    assert (facts["user"], facts["user_email"], facts["user_name"]) == ("alice@example.com",) * 3


def test_a_relation_gives_the_key_it_stores(browser: Any, use: Any):
    role, status = models.Grade.objects.create(), models.Grade.objects.create()
    use(models.GradedUser, role=role, status=status)
    browser.sign_in("alice")
    facts = facts_of(browser)
    assert (facts["user_role"], facts["user_status"]) == (str(role.pk), str(status.pk))


def test_a_relation_to_nothing_is_none(browser: Any, use: Any):
    use(models.GradedUser)
    browser.sign_in("alice")
    facts = facts_of(browser)
    assert (facts["user_role"], facts["user_status"]) == (None, None)


def test_a_property_that_is_an_enum_gives_its_value(browser: Any, use: Any):
    user = use(models.ComputedUser)
    browser.sign_in("alice")
    facts = facts_of(browser)
    assert (facts["user_role"], facts["user_status"]) == ("high", "on")
    type(user).objects.update(state=models.State.OFF)
    assert facts_of(browser)["user_status"] == "off"


def test_a_property_that_asks_the_database_works_in_every_kind_of_view(browser: Any, use: Any):
    use(models.AskingUser)
    models.Grade.objects.create()
    browser.sign_in("alice")
    assert facts_of(browser)["user_role"] == 1
    models.Grade.objects.create()
    assert facts_of(browser)["user_role"] == 2
    assert browser.get("private/").status_code == 200
    assert browser.get("managers/").status_code == 200


def test_a_relation_to_many_is_no_role_and_no_status_and_no_error(browser: Any, use: Any):
    """The model has neither, as a fact: they are the stock ones, and everything goes on."""
    user = use(models.ManyUser)
    user.role.add(models.Grade.objects.create())
    models.Status.objects.create(user=user)
    assert browser.sign_in("alice").status_code == 302
    facts = facts_of(browser)
    assert (facts["user_role"], facts["user_status"]) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ({}, snapshot.Role.MEMBER),
        ({"is_staff": True}, snapshot.Role.STAFF),
        ({"is_superuser": True}, snapshot.Role.SUPERUSER),
        ({"is_staff": True, "is_superuser": True}, snapshot.Role.SUPERUSER),
    ],
)
def test_a_stock_user_has_the_role_of_their_flags(
    browser: Any, use: Any, fields: dict[str, bool], role: snapshot.Role
):
    use(models.StockUser, first_name="Alice", last_name="Example", **fields)
    browser.sign_in("alice")
    facts = facts_of(browser)
    assert (facts["user_role"], facts["user_status"]) == (role.value, 1)
    assert facts["user_name"] == "Alice Example"
    assert browser.get("managers/").status_code == (200 if role in (2, 3) else 403)


def test_the_stock_roles_are_the_numbers_of_the_brief():
    roles = {role.name: role.value for role in snapshot.Role}
    assert roles == {"MEMBER": 1, "STAFF": 2, "SUPERUSER": 3}


def test_an_inactive_stock_user_has_status_0(use: Any):
    assert snapshot.facts(use(models.StockUser, is_active=False))["user_status"] == 0


def test_a_user_without_a_full_name_goes_by_the_username(browser: Any, db: None):
    user = make_user("zoe")
    User.objects.update(first_name="", last_name="", email="")
    browser.sign_in("zoe")
    facts = facts_of(browser)
    assert (facts["user_name"], facts["user_email"]) == (user.username, "")


# --- Values are JSON ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (7, 7),
        (0, 0),
        (-1, -1),
        ("text", "text"),
        ("", ""),
        (None, None),
        (True, True),
        (Role.MANAGER, 2),
        (Status.INACTIVE, 0),
        (models.State.OFF, "off"),
        (models.Level.LOW, "1.5"),
        (models.Level.HIGH, "high"),
        (Decimal("2.50"), "2.50"),
        (1.5, "1.5"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (models.Grade(pk=uuid.UUID(int=2)), "00000000-0000-0000-0000-000000000002"),
        (gettext_lazy("Sign in"), "Sign in"),
        (mark_safe("safe"), "safe"),
        ((1, 2), "(1, 2)"),
    ],
    ids=repr,
)
def test_a_value_is_kept_as_json_can_hold_it(value: Any, kept: Any):
    found = snapshot.facts(User(username="x"), {"user_role": lambda user: value})["user_role"]
    assert found == kept
    assert isinstance(found, str | int | None)
    assert json.loads(json.dumps(found)) == kept


# --- JENK_SNAPSHOT ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "role"),
    [
        ("last_name", "Example"),
        ("get_short_name", "Alice"),
        (lambda user: user.pk * 0 + 9, 9),
        ("tests.sites.accounts.models.grade", "grade of alice"),
    ],
    ids=["attribute", "method", "callable", "dotted path"],
)
def test_jenk_snapshot_says_where_a_fact_is_and_wins_over_the_model(
    browser: Any, alice: Any, source: Any, role: Any, settings: Any
):
    settings.JENK_SNAPSHOT = {"user_role": source}
    browser.sign_in("alice")
    facts = facts_of(browser)
    assert facts["user_role"] == role
    assert (facts["user"], facts["user_status"]) == ("alice", 1)


def test_jenk_snapshot_may_name_a_relation(browser: Any, use: Any, settings: Any):
    grade = models.Grade.objects.create()
    settings.JENK_SNAPSHOT = {"user_name": "role"}
    use(models.GradedUser, role=grade)
    browser.sign_in("alice")
    assert facts_of(browser)["user_name"] == str(grade.pk)


def test_jenk_snapshot_may_ask_the_database(browser: Any, use: Any, settings: Any):
    settings.JENK_SNAPSHOT = {"user_role": "tests.sites.accounts.models.asking"}
    use(models.BareUser)
    models.Grade.objects.create()
    browser.sign_in("alice")
    assert facts_of(browser)["user_role"] == 1
    models.Grade.objects.create()
    assert facts_of(browser)["user_role"] == 2


def test_each_of_the_six_can_be_chosen(browser: Any, alice: Any, settings: Any):
    settings.JENK_SNAPSHOT = {key: lambda user, key=key: f"my {key}" for key in snapshot.USER_KEYS}
    browser.sign_in("alice")
    assert facts_of(browser) == {key: f"my {key}" for key in snapshot.USER_KEYS}


def test_roles_are_judged_on_what_jenk_snapshot_says(browser: Any, alice: Any, settings: Any):
    browser.sign_in("alice")
    assert browser.get("managers/").status_code == 403
    settings.JENK_SNAPSHOT = {"user_role": lambda user: 2}
    assert browser.get("managers/").status_code == 200


def test_jenk_snapshot_none_keeps_the_eight_out_of_the_session(
    browser: Any, alice: Any, settings: Any
):
    settings.JENK_SNAPSHOT = None
    browser.sign_in("alice")
    answer = browser.get("plain/").json()
    assert answer["keys"] == {}
    assert answer["session_user"].keys() == set(brief.KEYS)
    assert answer["session_user"]["user"] == "alice"
    assert answer["session_user"]["user_id"] == alice.pk
    assert set(store(browser).keys()).isdisjoint(brief.KEYS)


def test_roles_are_judged_on_the_user_where_the_session_holds_no_role(
    browser: Any, alice: Any, carol: Any, settings: Any
):
    settings.JENK_SNAPSHOT = None
    browser.sign_in("alice")
    browser.get("write/", {"user_role": "2"})
    assert browser.get("managers/").status_code == 403
    browser.sign_in("carol")
    assert browser.get("managers/").status_code == 200


def test_jenk_snapshot_none_takes_the_eight_out_of_a_session_that_has_them(
    browser: Any, alice: Any, settings: Any
):
    browser.sign_in("alice")
    before = facts_of(browser)
    settings.JENK_SNAPSHOT = None
    assert browser.get("plain/").json()["keys"] == {}
    assert set(store(browser).keys()).isdisjoint(brief.KEYS)
    settings.JENK_SNAPSHOT = {}
    assert facts_of(browser) == before


# --- The facts follow the user ------------------------------------------------------------------


@pytest.mark.parametrize("saving", [True, False])
@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"role": 2}, "user_role", 2),
        ({"status": 0}, "user_status", 0),
        ({"email": "new@example.com"}, "user_email", "new@example.com"),
        ({"first_name": "Alicia"}, "user_name", "Alicia Example"),
        ({"username": "alicia"}, "user", "alicia"),
    ],
)
def test_what_changes_in_the_database_shows_at_the_next_request(
    browser: Any,
    alice: Any,
    saving: bool,
    settings: Any,
    change: dict[str, Any],
    key: str,
    value: Any,
):
    settings.SESSION_SAVE_EVERY_REQUEST = saving
    browser.sign_in("alice")
    before = facts_of(browser)
    User.objects.update(**change)
    assert facts_of(browser) == before | {key: value}
    assert store(browser)[key] == value


def test_a_role_that_is_taken_away_closes_its_views_at_the_next_request(browser: Any, carol: Any):
    browser.sign_in("carol")
    assert browser.get("managers/").status_code == 200
    User.objects.update(role=1)
    assert browser.get("managers/").status_code == 403
    assert browser.get("managers-ajax/").status_code == 403
    assert browser.get("private/").status_code == 200


def test_a_fact_that_code_wrote_over_is_put_right_at_the_next_request(browser: Any, alice: Any):
    browser.sign_in("alice")
    browser.get("write/", {"user_role": "3", "user": "admin"})
    assert browser.get("managers/").status_code == 403
    facts = facts_of(browser)
    assert (facts["user_role"], facts["user"]) == (1, "alice")


def test_the_status_of_the_model_has_no_authority(browser: Any, alice: Any):
    browser.sign_in("alice")
    User.objects.update(status=0)
    assert browser.get("private/").status_code == 200


# --- Never truthier than request.user -----------------------------------------------------------


def disable(user: Any) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete(user: Any) -> None:
    User.objects.filter(pk=user.pk).delete()


def change_password(user: Any) -> None:
    user.set_password("another")
    user.save()


ENDS = {"disabled": disable, "deleted": delete, "password_changed": change_password}


@pytest.mark.parametrize("reason", ENDS)
def test_a_user_whom_django_no_longer_accepts_is_nobody_and_told_why(
    browser: Any, alice: Any, reason: str
):
    browser.sign_in("alice")
    browser.get("write/", {"cart": "apples"})
    key = browser.key
    ENDS[reason](alice)
    response = browser.get("ajax/")
    assert (response.status_code, response.json()["reason"]) == (401, reason)
    assert browser.key is None
    browser.set_cookie("sessionid", key)
    assert dict(store(browser).items()) == {}


@pytest.mark.parametrize("reason", ENDS)
def test_a_public_view_sees_nothing_of_a_user_whom_django_no_longer_accepts(
    browser: Any, alice: Any, reason: str
):
    browser.sign_in("alice")
    ENDS[reason](alice)
    assert browser.get("open/").json() == NOBODY


def test_enabling_a_user_again_revives_nothing_that_was_seen(browser: Any, alice: Any):
    browser.sign_in("alice")
    key = browser.key
    disable(alice)
    browser.get("ajax/")
    User.objects.update(is_active=True)
    browser.set_cookie("sessionid", key)
    assert browser.get("open/").json() == NOBODY


@pytest.fixture
def closed(settings: Any) -> Any:
    """Have the backend of a session not vouch for anybody, for a while."""
    name = "tests.sites.accounts.backends.OpeningHours"
    model_backend = "django.contrib.auth.backends.ModelBackend"

    def removed(yes: bool) -> None:
        settings.AUTHENTICATION_BACKENDS = [model_backend] if yes else [name, model_backend]

    def silent(yes: bool) -> None:
        settings.ACCOUNTS_CLOSED = yes

    settings.AUTHENTICATION_BACKENDS = [name, model_backend]
    return {"removed": removed, "silent": silent}


@pytest.mark.parametrize("how", ["removed", "silent"])
def test_a_backend_that_does_not_vouch_makes_anonymous_and_ends_nothing(
    browser: Any, alice: Any, closed: Any, how: str
):
    browser.sign_in("alice")
    browser.get("write/", {"cart": "apples"})
    assert store(browser)[BACKEND_SESSION_KEY].endswith("OpeningHours")
    key, before = browser.key, facts_and_times(browser)
    closed[how](True)
    for _ in range(2):
        answer = browser.get("plain/")
        assert answer.status_code == 200
        assert answer.json() == {"user": "", "session_user": None, "keys": {"cart": "apples"}}
        assert browser.get("ajax/").json()["reason"] is None
        assert browser.get("private/").status_code == 302
    assert browser.key == key
    closed[how](False)
    after = facts_and_times(browser)
    assert after | {"last_activity": ""} == before | {"last_activity": ""}
    assert browser.key == key


@pytest.mark.parametrize("how", ["removed", "silent"])
def test_a_backend_with_rules_of_its_own_may_take_a_disabled_user_back(
    browser: Any, alice: Any, closed: Any, how: str
):
    """Only where ModelBackend's own rules say so is a session ended."""
    browser.sign_in("alice")
    key = browser.key
    closed[how](True)
    disable(alice)
    assert browser.get("ajax/").json()["reason"] is None
    closed[how](False)
    User.objects.update(is_active=True)
    assert browser.get("private/").json()["user"] == "alice"
    assert browser.key == key


def facts_and_times(browser: Any) -> dict[str, Any]:
    answer = browser.get("plain/").json()
    assert answer["keys"] == answer["session_user"] | {"cart": "apples"}
    return answer["keys"]


def test_a_backend_that_lets_inactive_users_in_is_believed(browser: Any, alice: Any, settings: Any):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    browser.sign_in("alice")
    disable(alice)
    assert browser.get("private/").json()["user"] == "alice"


@pytest.mark.parametrize("user_id", ["no number", "", "1.5", "9" * 40, None, [], {}])
def test_a_user_id_that_can_be_no_primary_key_makes_anonymous_and_no_error(
    browser: Any, alice: Any, user_id: Any
):
    browser.sign_in("alice")
    session = store(browser)
    session[SESSION_KEY] = user_id
    session.save()
    assert browser.get("open/").json() == NOBODY
    assert browser.get("private/").status_code == 302


def test_a_user_id_of_another_user_model_makes_anonymous_and_no_error(browser: Any, use: Any):
    """As after a project has moved from numbers to UUIDs."""
    use(models.UuidUser)
    browser.sign_in("alice")
    session = store(browser)
    session[SESSION_KEY] = "1"
    session.save()
    assert browser.get("open/").json() == NOBODY
    assert browser.get("private/").status_code == 302


def test_the_site_has_its_own_user_model_again():
    """These tests leave nothing behind."""
    assert not apps.is_installed("tests.sites.accounts")


@pytest.mark.parametrize("chosen", [None, lambda user: user.role, "role"])
def test_a_relation_gives_its_primary_key_whatever_column_it_goes_by(
    browser: Any, use: Any, settings: Any, chosen: Any
):
    if chosen is not None:
        settings.JENK_SNAPSHOT = {"user_role": chosen}
    rank = models.Rank(name="major")
    use(models.RankedUser)  # the tables are there from here on
    rank.save()
    models.RankedUser.objects.update(role=rank)
    browser.sign_in("alice")

    facts = facts_of(browser)
    assert facts["user_role"] == rank.pk
    assert facts["user_email"] == ""


@pytest.mark.parametrize("chosen", [None, lambda user: user.role, "role"])
def test_a_relation_to_nothing_gives_nothing(browser: Any, use: Any, settings: Any, chosen: Any):
    if chosen is not None:
        settings.JENK_SNAPSHOT = {"user_role": chosen}
    use(models.RankedUser)
    browser.sign_in("alice")

    assert facts_of(browser)["user_role"] is None


def test_without_a_snapshot_a_projects_own_keys_stay(browser: Any, alice: Any, settings: Any):
    browser.sign_in("alice")
    settings.JENK_SNAPSHOT = None
    assert browser.get("plain/").json()["keys"] == {}  # what jenk had filled in is gone
    browser.get("write/?user_name=mine&user=own")

    assert browser.get("plain/").json()["keys"] == {"user_name": "mine", "user": "own"}


def test_a_source_that_is_none_is_the_default(browser: Any, alice: Any, settings: Any):
    settings.JENK_SNAPSHOT = {"user_role": None}
    browser.sign_in("alice")

    assert facts_of(browser)["user_role"] == 1
