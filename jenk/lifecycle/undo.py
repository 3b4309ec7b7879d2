"""What to go back to, if a transaction takes back what a session has written."""

from __future__ import annotations

import weakref
from typing import Any

from jenk.stores.base import Store


class Undo:
    """The state before a write in a transaction, and what became of the transaction."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.committed = False
        self.mark: weakref.ref[_Mark] | None = None

    def watch(self, store: Store) -> bool:
        """Follow the transaction that is going on; return False where there is none to follow."""
        mark = _Mark(self)
        self.mark = weakref.ref(mark)
        return store.on_commit(mark)

    @property
    def was_taken_back(self) -> bool:
        """Whether the transaction, or the savepoint, was rolled back."""
        return not self.committed and self.mark is not None and self.mark() is None


class _Mark:
    """A callback that Django keeps until the commit, and drops where there will be none."""

    def __init__(self, undo: Undo) -> None:
        self.undo = undo

    def __call__(self) -> None:
        self.undo.committed = True


def state_to_return_to(undos: list[Undo]) -> Undo | None:
    """Return the first write that was taken back, and forget it and all that came after it."""
    for place, undo in enumerate(undos):
        if undo.was_taken_back:
            del undos[place:]
            return undo
    undos[:] = [undo for undo in undos if not undo.committed]
    return None
