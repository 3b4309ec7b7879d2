"""Sessions that are moved one step at a time, as requests that cross each other would."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, alogout, logout

from jenk import record, snapshot
from jenk.backends.db import SessionStore
from jenk.models import Session
from jenk.policies import Clocks
from jenk.testing.contract import InFlight
from tests.browsers import apart


class Hand(InFlight):
    """One request's session on jenk's engine; `twin` calls the async twins of its methods."""

    def __init__(self, key: str | None = None, *, twin: bool = False) -> None:
        super().__init__(SessionStore, key, asynchronous=twin)
        self.sent = () if key is None else (key,)

    def do(self, name: str, *args: Any) -> Any:
        return apart(getattr(self.session, f"a{name}" if self.asynchronous else name))(*args)

    def get(self, name: str) -> Any:
        return self.do("get", name)

    def flush(self) -> Hand:
        self.do("flush")
        return self

    def sign_out(self, user: Any) -> Hand:
        self.belong_to(user)
        apart(alogout if self.asynchronous else logout)(self.request)
        return self

    def use(self, at: datetime) -> Hand:
        """Count as a use at that time, which is stored with the data."""
        self.session.counted = True
        self.session.set_clocks(Clocks(self.session.clocks.authenticated_at, at), due=True)
        return self

    def use_now_and_save(self) -> Any:
        return self.use(record.now()).save()

    def change_password(self, user: Any, password: str = "new") -> Hand:  # noqa: S107
        """Do what Django's view does."""
        return self.keep_signed_in(with_password(user, password))

    @property
    def auth_hash(self) -> Any:
        return self.get(HASH_SESSION_KEY)

    @property
    def sends_cookie(self) -> bool:
        """Whether the browser is sent the session's key."""
        return not self.session.is_empty() and bool(record.sends_cookie(self.session, self.sent))


def with_password(user: Any, password: str) -> Any:
    """Store another password of the user, and return them as another request reads them."""
    changed = type(user).objects.get(pk=user.pk)
    changed.set_password(password)
    changed.save(update_fields=["password"])
    return changed


def visitor(*, twin: bool = False, **data: Any) -> Any:
    """A session of nobody that is stored."""
    return Hand(twin=twin).put(**(data or {"seen": 1})).save()


def signed_in(user: Any, *, twin: bool = False, **data: Any) -> Any:
    """A session of a user that is stored."""
    return Hand(twin=twin).sign_in(user).put(**data).save()


def opened(key: str | None, *, twin: bool = False) -> Any:
    return Hand(key, twin=twin).load()


def user_of(key: str | None, *, twin: bool = False) -> Any:
    """Return who a request with this key is from, None for nobody."""
    return Hand(key, twin=twin).user()


def kept(key: str | None) -> dict[str, Any]:
    """Return what code of the project has put into a session."""
    items = SessionStore(key).items()
    return {name: value for name, value in items if name[0] != "_" and name not in snapshot.KEYS}


def row(hand: Any) -> Any:
    return Session.everything.get(pk=hand.handle)


def live(user: Any) -> set[str]:
    """Return the handles of the user's sessions that are not ended."""
    return set(Session.objects.filter(user=user).values_list("pk", flat=True))
