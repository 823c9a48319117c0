"""How fast a running server is, next to what the same stack could do at best. `make bench`; docs/performance.md."""
