"""Tenantry: a self-hosted identity control plane for organisations that run other organisations' accounts."""

__version__ = "0.1.0"
