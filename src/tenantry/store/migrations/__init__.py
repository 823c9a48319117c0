"""Alembic migrations. `HEAD` is known here without loading Alembic: a normal start compares one row with it."""

HEAD = "r0003"
"""The newest revision; a test compares it with `versions/`."""

FIRST = "r0001"
"""All tables of the first release, in one migration."""

BEFORE_RELEASE = "0025"
"""The last revision of the builds before the first release. Its tables are those of FIRST, so it is another
name of it.
"""


def is_newer(revision: str | None) -> bool:
    """Whether a later version of Tenantry made this revision. Tables cannot be changed back."""
    return revision is not None and revision.startswith("r") and revision > HEAD


def is_too_old(revision: str | None) -> bool:
    """Whether an earlier build than the last one before the first release made this revision, which this version cannot
    change.
    """
    return revision is not None and not revision.startswith("r") and revision != BEFORE_RELEASE


def advice(revision: str | None) -> str:
    """What to do about a database that is not at HEAD."""
    stands = f"The database schema is at {revision or 'no revision'}, this version needs {HEAD}. "
    if is_newer(revision):
        return stands + "A later version made it: start that one, or restore the backup made before the update."
    if is_too_old(revision):
        return stands + (
            f"A build before the first release made it. Run `tenantry db upgrade` of the last such build first, which "
            f"leads to {BEFORE_RELEASE}, then that of this version."
        )
    return stands + "Run `tenantry db upgrade`, then start again."
