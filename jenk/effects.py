"""One body of logic for sync and async callers.

A procedure that has to touch a database is a generator. It hands out each piece of I/O as a
pair, the sync callable and its async twin, and is resumed with the result. `run` drives it
with the first of the pair, `arun` with the second, so nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

from jenk.redaction import without_frames

type Effect = tuple[Callable[[], Any], Callable[[], Awaitable[Any]]]
type Steps[T] = Generator[Effect, Any, T]


def io[T](sync: Callable[[], T], twin: Callable[[], Awaitable[T]]) -> Steps[T]:
    """Perform one piece of I/O: `value = yield from io(session.flush, session.aflush)`."""
    result: T = yield sync, twin
    return result


def store_io[T](sync: Callable[[], T], twin: Callable[[], Awaitable[T]]) -> Steps[T]:
    """Perform I/O of a session store, whose frames hold the session's key.

    An error goes on without them: reports of errors print what each frame holds, on Django's DEBUG
    page and in its mails to admins (OWASP ASVS 5.0 16.2.5).
    """
    try:
        result: T = yield sync, twin
    except Exception as error:
        without_frames(error)
        raise
    return result


def run[T](steps: Steps[T]) -> T:
    """Drive `steps` from sync code and return what it returns.

    An effect must not raise StopIteration, which a generator may not let pass (PEP 479).
    """
    try:
        effect = next(steps)
        while True:
            try:
                result = effect[0]()
            except Exception as error:  # noqa: BLE001 - handed to the body, which decides
                effect = steps.throw(error)
            else:
                effect = steps.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        steps.close()  # at once, also when the request is cancelled


async def arun[T](steps: Steps[T]) -> T:
    """Drive `steps` from async code and return what it returns."""
    try:
        effect = next(steps)
        while True:
            try:
                result = await effect[1]()
            except Exception as error:  # noqa: BLE001 - handed to the body, which decides
                effect = steps.throw(error)
            else:
                effect = steps.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        steps.close()  # at once, also when the request is cancelled
