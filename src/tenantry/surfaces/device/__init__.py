"""What a device policy client calls, without an account of its own: the token it brings is the permission."""

from tenantry.surfaces.device.provision import HOT

__all__ = ["HOT"]
