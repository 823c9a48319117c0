"""Tells SQLite's planner how many rows a key finds: by a rule, not by measuring, so that each file has the same plans.

Without numbers, SQLite takes the whole table of a tenant for ten rows, hardly more than what a second column finds in
it, and so prefers any index that saves it a look into the table. It would read a million refresh tokens by tenant to
find the two of a grant. PostgreSQL measures by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa

_OWNED, _OF_TENANT = 1_000_000, 100_000
_REFERENCE = 100_000
_OF_KEY = 10
_ENDED = 1_000
"""Rows of an index `..._ended`, in which one key leads to one row: the planner is to look for what has ended there, not
in the whole table.
"""
_WIDE = {
    *("connector_id", "enterprise_id", "role_id"),
    *("device_count", "object_type", "reach", "status", "type", "user_type"),
}
"""Columns of owned tables that distinguish little: a tenth of the rows has the same value."""


class _IndexColumn(NamedTuple):
    table: str
    index_name: str
    is_unique: int
    is_owned: int
    name: str


def write_statistics(connection: sa.Connection) -> None:
    """Write the rule's numbers into the file, for each index that it has by now. A connection reads them when it is
    opened.
    """
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # this makes the table sqlite_stat1
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    rows = connection.exec_driver_sql(
        """
        SELECT t.name, CASE WHEN t.wr = 1 AND i.origin = 'pk' THEN t.name ELSE i.name END AS index_name, i."unique",
               EXISTS (SELECT 1 FROM pragma_table_info(t.name) k WHERE k.name = 'tenant_id' AND k.pk = 1), c.name
        FROM pragma_table_list t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
        WHERE t.schema = 'main' AND t.type = 'table'
        ORDER BY t.name, index_name, c.seqno
        """
    )
    numbers = list(_numbers(_IndexColumn(*row) for row in rows))
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", numbers)


def _numbers(columns: Iterable[_IndexColumn]) -> Iterator[tuple[str, str, str]]:
    """For each index its table, its name, and how many rows it is said to have: in all, for one value of its first
    column, for one of its first two, and so on.
    """
    for (table, index), group in groupby(columns, lambda column: (column.table, column.index_name)):
        of_index = list(group)
        if index.endswith("_ended"):
            yield table, index, " ".join(map(str, (_ENDED, *(1 for _ in of_index))))
            continue
        rows = [_OWNED if of_index[0].is_owned else _REFERENCE]
        for column in of_index:
            rows.append(_left(rows[-1], column))
        if of_index[0].is_unique:
            rows[-1] = 1
        yield table, index, " ".join(map(str, rows))


def _left(rows: int, column: _IndexColumn) -> int:
    if column.is_owned and column.name == "tenant_id":
        return _OF_TENANT
    return max(rows // 10, _OF_KEY) if column.is_owned and column.name in _WIDE else _OF_KEY
