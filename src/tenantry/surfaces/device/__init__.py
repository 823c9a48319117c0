"""What a device policy client calls, without an account of its own: the token it brings is the permission."""

from tenantry.surfaces.device import provision
from tenantry.surfaces.device.coat import DEVICE

__all__ = ["DEVICE", "provision"]
