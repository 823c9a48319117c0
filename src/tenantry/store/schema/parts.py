"""What tables are made of: their two kinds, their columns and indexes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy import text as sql

metadata = MetaData()


def reference(name: str, *items: Any, **options: Any) -> None:
    """Define a small global table, which every node has a copy of."""
    Table(name, metadata, *items, info={"kind": "reference"}, **options)


def owned(name: str, *items: Any, key: tuple[str, ...], tenant_known: bool = True, **options: Any) -> None:
    """Define a table of tenants, whose primary key begins with `tenant_id`. `tenant_known=False` leaves out the foreign
    key to the tenant.
    """
    tenant = ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{name}_tenant")
    Table(
        name,
        metadata,
        Column("tenant_id", Text, nullable=False),
        *items,
        PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"),
        *([tenant] if tenant_known else []),
        info={"kind": "owned"},
        **options,
    )


def child_of(parent: str, column: str, *, name: str, ondelete: str | None = "CASCADE") -> ForeignKeyConstraint:
    """A foreign key: `column` is the id of a row of the same tenant in `parent`."""
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{parent}.tenant_id", f"{parent}.id"], name=name, ondelete=ondelete
    )


def of_user(table: str) -> ForeignKeyConstraint:
    return child_of("users", "user_id", name=f"fk_{table}_user")


def index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> Index:
    """An index; with `where`, of some rows only."""
    some = None if where is None else sql(where)
    return Index(name, *columns, unique=unique, sqlite_where=some, postgresql_where=some)


def text(name: str, *items: Any, default: str | None = None, **options: Any) -> Column[Any]:
    return _column(name, Text, *items, default=default, **options)


def maybe_text(name: str, *items: Any) -> Column[Any]:
    return _column(name, Text, *items, nullable=True)


def time(name: str) -> Column[Any]:
    return _column(name, BigInteger)


def maybe_time(name: str) -> Column[Any]:
    return _column(name, BigInteger, nullable=True)


def number(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    return _column(name, BigInteger, nullable=nullable, default=default)


def small(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    return _column(name, SmallInteger, nullable=nullable, default=default)


def flag(name: str) -> Column[Any]:
    return _column(name, SmallInteger, default="0")


def blob(name: str, *, nullable: bool = False) -> Column[Any]:
    return _column(name, LargeBinary, nullable=nullable)


def digest(name: str) -> Column[Any]:
    """A column for the 32 bytes of a keyed hash."""
    return _column(name, LargeBinary)


def _column(
    name: str, kind: Any, *items: Any, nullable: bool = False, default: str | None = None, **options: Any
) -> Column[Any]:
    """A column. `default` is SQL."""
    server_default = None if default is None else sql(default)
    return Column(name, kind, *items, nullable=nullable, server_default=server_default, **options)
