"""Tenants to try things out with, and what to try. Made by the same functions as real ones; never for real data."""
