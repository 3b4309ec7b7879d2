"""A person with a real browser's cookies, who visits a site over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from django.utils.html import strip_tags


class StayHere(HTTPRedirectHandler):
    """Follow no redirect, so that a test sees each answer."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass
class Page:
    status: int
    headers: Any
    text: str

    @property
    def words(self) -> str:
        return " ".join(strip_tags(self.text).split())


class Person:
    """One browser, whatever becomes of the server."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies), StayHere)

    def cookie(self, name: str) -> str | None:
        return next((one.value for one in self.cookies if one.name == name), None)

    def get(self, url: str) -> Page:
        return self.send(Request(url))

    def post(self, url: str, **fields: str) -> Page:
        """Send a form, with the token that a page of the site has set before."""
        fields["csrfmiddlewaretoken"] = self.cookie("csrftoken") or ""
        return self.send(Request(url, data=urlencode(fields).encode()))

    def sign_in(self, url: str, username: str, password: str = "demo-password") -> Page:  # noqa: S107
        assert self.get(url).status == 200
        return self.post(url, username=username, password=password)

    def send(self, request: Request) -> Page:
        try:
            with self.opener.open(request, timeout=30) as answer:
                return Page(answer.status, answer.headers, answer.read().decode())
        except HTTPError as error:
            with error:
                return Page(error.code, error.headers, error.read().decode())
