"""Play EMM API (`androidenterprise` v1): enterprises, users, devices. Contract: Play EMM."""

from tenantry.surfaces.android_enterprise.authentication_token import HOT

__all__ = ["HOT"]
