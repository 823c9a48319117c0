"""Fail every write once: wrap a store so that its n-th step in write blocks fails, and loop until none is left to fail.

for n in itertools.count(1):
    faulty = FaultyStore(store, fail_at=n)
    try:
        await work(faulty)
    except InjectedFault:
        ...  # nothing half-done was kept; the same work on faulty.healed() succeeds
    else:
        break
"""

from __future__ import annotations

from tenantry.store import Store
from tests.support.wrapped_store import WrappedStore


class InjectedFault(Exception):
    """Outside the family of domain errors, as a bug or a crash would be."""


class FaultyStore(WrappedStore):
    """A `Store` whose `fail_at`-th step raises InjectedFault, before it is carried out.

    Each statement of a transaction is a step, and so is the commit of a write block. `steps` counts them.
    """

    def __init__(self, store: Store, *, fail_at: int) -> None:
        super().__init__(store)
        self._fail_at = fail_at
        self.steps = 0

    def healed(self) -> Store:
        """The store itself, where nothing fails."""
        return self._store

    def stepping(self) -> None:
        self.steps += 1
        if self.steps == self._fail_at:
            raise InjectedFault(f"step {self.steps}")

    committing = stepping
