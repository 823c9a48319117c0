"""The portal: server-rendered pages at `/`, for people. Works without script; nothing comes from another host."""

from tenantry.surfaces.portal.surface import HOT, surface

__all__ = ["HOT", "surface"]
