"""A session and its user by one statement, compiled once for each database and user model.

Django builds the query, so joins, quoting and converters are its own. What is saved is building it
again at every request, which costs several times what the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.signals import setting_changed
from django.db import connections, models
from django.dispatch import receiver

from jenk.conf import user_model
from jenk.models import Session
from jenk.stores.base import Found, Record

#: What only a key that opens nothing makes one ask for.
HISTORY = {"previous_secret_hash", "rotated_at", "end_reason"}

#: What a request has to know of its session.
COLUMNS = tuple(name for name in Record.__slots__ if name not in HISTORY)
COLUMNS_OF = {"user_id": "user"}
PLACEHOLDER = "0" * 25

type Converter = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """The compiled statement, and what makes objects of its rows."""

    sql: str
    bare: str | None
    converters: tuple[tuple[int, tuple[Converter, ...], Any], ...]
    session: Callable[[Sequence[Any]], tuple[Any, ...]]
    user_columns: slice
    user_fields: list[str]
    user_key: int


_statements: dict[tuple[str, type[models.Model]], Statement] = {}


@receiver(setting_changed)
def forget(*, setting: str, **kwargs: Any) -> None:
    if setting in {"AUTH_USER_MODEL", "DATABASES", "DATABASE_ROUTERS", "USE_TZ", "TIME_ZONE"}:
        _statements.clear()
        is_possible.cache_clear()


@cache
def is_possible(alias: str) -> bool:
    """Tell whether users are where sessions are, and loaded as any other model is."""
    user = user_model()
    manager: Any = user._default_manager
    return (
        user is Session._meta.get_field("user").related_model
        and not user._meta.parents
        and type(manager).get_queryset is models.Manager.get_queryset
        and manager._queryset_class is models.QuerySet
        and manager.db == alias
    )


def find(alias: str, handle: str) -> Found:
    """Return the record of a handle with its user."""
    model = user_model()
    statement = _statements.get((alias, model))
    if statement is None:
        statement = _statements[alias, model] = compiled(alias, model)
    connection = connections[alias]
    found = fetched(connection, statement, handle)
    if found is None:
        return Found(None, joined=True)
    row = list(found)
    for place, converters, expression in statement.converters:
        for convert in converters:
            row[place] = convert(row[place], expression, connection)
    user = None
    if row[statement.user_key] is not None:
        values = row[statement.user_columns]
        user = model.from_db(alias, statement.user_fields, values)
    record = Record(**dict(zip(COLUMNS, statement.session(row), strict=True)))
    return Found(record, user, joined=True)


def fetched(connection: Any, statement: Statement, handle: str) -> Any:
    """Return the row, on SQLite without Django's cursor, which rewrites the statement each time.

    Where somebody counts, logs or wraps statements, it is Django's cursor all the same.
    """
    connection.ensure_connection()  # whose receivers may be the ones to count or wrap
    if statement.bare is None or connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, (handle,))
            return cursor.fetchone()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        return connection.connection.execute(statement.bare, (handle,)).fetchone()


def compiled(alias: str, model: type[models.Model]) -> Statement:
    """Compile the statement for one database."""
    rows = Session.everything.using(alias).select_related("user")
    rows = rows.only(*(COLUMNS_OF.get(name, name) for name in COLUMNS), *user_fields(model))
    compiler = rows.filter(pk=PLACEHOLDER).query.get_compiler(alias)
    sql, params = compiler.as_sql()
    if tuple(params) != (PLACEHOLDER,):  # pragma: no cover - of a backend that nobody has tried yet
        message = f"the statement for {alias!r} has other parameters than the handle: {params!r}"
        raise RuntimeError(message)
    expressions = [one[0] for one in compiler.select]
    names = [expression.target.attname for expression in expressions]
    own = compiler.klass_info["select_fields"]
    theirs = compiler.klass_info["related_klass_infos"][0]["select_fields"]
    places = {names[place]: place for place in own}
    fields = [names[place] for place in theirs]
    converters = tuple(
        (place, tuple(faster(one, alias) for one in found), expression)
        for place, (found, expression) in compiler.get_converters(expressions).items()
    )
    key = theirs[fields.index(model._meta.pk.attname)]
    is_sqlite = connections[alias].vendor == "sqlite" and sql.count("%") == 1
    return Statement(
        sql,
        sql.replace("%s", "?") if is_sqlite else None,
        converters,
        itemgetter(*(places[name] for name in COLUMNS)),
        slice(theirs[0], theirs[-1] + 1),
        fields,
        key,
    )


def faster(converter: Converter, alias: str) -> Converter:
    """Return what does the same as one of Django's converters in a fifth of its time."""
    connection = connections[alias]
    slow = getattr(connection.ops, "convert_datetimefield_value", None)
    in_utc = settings.USE_TZ and connection.timezone in {UTC, ZoneInfo("UTC")}
    return read_utc if connection.vendor == "sqlite" and in_utc and converter == slow else converter


def read_utc(value: Any, expression: Any, connection: Any) -> Any:
    """Return the instant in a column of SQLite, which keeps it in UTC and does not say so."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def user_fields(model: type[models.Model]) -> list[str]:
    return [f"user__{field.name}" for field in model._meta.concrete_fields]
