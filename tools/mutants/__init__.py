"""Faults put into the code on purpose: does a test notice? `python -m tools.mutants`, or `make mutants`."""
