"""The first page, the map of who can reach what, and the pages on what a leak would open."""
