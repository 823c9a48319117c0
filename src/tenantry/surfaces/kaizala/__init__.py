"""The Kaizala surface: what `app.py` takes from it before the first request. The rest is in `surface.py`."""

from tenantry.surfaces.kaizala.access_token import HOT

__all__ = ["HOT"]
