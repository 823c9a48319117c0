"""The transactions of a page, each with its time. `forms.once` has that of a form that makes something."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import Request

from tenantry.core.clock import Micros
from tenantry.store.engine.interface import Read, Tx, Value
from tenantry.surfaces.shared.deps import deps_of

T = TypeVar("T")


@asynccontextmanager
async def reading(request: Request) -> AsyncIterator[tuple[Read, Micros]]:
    """`async with reading(request) as (read, now):`. A statement that is repeated for one page runs once."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        yield _AskedOnce(read), now


@asynccontextmanager
async def writing(request: Request) -> AsyncIterator[tuple[Tx, Micros]]:
    """`async with writing(request) as (tx, now):`. It commits at the end, unless something was raised."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.write() as tx:
        yield tx, now


class _AskedOnce:
    """A `Read` that remembers its answers, since a page asks ten times for the same roles what its user may do."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rows: dict[tuple[object, ...], list[Any]] = {}

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        asked = (shape, sql, *params.items())
        if asked not in self._rows:
            row = await self._read.one_or_none(shape, sql, **params)
            self._rows[asked] = [] if row is None else [row]
        return next(iter(self._rows[asked]), None)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        asked = (shape, sql, *params.items())
        if asked not in self._rows:
            self._rows[asked] = await self._read.all(shape, sql, **params)
        return [*self._rows[asked]]
