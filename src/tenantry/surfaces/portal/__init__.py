"""The portal: server-rendered pages at `/`, for people. Works without script; nothing comes from another host."""

from __future__ import annotations

from tenantry.surfaces.shared.hot import HotRoute

HOT: list[HotRoute] = []
