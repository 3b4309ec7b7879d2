"""The session engine: that it works, and that what it ends stays ended."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import FunctionType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends import cache, cached_db, db, signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage
from django.db import router
from django.db.models import CompositePrimaryKey
from django.utils.module_loading import import_string

from jenk.checks.problems import Problem, attempt, line, one_of, setting, shown, text
from jenk.conf import conf

OUR_ENGINES = "jenk.backends."
STOCK_ENGINE = line("SESSION_ENGINE", "django.contrib.sessions.backends.db")
OWN_ENGINE = line("SESSION_ENGINE", "jenk.backends.db")
STOCK_SERIALIZER = line("SESSION_SERIALIZER", "django.contrib.sessions.serializers.JSONSerializer")
SHARED_CACHE = """\
CACHES = {
    %s: {
        'BACKEND': 'django.core.cache.backends.redis.RedisCache',
        'LOCATION': 'redis://127.0.0.1:6379',
    },
}"""

#: Reading what one of these wrote runs the code that is in it.
PICKLES = frozenset({"pickle", "_pickle", "cloudpickle", "dill"})


def check_engine(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check SESSION_ENGINE and what it works with."""
    store, error = session_store()
    if store is None:
        message = f"{line('SESSION_ENGINE', settings.SESSION_ENGINE)} cannot be used: {error}"
        return [Problem.NO_ENGINE.report(message, STOCK_ENGINE)]
    found = [
        *serializer_problems(),
        *cache_problems(store),
        *store_problems(store),
        *own_engine_problems(store),
    ]
    return found or list(unusable(store))


def session_store() -> tuple[type[SessionBase] | None, str]:
    """Return the engine's SessionStore, or None and why there is none."""
    module, error = attempt(import_module, settings.SESSION_ENGINE)
    store = getattr(module, "SessionStore", None)
    if isinstance(store, type) and issubclass(store, SessionBase):
        return store, ""
    return None, str(error) if error else "the module has no class SessionStore."


def is_jenks(path: Any, store: type | None) -> bool:
    """Tell whether an engine is one of jenk's, or made from one."""
    bases = store.__mro__ if store else ()
    return text(path).startswith(OUR_ENGINES) or any(
        base.__module__.startswith(OUR_ENGINES) for base in bases
    )


def store_problems(store: type[SessionBase]) -> Iterator[CheckMessage]:
    written = line("SESSION_ENGINE", settings.SESSION_ENGINE)
    if issubclass(store, signed_cookies.SessionStore):
        message = (
            f"{written} keeps the whole session in the browser, so nothing can end it: a copy of "
            "the cookie works on after signing out."
        )
        yield Problem.ENGINE_WITHOUT_REVOCATION.report(message, STOCK_ENGINE)
    if needs_sessions_app(store) and not apps.is_installed("django.contrib.sessions"):
        message = f"{written} keeps sessions in a table of an app that is not in INSTALLED_APPS."
        hint = "INSTALLED_APPS = [\n    ...,\n    'django.contrib.sessions',\n]"
        yield Problem.NO_SESSIONS_APP.report(message, f"{hint}\n# then run manage.py migrate")


def own_engine_problems(store: type[SessionBase]) -> Iterator[CheckMessage]:
    """Check what jenk's own engines need, and what needs one of them."""
    if not is_jenks(settings.SESSION_ENGINE, store):
        most = conf().JENK_MAX_SESSIONS
        if isinstance(most, int) or callable(most):
            message = (
                f"{line('JENK_MAX_SESSIONS', most)} has no effect with "
                f"{line('SESSION_ENGINE', settings.SESSION_ENGINE)}, which cannot count sessions."
            )
            yield Problem.LIMIT_WITHOUT_ENGINE.report(message, OWN_ENGINE)
        return
    if isinstance(get_user_model()._meta.pk, CompositePrimaryKey):
        message = f"{get_user_model()._meta.label} has a composite primary key; a row has one user."
        hint = "AUTH_USER_MODEL = 'myapp.User'  # with one column for its primary key"
        yield Problem.COMPOSITE_USER_KEY.report(message, hint)
    yield from routing_problems()


def routing_problems() -> Iterator[CheckMessage]:
    """Sessions, their history and their owners change in one transaction."""
    models = [apps.get_model("jenk", name) for name in ("Session", "SessionEvent", "SessionOwner")]
    found = {model._meta.object_name: router.db_for_write(model) for model in models}
    if len(set(found.values())) > 1:
        message = f"DATABASE_ROUTERS write the tables of jenk to different databases: {found}."
        hint = "Return the same database for every model whose app_label is 'jenk'."
        yield Problem.ROUTED_APART.report(message, hint)


def needs_sessions_app(store: type[SessionBase]) -> bool:
    return (
        issubclass(store, db.SessionStore)
        and store.get_model_class.__func__ is db.SessionStore.get_model_class.__func__  # type: ignore[attr-defined]
    )


def unusable(store: type[SessionBase]) -> Iterator[CheckMessage]:
    """Report what only shows when the engine is used, such as a directory that is not there."""
    _, error = attempt(store)
    if error:
        message = f"{line('SESSION_ENGINE', settings.SESSION_ENGINE)} cannot be used: {error}"
        yield Problem.ENGINE_UNUSABLE.report(message, f"{STOCK_ENGINE}  # or correct what is wrong")


def cache_problems(store: type[SessionBase]) -> Iterator[CheckMessage]:
    """Check the cache that the engine keeps sessions in, if it does."""
    if not issubclass(store, cache.SessionStore | cached_db.SessionStore):
        return
    alias = settings.SESSION_CACHE_ALIAS
    written = line("SESSION_CACHE_ALIAS", alias)
    configured = list(settings.CACHES) if isinstance(setting("CACHES"), dict) else []
    if alias not in configured:
        message = f"{written} is not in CACHES, which has: {one_of(configured)}."
        yield Problem.CACHE_UNKNOWN.report(message, line("SESSION_CACHE_ALIAS", "default"))
        return
    backend, _ = attempt(caches.__getitem__, alias)
    also_in_database = issubclass(store, cached_db.SessionStore)
    if isinstance(backend, DummyCache) and not also_in_database:
        message = f"{written} is a DummyCache, which keeps nothing: nobody stays signed in."
        yield Problem.CACHE_KEEPS_NOTHING.report(message, SHARED_CACHE % shown(alias))
    if isinstance(backend, LocMemCache):
        outcome = (
            "a session that one process ended lives on in the others"
            if also_in_database
            else "other processes do not know its sessions, and a restart signs everybody out"
        )
        message = f"{written} is a LocMemCache, which each process has for itself: {outcome}."
        yield Problem.CACHE_NOT_SHARED.report(message, SHARED_CACHE % shown(alias))


def serializer_problems() -> Iterator[CheckMessage]:
    written = line("SESSION_SERIALIZER", settings.SESSION_SERIALIZER)
    serializer, error = attempt(import_string, settings.SESSION_SERIALIZER)
    if error:
        message = f"{written} cannot be imported: {error}"
        yield Problem.NO_SERIALIZER.report(message, STOCK_SERIALIZER)
    elif pickles(serializer):
        message = (
            f"{written} reads sessions with pickle, which runs whatever code is in them: whoever "
            "can forge a session, or learns SECRET_KEY, can run code on the server."
        )
        yield Problem.PICKLE.report(message, STOCK_SERIALIZER)


def pickles(serializer: Any) -> bool:
    """Tell whether a serializer is named for pickle, or calls it."""
    kinds = serializer.__mro__ if isinstance(serializer, type) else (type(serializer),)
    return "pickle" in settings.SESSION_SERIALIZER.lower() or any(
        "pickle" in kind.__name__.lower() or calls_pickle(vars(kind).get("loads")) for kind in kinds
    )


def calls_pickle(function: Any) -> bool:
    """Tell whether a function uses a name that comes from a pickle module."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType):
        return False
    used = [function.__globals__.get(name) for name in function.__code__.co_names]
    return any(
        getattr(one, "__module__", None) in PICKLES or getattr(one, "__name__", None) in PICKLES
        for one in used
    )
