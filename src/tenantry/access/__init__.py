"""Deciding is one place: who may do what in which tenant, and the facts that led to it."""
