"""The Kaizala surface: what `app.py` takes from it."""

from tenantry.surfaces.kaizala.surface import HOT, surface

__all__ = ["HOT", "surface"]
