"""Names are compared, sorted and searched by one normal form (core/normal_form.py), where lower case was kept before.

And what of an imported file was not taken.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from tenantry.core.normal_form import name_key

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BATCH = 5_000


def upgrade() -> None:
    op.add_column("user_imports", sa.Column("ignored", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    for table in ("tenants", "connectors", "enterprises", "delegated_relationships"):
        op.add_column(table, sa.Column("name_key", sa.Text(), nullable=False, server_default=sa.text("''")))
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f'ALTER TABLE {table} ALTER COLUMN name_key TYPE TEXT COLLATE "C"')
    for table in ("tenants", "connectors", "enterprises"):
        _set_keys(table, ("id",), "name_key", "name")
    _set_keys("delegated_relationships", ("tenant_id", "id"), "name_key", "display_name")
    _set_keys("groups", ("tenant_id", "id"), "name_key", "name")
    _set_keys("users", ("tenant_id", "id"), "display_key", "display_name", _follow_in_groups)
    _set_keys("managed_accounts", ("tenant_id", "id"), "search_key", "COALESCE(account_identifier, primary_email, '')")
    _set_keys(
        "partner_customers",
        ("tenant_id", "customer_tenant_id"),
        "name_key",
        # A customer whose name the partner may not know stands in its list by its id.
        "CASE WHEN name_key = customer_tenant_id THEN customer_tenant_id "
        "ELSE (SELECT t.name FROM tenants t WHERE t.id = customer_tenant_id) END",
    )


def _set_keys(
    table: str,
    primary: Sequence[str],
    column: str,
    name: str,
    then: Callable[[Sequence[dict[str, Any]]], None] | None = None,
) -> None:
    """Compute the keys of all rows, some at a time, and write those that differ."""
    connection = op.get_bind()
    columns, params = ", ".join(primary), ", ".join(f":{part}" for part in primary)
    page = sa.text(
        f"SELECT {columns}, {name} AS name, {column} AS old FROM {table} "
        f"WHERE ({columns}) > ({params}) ORDER BY {columns} LIMIT {_BATCH}"
    )
    where = " AND ".join(f"{part} = :{part}" for part in primary)
    change = sa.text(f"UPDATE {table} SET {column} = :new WHERE {where}")
    after = dict.fromkeys(primary, "")
    while rows := connection.execute(page, after).mappings().all():
        changed = [
            {**{part: row[part] for part in primary}, "new": new}
            for row in rows
            if (new := name_key(row["name"] or "")) != row["old"]
        ]
        if changed:
            connection.execute(change, changed)
            if then is not None:
                then(changed)
        after = {part: rows[-1][part] for part in primary}


def _follow_in_groups(changed: Sequence[dict[str, Any]]) -> None:
    op.get_bind().execute(
        sa.text(
            "UPDATE group_members SET member_key = :new "
            "WHERE tenant_id = :tenant_id AND user_id = :id AND member_key IS NOT NULL"
        ),
        changed,
    )
