"""The Play EMM API (`androidenterprise` v1): enterprises, users, devices. Source: Play EMM contract §1."""

from tenantry.surfaces.android_enterprise import batch, devices, discovery, enterprises, users
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM

__all__ = ["PLAY_EMM", "batch", "devices", "discovery", "enterprises", "users"]
