"""The portal of `tests/portal`, for what must not be done with it."""

from __future__ import annotations

from tests.portal.conftest import portal, sqlite_portal

__all__ = ["portal", "sqlite_portal"]
