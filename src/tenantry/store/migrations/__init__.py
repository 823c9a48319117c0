"""Alembic migrations. `HEAD` is known here without loading Alembic: a normal start compares one row with it."""

HEAD = "r0001"
"""The newest revision; a test compares it with `versions/`."""

FIRST = "r0001"
"""All tables of the first release, in one migration."""

BEFORE_RELEASE = "0025"
"""Where the builds before the first release ended. Its tables are those of FIRST, so it is FIRST by another name."""


def is_newer(revision: str | None) -> bool:
    """Whether a later version of Tenantry made it: there is no way back from it."""
    return revision is not None and revision.startswith("r") and revision > HEAD


def is_too_old(revision: str | None) -> bool:
    """Whether an earlier build than the last before the first release made it: this version cannot change it."""
    return revision is not None and not revision.startswith("r") and revision != BEFORE_RELEASE


def advice(revision: str | None) -> str:
    """Where a database stands that is not at HEAD, and what to do about it."""
    stands = f"The database schema is at {revision or 'no revision'}, this version needs {HEAD}. "
    if is_newer(revision):
        return stands + "A later version made it: start that one, or restore the backup made before the update."
    if is_too_old(revision):
        return stands + (
            f"A build before the first release made it. Run `tenantry db upgrade` of the last such build first, which "
            f"leads to {BEFORE_RELEASE}, then that of this version."
        )
    return stands + "Run `tenantry db upgrade`, then start again."
