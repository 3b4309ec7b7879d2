"""Keep session keys out of what is reported of an error.

Django's DEBUG page and its mails to admins print what each frame of a traceback holds, and the
frames of a session store, with all that they call, hold the session's key (OWASP ASVS 5.0 16.2.5).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import TracebackType

STORES = (
    "django.contrib.sessions.backends.",
    "jenk.backends.",
    "jenk.lifecycle.binding",
    "jenk.lifecycle.ending",
    "jenk.lifecycle.loading",
    "jenk.lifecycle.sessions",
    "jenk.lifecycle.state",
    "jenk.lifecycle.writing",
    "jenk.stores.",
)
NOTE = "The session store's own frames are left out: they hold the session's key."


def without_frames(error: BaseException) -> None:
    """Drop the frames of an error and of those that led to it."""
    for one in chain(error):
        one.with_traceback(None)
        without_file_names(one)
    note(error)


def without_store(error: BaseException, store: type) -> None:
    """Drop the frames of an error from the first on that is one of a session store's."""
    before = None
    for step in steps(error.__traceback__):
        module = step.tb_frame.f_globals.get("__name__", "")
        if before and (module.startswith(STORES) or module == store.__module__):
            before.tb_next = None
            for cause in chain(error):
                without_file_names(cause)
                if cause is not error:
                    cause.with_traceback(None)
            note(error)
            return
        before = step


def chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and those that led to it, each once: a chain can be a circle."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def without_file_names(error: BaseException) -> None:
    """Drop the name of a file: that of a session on the file engine ends in its key."""
    if not isinstance(error, OSError):
        return
    for name in ("filename", "filename2"):
        if getattr(error, name) is not None:
            setattr(error, name, "a session's file")


def note(error: BaseException) -> None:
    if NOTE not in getattr(error, "__notes__", ()):
        error.add_note(NOTE)


class WithoutFrames(logging.Filter):
    """Let records of session stores pass without the frames of the error they are about."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            without_frames(error)
            record.exc_info = (type(error), error, None)
        return True
