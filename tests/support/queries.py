"""Which statements a piece of work runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from tenantry.store.engine.interface import Store

_counted: ContextVar[list[str]] = ContextVar("counted")
"""Known to the tasks of the block only: a server's background work of its own does not count."""


@contextmanager
def counted_queries(store: Store) -> Iterator[list[str]]:
    """The SQL of every look at this store inside the block, in order: `with counted_queries(store) as queries: ...`."""
    queries: list[str] = []

    def counting(method: Any) -> Any:
        async def counted(self: Any, shape: Any, sql: str, /, **params: Any) -> Any:
            if _counted.get([]) is queries:
                queries.append(sql)
            return await method(self, shape, sql, **params)

        return counted

    token = _counted.set(queries)
    blocks = {type(store.read()), type(store.write())}
    # all are looked up first: one block may inherit from the other, and is not to count twice
    methods = [(block, name, getattr(block, name)) for block in blocks for name in ("all", "one_or_none")]
    with pytest.MonkeyPatch.context() as patch:
        for block, name, method in methods:
            patch.setattr(block, name, counting(method))
        yield queries
    _counted.reset(token)
