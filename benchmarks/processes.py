"""The processes of a run: started, asked and ended one by one, by their own id."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import Any, Self

from tools.environment import ROOT
from tools.suite import clean_environ

PATIENCE = 120  # seconds for an answer
ENDED = "the worker has ended"
GOODBYE = 5  # seconds to end by itself


class WorkerError(Exception):
    """A worker could not do what it was asked."""


def core() -> int:
    """Return the one core that all of a run's measurements share."""
    return max(os.sched_getaffinity(0))


def environ() -> dict[str, str]:
    """Return what a measured process has in its environment."""
    # django-user-sessions warns, at its import, of the pkg_resources that it imports.
    return clean_environ() | {"PYTHONWARNINGS": "ignore::UserWarning"}


class Process:
    """A module of the benchmarks that answers questions."""

    def __init__(self, module: str, **told: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=environ() | {"PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.send(told)

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError(ENDED) from error

    def ask(self, do: str, **details: Any) -> Any:
        """Return the answer.

        Raises:
            WorkerError: there is none, or it is an error.
        """
        self.send({"do": do, **details})
        stdout = self.process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], details.get("patience", PATIENCE))[0]:
            message = f"no answer to {do!r} in time"
            raise WorkerError(message)
        line = stdout.readline()
        answer = json.loads(line) if line else {"error": ENDED}
        if isinstance(answer, dict) and "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process)


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process: its input ends if it has one, then it is asked to, then it must."""
    steps = [process.terminate, process.kill]
    if process.stdin is not None:
        steps.insert(0, partial(close, process))
    for step in steps:
        step()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GOODBYE)
            return


def close(process: subprocess.Popen[Any]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
