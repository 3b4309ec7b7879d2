"""Requests to Django's own handlers, without a socket: a browser in few lines, sync and async."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from http.cookies import SimpleCookie
from typing import Any

type Headers = list[tuple[str, str]]


class BenchmarkError(Exception):
    """What was measured did not do what it is measured for."""


class Jar:
    """The cookies of one browser."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.header = ""

    def take(self, headers: Iterable[tuple[str, str]]) -> None:
        """Keep what a response sets."""
        sent = [value for name, value in headers if name.lower() == "set-cookie"]
        for line in sent:
            for name, morsel in SimpleCookie(line).items():
                self.kept[name] = morsel.value
        if sent:
            self.header = "; ".join(f"{name}={value}" for name, value in self.kept.items())


def check(path: str, status: int, body: bytes, expected: str) -> None:
    if status != 200 or body.decode() != expected:
        message = f"{path} answered {status} {body[:200]!r}, not {expected!r}"
        raise BenchmarkError(message)


class Wsgi:
    """A browser of a WSGI application."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application = application
        self.jar = Jar()

    def get(self, path: str, expected: str) -> None:
        answered: list[tuple[str, Headers]] = []
        response = self.application(
            self.environ(path), lambda status, headers, *_: answered.append((status, headers))
        )
        try:
            body = b"".join(response)
        finally:
            response.close()
        status, headers = answered[0]
        self.jar.take(headers)
        check(path, int(status.split()[0]), body, expected)

    def repeat(self, path: str, expected: str, times: int) -> None:
        for _ in range(times):
            self.get(path, expected)

    def environ(self, path: str) -> dict[str, Any]:
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8",
            "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0",
            "HTTP_COOKIE": self.jar.header,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


class Asgi:
    """A browser of an ASGI application."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application = application
        self.jar = Jar()
        self.runner = asyncio.Runner()

    def get(self, path: str, expected: str) -> None:
        self.repeat(path, expected, 1)

    def repeat(self, path: str, expected: str, times: int) -> None:
        self.runner.run(self.arepeat(path, expected, times))

    async def arepeat(self, path: str, expected: str, times: int) -> None:
        for _ in range(times):
            await self.aget(path, expected)

    async def aget(self, path: str, expected: str) -> None:
        messages: list[dict[str, Any]] = []
        body = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in body:
                return message
            await asyncio.Event().wait()  # the browser stays
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self.application(self.scope(path), receive, send)
        start, *rest = messages
        self.jar.take((name.decode(), value.decode()) for name, value in start["headers"])
        content = b"".join(one.get("body", b"") for one in rest)
        check(path, start["status"], content, expected)

    def scope(self, path: str) -> dict[str, Any]:
        headers = [
            (b"host", b"localhost"),
            (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"),
            (b"cookie", self.jar.header.encode()),
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
        }
