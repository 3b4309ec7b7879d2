"""What people read when a session has ended or a request is refused."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jenk.reasons import Reason

MESSAGES: dict[Reason, Promise] = {
    Reason.LOGOUT: _("You signed out."),
    Reason.IDLE: _("You were signed out because you had not used the site for a while."),
    Reason.ABSOLUTE: _("You were signed out because it was a long time since you signed in."),
    Reason.EXPIRED: _("You were signed out because your session had expired."),
    Reason.ENDED_BY_USER: _("You were signed out from another of your devices."),
    Reason.ENDED_BY_ADMIN: _("You were signed out by an administrator of this site."),
    Reason.ENDED_BY_CODE: _("You were signed out by this site."),
    Reason.PASSWORD_CHANGED: _("You were signed out because your password was changed."),
    Reason.DISABLED: _("You were signed out because your account was disabled."),
    Reason.DELETED: _("You were signed out because your account no longer exists."),
    Reason.LIMIT: _("You were signed out because you signed in on too many devices."),
    Reason.SWITCHED_USER: _("You were signed out because someone else signed in here."),
    Reason.ROTATED: _("Your session was renewed while this request was under way."),
    Reason.KEY_REUSE: _("This session can no longer be used."),
    Reason.TAMPERED: _("This session could not be verified."),
}

SIGN_IN_REQUIRED = _("Sign in to go on.")
FORBIDDEN = _("You do not have permission to do this.")


class EndReason(str):
    """The code of a reason, with the sentence for people in `.message`.

    A reason is shown once. What a template does with it reports it as shown: `{% if %}`, `==` and
    `!=` with the reason on the left, the code or the message as text.
    """

    _shown: Callable[[], None]

    def __new__(cls, reason: Reason, shown: Callable[[], None]) -> EndReason:
        self = super().__new__(cls, reason.value)
        self._shown = shown
        return self

    @property
    def message(self) -> str:
        self._shown()
        return str(MESSAGES[Reason(str.__str__(self))])

    def __str__(self) -> str:
        self._shown()
        return str.__str__(self)

    def __bool__(self) -> bool:
        self._shown()
        return True

    def __eq__(self, other: object) -> bool:
        self._shown()
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)
