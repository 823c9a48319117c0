"""The transactions of a page, each with its moment. That of a form that makes something is `forms.once`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from tenantry.core.clock import Micros
from tenantry.store.engine.interface import Read, Tx
from tenantry.surfaces.shared.deps import deps_of


@asynccontextmanager
async def reading(request: Request) -> AsyncIterator[tuple[Read, Micros]]:
    """`async with reading(request) as (read, now):`."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        yield read, now


@asynccontextmanager
async def writing(request: Request) -> AsyncIterator[tuple[Tx, Micros]]:
    """`async with writing(request) as (tx, now):`. Committed at the end, unless something was raised."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.write() as tx:
        yield tx, now
