"""SESSION_ENGINE = "jenk.backends.db": sessions in the database, whose they are, and no lost write.

The behaviour is in `jenk.lifecycle.sessions`, the tables are in `jenk.models`.
"""

from __future__ import annotations

from jenk.lifecycle.sessions import OwnSession
from jenk.models import Session
from jenk.stores.db import DatabaseStore


class SessionStore(OwnSession):
    """What Django calls `request.session`."""

    model = Session
    store = DatabaseStore()

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the table's model, as Django's own database engine does."""
        return cls.model
