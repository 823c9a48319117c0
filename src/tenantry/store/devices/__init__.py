"""Enterprises, managed accounts and devices."""
