"""A store that counts what is asked of it, for the budgets of hot paths."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tenantry.store import Store
from tests.support.wrapped_store import WrappedStore


@dataclass
class Cost:
    """`looks`: statements outside transactions. `commits`: transactions. `steps`: statements in those."""

    looks: int = 0
    commits: int = 0
    steps: int = 0


class CountingStore(WrappedStore):
    """A `Store` that does all that the wrapped one does."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._cost = Cost()

    @contextmanager
    def counting(self) -> Iterator[Cost]:
        """Count the statements and transactions inside the block."""
        self._cost = Cost()
        yield self._cost

    def looking(self) -> None:
        self._cost.looks += 1

    def stepping(self) -> None:
        self._cost.steps += 1

    def committed(self) -> None:
        self._cost.commits += 1
