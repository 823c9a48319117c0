"""The `user_imports` and `user_import_rows` tables: users that come from a file, some rows at a time.

A row of the file is deleted when it has become a user. What is left at the end are the rows that failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx


class UserImport(NamedTuple):
    """One file. The number of a row is its line in the file; the rows before `next_row` have been tried.

    `ignored` is a JSON list of the headings, as the file has them, of columns that were not read.
    """

    id: str
    file_name: str
    created_by: str
    created_at: int
    total: int
    next_row: int
    created: int
    failed: int
    ignored: str


class ImportRow(NamedTuple):
    """One line of the file. `data` is a JSON object of texts; `error` says why it became no user."""

    number: int
    data: str
    error: str | None


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    import_id: str,
    *,
    file_name: str,
    created_by: str,
    rows: Sequence[tuple[int, str, str | None]],
    ignored: Sequence[str],
    now: Micros,
) -> None:
    """Keep a file: its rows as (number, JSON, what is wrong with the row already)."""
    await tx.run(
        """
        INSERT INTO user_imports (tenant_id, id, file_name, created_by, created_at, total, next_row, created,
                                  failed, ignored)
        VALUES (:tenant_id, :id, :file_name, :created_by, :now, :total, 2, 0, :failed, :ignored)
        """,
        tenant_id=tenant_id,
        id=import_id,
        file_name=file_name,
        created_by=created_by,
        now=now,
        total=len(rows),
        failed=sum(error is not None for _, _, error in rows),
        ignored=json.dumps(list(ignored)),
    )
    values: list[Mapping[str, str | int | None]] = [
        {"tenant_id": tenant_id, "import_id": import_id, "number": number, "data": data, "error": error}
        for number, data, error in rows
    ]
    await tx.run_many(
        """
        INSERT INTO user_import_rows (tenant_id, import_id, number, data, error)
        VALUES (:tenant_id, :import_id, :number, :data, :error)
        """,
        values,
    )


async def find(read: Read, tenant_id: TenantId, import_id: str) -> UserImport | None:
    """A file of this tenant; None when there is none."""
    return await read.one_or_none(
        UserImport,
        """
        SELECT id, file_name, created_by, created_at, total, next_row, created, failed, ignored
        FROM user_imports WHERE tenant_id = :tenant_id AND id = :id
        """,
        tenant_id=tenant_id,
        id=import_id,
    )


async def claim_rows(tx: Tx, tenant_id: TenantId, import_id: str, *, from_row: int, to_row: int) -> bool:
    """Let the caller alone try the rows from `from_row` until before `to_row`. Answers False when another caller has
    them.
    """
    changed = await tx.run(
        """
        UPDATE user_imports SET next_row = :to_row
        WHERE tenant_id = :tenant_id AND id = :id AND next_row = :from_row
        """,
        tenant_id=tenant_id,
        id=import_id,
        from_row=from_row,
        to_row=to_row,
    )
    return changed == 1


async def list_rows(read: Read, tenant_id: TenantId, import_id: str, *, from_row: int, limit: int) -> list[ImportRow]:
    """At most `limit` rows from `from_row` on, in order."""
    return await read.all(
        ImportRow,
        """
        SELECT number, data, error FROM user_import_rows
        WHERE tenant_id = :tenant_id AND import_id = :import_id AND number >= :from_row
        ORDER BY number LIMIT :limit
        """,
        tenant_id=tenant_id,
        import_id=import_id,
        from_row=from_row,
        limit=limit,
    )


async def list_failed(read: Read, tenant_id: TenantId, import_id: str, *, after: int, limit: int) -> list[ImportRow]:
    """At most `limit` rows with an error, after the row `after`."""
    return await read.all(
        ImportRow,
        """
        SELECT number, data, error FROM user_import_rows
        WHERE tenant_id = :tenant_id AND import_id = :import_id AND number > :after AND error IS NOT NULL
        ORDER BY number LIMIT :limit
        """,
        tenant_id=tenant_id,
        import_id=import_id,
        after=after,
        limit=limit,
    )


async def settle(
    tx: Tx, tenant_id: TenantId, import_id: str, *, created: Sequence[int], failed: Sequence[tuple[int, str, str]]
) -> None:
    """Delete the rows that became users. Of the others keep (number, data, error), so that they can be put right."""
    await tx.run_many(
        """
        DELETE FROM user_import_rows
        WHERE tenant_id = :tenant_id AND import_id = :import_id AND number = :number
        """,
        [{"tenant_id": tenant_id, "import_id": import_id, "number": number} for number in created],
    )
    await tx.run_many(
        """
        UPDATE user_import_rows SET data = :data, error = :error
        WHERE tenant_id = :tenant_id AND import_id = :import_id AND number = :number
        """,
        [
            {"tenant_id": tenant_id, "import_id": import_id, "number": number, "data": data, "error": error}
            for number, data, error in failed
        ],
    )
    await tx.run(
        """
        UPDATE user_imports SET created = created + :created, failed = failed + :failed
        WHERE tenant_id = :tenant_id AND id = :id
        """,
        tenant_id=tenant_id,
        id=import_id,
        created=len(created),
        failed=len(failed),
    )
