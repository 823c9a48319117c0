"""Relationships between partners and customers."""
