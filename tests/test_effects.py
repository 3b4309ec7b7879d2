from __future__ import annotations

import pytest

from jenk.effects import Steps, arun, io, run


def sync() -> str:
    return "sync"


async def twin() -> str:
    return "async"


def fail() -> str:
    raise KeyError("sync")


async def afail() -> str:
    raise KeyError("async")


def steps() -> Steps[list[str]]:
    first = yield from io(sync, twin)
    try:
        yield from io(fail, afail)
    except KeyError as error:
        second = error.args[0]
    third = yield from io(sync, twin)
    return [first, second, third]


def failing() -> Steps[None]:
    yield from io(fail, afail)


def idle() -> Steps[int]:
    return 5
    yield


def test_sync_code_takes_the_first_of_each_pair() -> None:
    assert run(steps()) == ["sync", "sync", "sync"]


async def test_async_code_takes_the_second_of_each_pair() -> None:
    assert await arun(steps()) == ["async", "async", "async"]


def test_errors_reach_the_caller() -> None:
    with pytest.raises(KeyError, match="sync"):
        run(failing())


async def test_errors_reach_the_async_caller() -> None:
    with pytest.raises(KeyError, match="async"):
        await arun(failing())


async def test_steps_without_io_just_return() -> None:
    assert run(idle()) == 5
    assert await arun(idle()) == 5
