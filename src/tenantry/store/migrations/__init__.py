"""Alembic migrations. `HEAD` is known here without loading Alembic: a normal start compares one row with it."""

HEAD = "0025"
"""The newest revision; a test compares it with `versions/`."""


def is_newer(revision: str | None) -> bool:
    """Whether a later version of Tenantry made it: there is no way back from it."""
    return revision is not None and revision.isdigit() and int(revision) > int(HEAD)


def advice(revision: str | None) -> str:
    """Where a database stands that is not at HEAD, and what to do about it."""
    stands = f"The database schema is at {revision or 'no revision'}, this version needs {HEAD}. "
    if is_newer(revision):
        return stands + "A later version made it: start that one, or restore the backup made before the update."
    return stands + "Run `tenantry db upgrade`, then start again."
