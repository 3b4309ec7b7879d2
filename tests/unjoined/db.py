"""jenk's engine where session and user take two statements.

As they do where users are in another database, or have a manager of the project's own.
"""

from __future__ import annotations

from jenk.backends import db
from jenk.stores.base import Found
from jenk.stores.db import DatabaseStore


class PlainStore(DatabaseStore):
    def find(self, handle: str) -> Found:
        return Found(self.read(handle))


class SessionStore(db.SessionStore):
    store = PlainStore()
