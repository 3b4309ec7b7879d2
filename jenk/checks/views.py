"""The settings that name views: the lists of views, and LOGIN_URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.shortcuts import resolve_url
from django.urls import URLPattern, URLResolver, get_resolver, get_script_prefix, resolve
from django.utils.module_loading import import_string

from jenk.checks.problems import Problem, attempt, is_written, line, text
from jenk.checks.values import VIEW_LISTS, is_list_of_strings
from jenk.conf import conf
from jenk.view_traits import dotted_path

SIGN_IN_NAMES = ("login", "signin", "sign_in", "sign-in", "account_login")


@dataclass(frozen=True)
class Known:
    """What a site's URLs lead to: the URLs' names, and the views' dotted paths."""

    names: frozenset[str]
    paths: frozenset[str]


def check_views(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check the settings that name views."""
    known = known_views()
    return [] if known is None else [*view_lists(known), *login_url(known)]


def known_views() -> Known | None:
    """Return the site's views, None where its URLs cannot be read, which Django reports."""
    found, _ = attempt(lambda: list(walk(get_resolver())) if settings.ROOT_URLCONF else None)
    if found is None:
        return None
    return Known(frozenset(name for name, _ in found), frozenset(path for _, path in found))


def walk(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Give the full name and the dotted path of each view."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from walk(pattern, inner)
        elif isinstance(pattern, URLPattern):
            name = ":".join([*namespaces, pattern.name or pattern.lookup_str])
            yield name, dotted_path(pattern.callback)


def view_lists(known: Known) -> Iterator[CheckMessage]:
    for setting in VIEW_LISTS:
        value = getattr(conf(), setting)
        for entry in value if is_list_of_strings(value) else ():
            if "/" in entry:
                yield path_entry(setting, entry, known)
            elif not is_known(entry, known):
                yield unknown_entry(setting, entry, known)


def path_entry(setting: str, entry: str, known: Known) -> CheckMessage:
    message = (
        f"{line(setting, (entry,))} is a path, and paths can be spelt in many ways. Name the URL, "
        "or give the dotted path of the view."
    )
    match, _ = attempt(resolve, f"/{entry.lstrip('/')}")
    name = match.view_name if match else closest(entry.strip("/"), known)
    return Problem.VIEW_PATH.report(message, line(setting, (name,)))


def unknown_entry(setting: str, entry: str, known: Known) -> CheckMessage:
    message = (
        f"{line(setting, (entry,))} matches nothing: no URL has that name, with its namespace, "
        "and no view that dotted path."
    )
    view, _ = attempt(import_string, entry)
    real = dotted_path(view) if callable(view) else closest(entry, known)
    return Problem.VIEW_UNKNOWN.report(message, line(setting, (real,)))


def is_known(entry: str, known: Known) -> bool:
    """Tell whether an entry can match: a URL here, or a view by the path it is defined at."""
    if entry in known.names or entry in known.paths:
        return True
    view, _ = attempt(import_string, entry)
    return callable(view) and dotted_path(view) == entry


def closest(entry: str, known: Known) -> str:
    """Return the name that was probably meant, or one to show what names look like."""
    short = {name.rpartition(":")[2]: name for name in sorted(known.names)}
    tried = (
        get_close_matches(entry, sorted(known.names | known.paths), 1),
        [short[one] for one in get_close_matches(entry.rpartition(":")[2], short, 1)],
    )
    return next((found[0] for found in tried if found), "namespace:name")


def login_url(known: Known) -> Iterator[CheckMessage]:
    """Check that those who have to sign in find the page for it."""
    default = "" if is_written("LOGIN_URL") else ", Django's default,"
    written = f"{line('LOGIN_URL', settings.LOGIN_URL)}{default}"
    target, error = attempt(lambda: str(resolve_url(settings.LOGIN_URL)))
    if error:
        message = f"{written} is not the name of a URL, so whoever has to sign in gets an error."
        yield Problem.LOGIN_URL_NAME.report(message, sign_in_line(known, settings.LOGIN_URL))
        return
    path = local_path(target)
    if path is None or answers(path):
        return
    message = f"{written} is answered by no URL pattern, so whoever has to sign in finds no page."
    if not path.endswith("/") and answers(f"{path}/"):
        message = f"{written} is not the sign-in page but redirects to it, as a slash is missing."
        hint = line("LOGIN_URL", f"{path}/")
    else:
        hint = sign_in_line(known, path)
    yield Problem.LOGIN_URL_PATH.report(message, hint)


def local_path(url: str) -> str | None:
    """Return the path of a URL below where this site is mounted, None where it is not of here."""
    parts, error = attempt(urlsplit, url)
    if error or parts.scheme or parts.netloc:
        return None
    prefix: str = get_script_prefix()
    path: str = parts.path
    return path.replace(prefix, "/", 1) if path.startswith(prefix) else path


def answers(path: str) -> bool:
    return attempt(resolve, path)[1] is None


def sign_in_line(known: Known, written: Any) -> str:
    """Return the LOGIN_URL that was probably meant; the admin's lets only staff in."""
    names = [name for name in sorted(known.names) if not name.startswith("admin:")]
    named = [name for name in names if name.rpartition(":")[2] in SIGN_IN_NAMES]
    likely = get_close_matches(text(written).strip("/"), names, 1) or named
    if likely:
        return line("LOGIN_URL", likely[0])
    view = "path('login/', jenk.views.auth.LoginView.as_view(), name='login')"
    return f"{line('LOGIN_URL', 'login')}  # with {view} in the URLs"
