"""The first page, who reaches what, what a leak would open."""
