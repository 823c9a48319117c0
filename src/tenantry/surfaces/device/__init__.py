"""The device side: what a device policy client calls, which has no account of its own. The token that it brings is the
permission.
"""

from tenantry.surfaces.device import provision
from tenantry.surfaces.device.coat import DEVICE

__all__ = ["DEVICE", "provision"]
