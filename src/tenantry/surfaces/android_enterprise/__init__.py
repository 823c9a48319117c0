"""Play EMM API (`androidenterprise` v1): works with Google's clients as they are. Contract: Play EMM."""

from tenantry.surfaces.android_enterprise.authentication_token import HOT

__all__ = ["HOT"]
