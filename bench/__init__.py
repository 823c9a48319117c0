"""Measures how fast a running server is, beside what the same stack could do at best: `make bench`,
docs/performance.md.
"""
