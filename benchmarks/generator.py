"""A few browsers that ask a server for one page, again and again, until their time is over.

Sockets and threads and nothing else: what this costs is missing to the server on the same machine.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field

HOST = "127.0.0.1"
BROWSERS = 8
PATIENCE = 10  # seconds for an answer


@dataclass
class Tally:
    """What the browsers saw."""

    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Browser:
    """One connection, kept as long as the server keeps it."""

    def __init__(self, port: int, path: str, cookie: str, expected: str) -> None:
        self.port = port
        self.expected = expected.encode()
        head = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUser-Agent: Firefox/128.0\r\n"
        self.request = f"{head}Accept: text/html\r\nCookie: {cookie}\r\n\r\n".encode()
        self.socket: socket.socket | None = None

    def get(self) -> str:
        """Ask once; return what was wrong with the answer, "" for nothing."""
        if self.socket is None:
            self.socket = socket.create_connection((HOST, self.port), timeout=PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(self.request)
        head, body = receive(self.socket)
        if b"connection: close" in head.lower():
            self.close()
        if b" 200 " not in head.partition(b"\r\n")[0] or body != self.expected:
            return (head.partition(b"\r\n")[0] + b" " + body[:80]).decode(errors="replace")
        return ""

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None


def receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return the head and the body of a response that says its length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += chunk(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    while len(body) < length:
        body += chunk(connection)
    return head, body


def chunk(connection: socket.socket) -> bytes:
    found = connection.recv(65536)
    if not found:
        message = "the server has closed the connection"
        raise ConnectionError(message)
    return found


def browse(browser: Browser, until: float, tally: Tally) -> None:
    """Ask until it is time to stop."""
    while (started := time.perf_counter()) < until:
        try:
            failure = browser.get()
        except (OSError, ValueError) as error:
            failure = f"{type(error).__name__}: {error}"
            browser.close()
        if failure:
            tally.failures.append(failure)
            if len(tally.failures) > 100:
                break
        else:
            tally.latencies.append(time.perf_counter() - started)
    browser.close()


def load(port: int, path: str, cookie: str, expected: str, seconds: float) -> Tally:
    """Load a server for so many seconds."""
    tally, started = Tally(), time.perf_counter()
    threads = [
        threading.Thread(
            target=browse, args=(Browser(port, path, cookie, expected), started + seconds, tally)
        )
        for _ in range(BROWSERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.seconds = time.perf_counter() - started
    return tally
