"""Protect class-based views."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, cast

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from jenk import gate
from jenk.effects import Steps, arun, run
from jenk.view_traits import Terms


class SessionRequiredMixin(View):
    """Let only signed-in users into a class-based view, sync or async.

    Write it first among the bases. `roles`, `login_url` and `redirect_field_name` are as for
    `session_required`; `always_json` has every refusal be JSON, as for `session_required_ajax`.

    Raises:
        TypeError: it does not come before the view among the bases, or `roles` is no collection;
            at import.
    """

    roles: ClassVar[Collection[Any] | None] = None
    login_url: ClassVar[str | None] = None
    redirect_field_name: ClassVar[str] = REDIRECT_FIELD_NAME
    always_json: ClassVar[bool] = False
    jenk_terms: ClassVar[Terms] = Terms()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        gate.checked_roles(cls.roles)
        cls.jenk_terms = Terms(cls.login_url, cls.redirect_field_name, cls.always_json)
        order = cls.__mro__
        before = order[: order.index(SessionRequiredMixin)]
        for base in before:
            if "dispatch" in vars(base) and not issubclass(base, SessionRequiredMixin):
                message = (
                    f"{cls.__qualname__} is not protected: {base.__qualname__} comes before "
                    f"SessionRequiredMixin. Write SessionRequiredMixin first among its bases."
                )
                raise TypeError(message)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        terms = Terms(self.login_url, self.redirect_field_name, self.always_json)
        steps = gate.admit(request, gate.checked_roles(self.roles), terms)
        if self.view_is_async:
            return self._adispatch(steps, request, *args, **kwargs)
        refusal = run(steps)
        if refusal is not None:
            return refusal
        return gate.keep_private(super().dispatch(request, *args, **kwargs))

    async def _adispatch(
        self, steps: Steps[HttpResponseBase | None], request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        refusal = await arun(steps)
        if refusal is not None:
            return refusal
        response: HttpResponseBase = await cast("Any", super().dispatch(request, *args, **kwargs))
        return gate.keep_private(response)
