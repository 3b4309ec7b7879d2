"""Views of the tests: each behaviour once as a sync view and once as an async one."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import alogout, login, logout
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import View

from jenk import lifecycle
from jenk.decorators import (
    get_session_user,
    passive,
    public,
    session_required,
    session_required_ajax,
)
from jenk.mixins import SessionRequiredMixin
from website.models import User


def facts(request: HttpRequest) -> dict[str, Any]:
    """What a view sees of the session."""
    return {
        "user": request.user.get_username(),
        "session_user": get_session_user(request),
        "keys": {key: value for key, value in request.session.items() if not key.startswith("_")},
    }


def plain(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


async def aplain(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@public
def open_(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@public
async def aopen(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@public
def untouched(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for everyone")


@public
async def auntouched(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for everyone")


@session_required
def private(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required
async def aprivate(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required_ajax
def ajax(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required_ajax
async def aajax(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required(roles=[2, 3])
def managers(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required(roles=[2, 3])
async def amanagers(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required_ajax(roles=[2, 3])
def managers_ajax(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@session_required_ajax(roles=[2, 3])
async def amanagers_ajax(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@passive
def poll(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


@passive
async def apoll(request: HttpRequest) -> JsonResponse:
    return JsonResponse(facts(request))


def write(request: HttpRequest) -> JsonResponse:
    """Store each query parameter in the session."""
    for key, value in request.GET.items():
        request.session[key] = value
    return JsonResponse(facts(request))


async def awrite(request: HttpRequest) -> JsonResponse:
    for key, value in request.GET.items():
        await request.session.aset(key, value)
    return JsonResponse(facts(request))


def answer(request: HttpRequest, status: int) -> HttpResponse:
    request.session["answered"] = status
    return HttpResponse(status=status)


async def aanswer(request: HttpRequest, status: int) -> HttpResponse:
    await request.session.aset("answered", status)
    return HttpResponse(status=status)


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


async def adenied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def rotate(request: HttpRequest) -> HttpResponse:
    lifecycle.rotate(request)
    return HttpResponse()


async def arotate(request: HttpRequest) -> HttpResponse:
    await lifecycle.arotate(request)
    return HttpResponse()


def end_others(request: HttpRequest) -> JsonResponse:
    try:
        actor = request.user if request.user.is_authenticated else None
        ended: Any = lifecycle.end_others(request, reason="ended_by_user", actor=actor)
    except ImproperlyConfigured as error:
        ended = str(error)
    return JsonResponse(ended, safe=False)


async def aend_others(request: HttpRequest) -> JsonResponse:
    try:
        actor = request.user if request.user.is_authenticated else None
        ended: Any = await lifecycle.aend_others(request, reason="ended_by_user", actor=actor)
    except ImproperlyConfigured as error:
        ended = str(error)
    return JsonResponse(ended, safe=False)


@public
def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse()


@public
async def aleave(request: HttpRequest) -> HttpResponse:
    await alogout(request)
    return HttpResponse()


def flush(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponse()


async def aflush(request: HttpRequest) -> HttpResponse:
    await request.session.aflush()
    return HttpResponse()


@public
def enter_and_fail(request: HttpRequest, username: str) -> HttpResponse:
    """Sign in and then answer with a server error."""
    login(request, User.objects.get(username=username))
    return HttpResponse(status=500)


@public
async def aenter_and_fail(request: HttpRequest, username: str) -> HttpResponse:
    return await sync_to_async(enter_and_fail)(request, username)


def page(request: HttpRequest) -> HttpResponse:
    """The brief's own lines in a template."""
    return render(request, "tests/page.html")


async def apage(request: HttpRequest) -> HttpResponse:
    return render(request, "tests/page.html")


class Protected(SessionRequiredMixin, View):
    def get(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse(facts(request))


class AProtected(SessionRequiredMixin, View):
    async def get(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse(facts(request))


class ProtectedManagers(Protected):
    roles = (2, 3)
    always_json = True


class AProtectedManagers(AProtected):
    roles = (2, 3)
    always_json = True
