"""Tables that the hot paths look into by their key: one B-tree each on SQLite, instead of an index and a table."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("tenants", "connectors", "connector_secrets", "enterprises", "users", "grants", "managed_accounts", "devices")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for table in TABLES:
            _rebuild(connection, table)


def _rebuild(connection: sa.Connection, table: str) -> None:
    """Foreign keys name the table, and are off in a migration: they find the new one."""
    (definition,) = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    ).one()
    indexes = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY rowid",
        (table,),
    ).all()
    key = connection.exec_driver_sql(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)
    ).scalars()
    new = definition.rstrip().replace(f"CREATE TABLE {table} ", f"CREATE TABLE new_{table} ", 1)
    connection.exec_driver_sql(f"{new} WITHOUT ROWID")
    connection.exec_driver_sql(f"INSERT INTO new_{table} SELECT * FROM {table} ORDER BY {', '.join(key)}")
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE new_{table} RENAME TO {table}")
    for (index,) in indexes:
        connection.exec_driver_sql(index)
