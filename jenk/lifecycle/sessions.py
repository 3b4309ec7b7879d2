"""The session of one request on jenk's own engines, as Django and the middleware use it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.base import UpdateError

from jenk import record, snapshot
from jenk.conf import site
from jenk.lifecycle.writing import Writing
from jenk.policies import Clocks

#: Values that cannot be changed in place.
FLAT = frozenset({str, int, float, bool, type(None)})


class OwnSession(Writing):
    """What jenk's engines make their `SessionStore` of."""

    def sign_in(self, user: Any, facts: snapshot.Facts) -> None:
        """Store that `user` has just signed in, and show the facts about them."""
        self.recall()
        data = self._get_session()
        if self.is_new or self.session_key is None:
            if self.session_key is None:
                self.start()
            self.insert(data, user)
        elif self.interrupted or self.record is None:
            self.resume(data, user)
        else:
            self.write_beside_others(data, user)
        self.verified_user, self.facts = user, facts
        self.show(facts | record.times(self.clocks))

    def set_clocks(self, clocks: Clocks, *, due: bool) -> None:
        """Read as used at that time; `due` if that is to be stored."""
        shown, self.clocks, self.touch_due = self.clocks, clocks, due
        if self.verified_user is not None and clocks.last_activity != shown.last_activity:
            self.show(record.last_use(clocks))

    def will_save(self) -> bool:
        """Tell whether there is anything to store."""
        if self.detached or (self.session_key is None and not self._has_data()):
            return False
        return bool(
            self.modified
            or self.touch_due
            or self.is_new
            or (site().SESSION_SAVE_EVERY_REQUEST and self.has_changed())
        )

    def _has_data(self) -> bool:
        return bool(getattr(self, "_session_cache", None))

    def has_changed(self) -> bool:
        """Tell whether the data are others than those stored, also where nothing says so."""
        if self.record is None or not record.is_loaded(self):
            return False
        if self._renew:
            return True
        if all(type(value) in FLAT for value in self._session_cache.values()):
            return False  # nothing in them can change but by their key, which sets `modified`
        return self.packed(self._session_cache) != self.record.payload

    def sends_cookie(self, sent: tuple[str, ...]) -> bool:
        """Tell whether the browser has to get the cookie, once what is due was stored."""
        if self.superseded or self.detached or self.session_key is None:
            return False
        data = getattr(self, "_session_cache", {})
        return (
            self.session_key not in sent
            or self.touched
            or self.touch_due
            or data.get(record.EXPIRY_KEY) != self._expiry
        )

    def rewrite(self, by: timedelta) -> None:
        """Store data and clocks as they are now, the deadline moved back; for tests alone."""
        seen = self.record
        if seen is None:
            raise UpdateError
        data, new = self._session, seen.changed()
        new.authenticated_at = self.clocks.authenticated_at
        new.last_activity = self.clocks.last_activity
        self.seal(new, data)
        self.fill(new, data)
        if by and seen.expire_date is not None:
            new.expire_date = seen.expire_date - by
        self.store.replace(seen, new, record.now())

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    async def aexists(self, session_key: str | None) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate(self) -> None:
        await sync_to_async(self.create)()

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    async def aflush(self) -> None:
        await sync_to_async(self.flush)()

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    @classmethod
    async def aclear_expired(cls) -> None:
        await sync_to_async(cls.clear_expired)()
