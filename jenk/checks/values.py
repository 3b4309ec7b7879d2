"""The JENK_ settings one by one: their types, their values, their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from jenk.checks.limits import duration
from jenk.checks.problems import Problem, attempt, line, one_of, shown, text
from jenk.conf import NAMES, conf
from jenk.policies import PRESETS
from jenk.snapshot import USER_KEYS

#: The durations, and a value to start from where what is written cannot be read.
DURATIONS = {
    "JENK_ACTIVITY_INTERVAL": 60,
    "JENK_ABSOLUTE_TIMEOUT": 30 * 24 * 3600,
    "JENK_EMPTY_SESSION_AGE": 3600,
}
MAY_BE_ZERO = ("JENK_ACTIVITY_INTERVAL",)
MAY_BE_NONE = ("JENK_ABSOLUTE_TIMEOUT",)

CHOICES: dict[str, tuple[Problem, tuple[Any, ...], Any]] = {
    "JENK_PRESET": (Problem.PRESET_UNKNOWN, (None, *PRESETS), None),
    "JENK_EXPIRED_REDIRECT": (Problem.REDIRECT_UNKNOWN, ("all", "protected"), "all"),
    "JENK_LIMIT_ACTION": (
        Problem.LIMIT_ACTION_UNKNOWN,
        ("end_oldest", "refuse"),
        "end_oldest",
    ),
    "JENK_ANONYMOUS_SESSIONS": (Problem.ANONYMOUS_UNKNOWN, ("always", "on_write"), "always"),
}
SWITCHES = ("JENK_REASON_MESSAGE", "JENK_NO_STORE")
VIEW_LISTS = ("JENK_PUBLIC_VIEWS", "JENK_PASSIVE_VIEWS", "JENK_NO_SESSION_VIEWS")
LISTS = (*VIEW_LISTS, "JENK_CLEAR_SITE_DATA")

#: Names that people expect, and what does it.
OTHER_NAMES = {"JENK_IDLE_TIMEOUT": "SESSION_COOKIE_AGE"}

#: What browsers can clear: the W3C's kinds, and those that some browsers have beside them.
CLEARABLE = (
    *("cache", "cookies", "storage", "executionContexts", "*"),
    *("clientHints", "prefetchCache", "prerenderCache"),
)


def check_values(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check each JENK_ setting for itself."""
    return [
        *durations(),
        *choices(),
        *most_sessions(),
        *switches(),
        *lists(),
        *clear_site_data(),
        *snapshot(),
        *unknown_names(),
    ]


def durations() -> Iterator[CheckMessage]:
    for name, example in DURATIONS.items():
        value = getattr(conf(), name)
        if (value is None and name in MAY_BE_NONE) or is_possible(name, value):
            continue
        least = "not negative" if name in MAY_BE_ZERO else "more than 0"
        message = f"{line(name, value)} is no number of seconds or timedelta that is {least}."
        number = as_number(value)
        hint = line(name, number if is_possible(name, number) else example)
        if name in MAY_BE_NONE:
            hint += f"\n# or, for no limit:\n{line(name, None)}"
        yield Problem.DURATION.report(message, hint)


def is_possible(name: str, value: Any) -> bool:
    found = duration(value)
    if found is None:
        return False
    return found >= timedelta() if name in MAY_BE_ZERO else found > timedelta()


def as_number(value: Any) -> float | None:
    """Return the number in a string, as it comes from the environment."""
    number = attempt(float, value)[0] if isinstance(value, str) else None
    return int(number) if number is not None and number.is_integer() else number


def choices() -> Iterator[CheckMessage]:
    for name, (problem, values, default) in CHOICES.items():
        value = getattr(conf(), name)
        if value not in values:
            message = f"{line(name, value)} is none of: {one_of(values)}."
            yield problem.report(message, line(name, nearest(value, values) or default))


def nearest(value: Any, values: Any) -> str | None:
    """Return the string that was probably meant."""
    names = [one for one in values if isinstance(one, str)]
    found = get_close_matches(text(value).lower().replace("_", "-"), names, 1)
    found = found or get_close_matches(text(value).lower(), names, 1)
    return found[0] if found else None


def most_sessions() -> Iterator[CheckMessage]:
    most = conf().JENK_MAX_SESSIONS
    is_number = isinstance(most, int) and not isinstance(most, bool) and most >= 1
    if most is not None and not is_number and not callable(most):
        message = (
            f"{line('JENK_MAX_SESSIONS', most)} is neither a number from 1 up, nor a function of "
            "the user that returns one, nor None for any number."
        )
        number = as_number(most)
        hint = int(number) if number is not None and number >= 1 else 5
        yield Problem.MAX_SESSIONS.report(message, line("JENK_MAX_SESSIONS", hint))


def switches() -> Iterator[CheckMessage]:
    for name in SWITCHES:
        value = getattr(conf(), name)
        if not isinstance(value, bool):
            meaning = "on" if value else "off"
            message = f"{line(name, value)} is neither True nor False, and counts as {meaning}."
            off = not value or text(value).strip().lower() in {"false", "0", "no", "off", "none"}
            yield Problem.NOT_A_SWITCH.report(message, line(name, not off))


def lists() -> Iterator[CheckMessage]:
    for name in LISTS:
        value = getattr(conf(), name)
        if is_list_of_strings(value):
            continue
        message = f"{line(name, value)} is not a tuple of strings."
        if isinstance(value, str):
            meant: tuple[str, ...] = (value,) if value else ()
        else:
            entries = value if isinstance(value, list | tuple | set | frozenset) else ()
            meant = tuple(entry for entry in entries if isinstance(entry, str))
        yield Problem.NOT_A_LIST.report(message, line(name, meant))


def is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(
        isinstance(entry, str) for entry in value
    )


def clear_site_data() -> Iterator[CheckMessage]:
    value = conf().JENK_CLEAR_SITE_DATA
    if not is_list_of_strings(value) or set(value) <= set(CLEARABLE):
        return
    message = (
        f"{line('JENK_CLEAR_SITE_DATA', value)} has a kind that browsers do not know. They know: "
        f"{one_of(CLEARABLE)}."
    )
    meant = {entry: get_close_matches(entry.strip("\"'"), CLEARABLE, 1) for entry in value}
    good = tuple(dict.fromkeys(meant[entry][0] for entry in value if meant[entry]))
    hint = line("JENK_CLEAR_SITE_DATA", good)
    yield Problem.CLEAR_SITE_DATA_UNKNOWN.report(message, hint)


def snapshot() -> Iterator[CheckMessage]:
    """Check where the facts about the user are to come from."""
    chosen: Any = conf().JENK_SNAPSHOT
    if chosen is None:
        return
    if not isinstance(chosen, Mapping):
        message = f"{line('JENK_SNAPSHOT', chosen)} is neither a dict nor None."
        yield Problem.SNAPSHOT_TYPE.report(message, "JENK_SNAPSHOT = {'user_role': 'role'}")
        return
    for key, source in chosen.items():
        if key not in USER_KEYS:
            message = (
                f"JENK_SNAPSHOT has the key {shown(key)}, which changes nothing. It may have: "
                f"{one_of(USER_KEYS)}."
            )
            yield Problem.SNAPSHOT_KEY.report(message, entry(nearest_key(key), source))
        yield from sources(key, source)


def sources(key: Any, source: Any) -> Iterator[CheckMessage]:
    written = f"JENK_SNAPSHOT = {{{shown(key)}: {shown(source)}}}"
    if callable(source) or source is None:
        return
    if not isinstance(source, str):
        message = f"{written} names no attribute of the user, callable or dotted path to one."
        yield Problem.SNAPSHOT_SOURCE.report(message, entry(key, "role"))
    elif "." in source:
        found, error = attempt(import_string, source)
        if not callable(found):
            why = str(error or "that is nothing to call").rstrip(".")
            message = f"{written} is imported, as it has a dot, and cannot be used: {why}."
            hint = f"{entry(key, 'myproject.sessions.' + text(key))}  # a function of the user"
            yield Problem.SNAPSHOT_PATH.report(message, hint)
    elif (field := relations_to_many().get(source)) is not None:
        message = f"{written} names a relation to many ({field}), which is no one fact."
        hint = f"{entry(key, 'myproject.sessions.' + text(key))}  # a function of the user"
        yield Problem.SNAPSHOT_MANY.report(message, hint)
    elif (names := attributes()) is not None and source not in names:
        message = f"{written} names an attribute that {settings.AUTH_USER_MODEL} does not have."
        close = get_close_matches(source, sorted(names), 1) or ["username"]
        yield Problem.SNAPSHOT_ATTRIBUTE.report(message, entry(key, close[0]))


def entry(key: Any, source: Any) -> str:
    return f"JENK_SNAPSHOT = {{{shown(key)}: {shown(source)}}}"


def nearest_key(key: Any) -> str:
    return (get_close_matches(text(key), USER_KEYS, 1) or ["user_role"])[0]


def relations_to_many() -> dict[str, str]:
    """Return the user's relations to many, by the name that gives them."""
    model, error = attempt(get_user_model)
    many = [] if error else [one for one in model._meta.get_fields() if one.is_relation]
    return {
        (one.get_accessor_name() if one.auto_created else one.name) or "": str(one)
        for one in many
        if one.many_to_many or one.one_to_many
    }


def attributes() -> set[str] | None:
    """Return what a user has; None where there is no telling."""
    model, error = attempt(get_user_model)
    if error or hasattr(model, "__getattr__"):
        return None
    return {*dir(model), *(field.name for field in model._meta.get_fields())}


def unknown_names() -> Iterator[CheckMessage]:
    for name in dir(settings):
        if name.startswith("JENK_") and not name.startswith("JENK_TEST_") and name not in NAMES:
            message = f"{line(name, getattr(settings, name))} has no effect: there is no {name}."
            found = get_close_matches(name, [*NAMES, *OTHER_NAMES], 1, 0.7)
            hint = f"Remove {name}."
            if found:
                hint = line(OTHER_NAMES.get(found[0], found[0]), getattr(settings, name))
            yield Problem.UNKNOWN_SETTING.report(message, hint)
