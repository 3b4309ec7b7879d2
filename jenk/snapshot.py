"""The facts about the user that a session carries: six of them from the user, two times."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from enum import Enum, IntEnum
from functools import cache
from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model
from django.utils.module_loading import import_string

from jenk.conf import Fact, conf

type Facts = dict[str, Any]

USER_KEYS = ("user", "user_id", "user_email", "user_name", "user_role", "user_status")
TIME_KEYS = ("login_time", "last_activity")
KEYS = USER_KEYS + TIME_KEYS


class Role(IntEnum):
    """The role of a stock `User`, which has none of its own."""

    MEMBER = 1
    STAFF = 2
    SUPERUSER = 3


def facts(user: Any, chosen: Mapping[str, Fact] | None = None) -> Facts:
    """Return the six facts about a signed-in user, as JSON can hold them.

    Args:
        user: an authenticated user of any model.
        chosen: where to find a fact instead of the default; `JENK_SNAPSHOT` unless given.
    """
    chosen = (conf().JENK_SNAPSHOT or {}) if chosen is None else chosen
    return {key: fact(user, key, chosen) for key in USER_KEYS}


def fact(user: Any, key: str, chosen: Mapping[str, Fact]) -> Any:
    """Return one of the six facts."""
    source = chosen.get(key)
    return as_json(DEFAULTS[key](user) if source is None else found(user, source))


def role(user: Any) -> Any:
    """Return the user's role as `user_role` holds it; what `roles=` is judged on."""
    return fact(user, "user_role", conf().JENK_SNAPSHOT or {})


def found(user: Any, source: Fact) -> Any:
    """Return what a `JENK_SNAPSHOT` entry says: an attribute, a callable or a path to one."""
    if callable(source):
        return source(user)
    if "." in source:
        return import_string(source)(user)
    return attribute(user, source)


def attribute(user: Any, name: str) -> Any:
    """Return an attribute of the user, called if it is a method.

    A relation gives the primary key, which costs no statement where that is what it stores.
    """
    try:
        field = user._meta.get_field(name)
        value = getattr(user, field.attname if stores_key(field) else name)
    except FieldDoesNotExist:
        value = getattr(user, name)
    except ObjectDoesNotExist:
        return None
    return value() if callable(value) and not isinstance(value, type) else value


def stores_key(field: Any) -> bool:
    """Tell whether a field's column holds its value, or the primary key of what it points to."""
    return hasattr(field, "attname") and (not field.is_relation or field.target_field.primary_key)


def as_json(value: Any) -> Any:
    """Return `value` as JSON can hold it, so that it reads alike before and after a save."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Model):
        value = value.pk
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)


def full_name(user: Any) -> str:
    """Return the full name, or the username where there is none."""
    get_full_name = getattr(user, "get_full_name", None)
    return (get_full_name() if get_full_name else "") or user.get_username()


def email(user: Any) -> str:
    """Return the e-mail address, or an empty string where there is none."""
    name = user.get_email_field_name()
    return (getattr(user, name, "") if name else "") or ""


@cache
def has_own(model: Hashable, name: str) -> bool:
    """Tell whether a user model has a fact of that name; what many others point to is none."""
    if not hasattr(model, name):
        return False
    try:
        field = cast("Any", model)._meta.get_field(name)
    except FieldDoesNotExist:
        return True
    return bool(field.concrete and not field.many_to_many)


def own_or_stock_role(user: Any) -> Any:
    """Return the model's own role, or where it has none the stock one."""
    if has_own(user.__class__, "role"):
        return attribute(user, "role")
    if getattr(user, "is_superuser", False):
        return Role.SUPERUSER
    return Role.STAFF if getattr(user, "is_staff", False) else Role.MEMBER


def own_or_stock_status(user: Any) -> Any:
    """Return the model's own status, or where it has none 1 for active and 0 for not."""
    if has_own(user.__class__, "status"):
        return attribute(user, "status")
    return int(bool(getattr(user, "is_active", True)))


DEFAULTS = {
    "user": lambda user: user.get_username(),
    "user_id": lambda user: user.pk,
    "user_email": email,
    "user_name": full_name,
    "user_role": own_or_stock_role,
    "user_status": own_or_stock_status,
}
