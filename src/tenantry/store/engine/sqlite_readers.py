"""Reads of SQLite outside a transaction: inline, as long as they take a moment only (see `sqlite_long.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, Self, TypeVar

import apsw

from tenantry.store.engine.dialect import only_row
from tenantry.store.engine.interface import Value
from tenantry.store.engine.sqlite_long import LongReads, Moment
from tenantry.store.engine.sqlite_statements import Known, Statements, prepared

T = TypeVar("T")


class ReadBlock(Statements):
    """`Read` and its block in one object. There is one for all reads, since nothing is kept between two statements."""

    __slots__ = ("_long", "_moment")

    def __init__(self, connection: apsw.Connection, known: Known, long: LongReads) -> None:
        super().__init__(connection.cursor(), known)
        self._moment = Moment(connection)
        self._long = long

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        long = self._long
        if not long.remembered or (sql, params.get("tenant_id")) not in long.remembered:
            self._moment.begun = False
            try:
                row = only_row(self._select(shape, sql, params), sql)
            except apsw.InterruptError:
                pass
            else:
                return None if row is None else shape(*row)
        found: T | None = only_row(await self._run_aside(shape, sql, params), sql)
        return found

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        long = self._long
        if not long.remembered or (sql, params.get("tenant_id")) not in long.remembered:
            self._moment.begun = False
            try:
                rows = self._select(shape, sql, params)
            except apsw.InterruptError:
                pass
            else:
                return [shape(*row) for row in rows]
        return await self._run_aside(shape, sql, params)

    async def _run_aside(self, shape: Callable[..., T], sql: str, params: Mapping[str, Value]) -> list[T]:
        return await self._long.rows(shape, sql, prepared(sql)[1](params), params.get("tenant_id"))

    def _failed(self, exc: apsw.Error) -> NoReturn:
        if isinstance(exc, apsw.InterruptError):
            raise exc
        super()._failed(exc)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None
