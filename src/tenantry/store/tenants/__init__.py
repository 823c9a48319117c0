"""Tenants, their domains and policies."""
