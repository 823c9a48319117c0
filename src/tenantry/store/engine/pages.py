"""What statements share that list rows by key, a page at a time."""

Position = tuple[str, str]
"""(key, id) of the last row of a page, after which the next one begins."""


def beyond(prefix: str) -> str:
    """What sorts after every key that begins with `prefix`."""
    return prefix + "\U0010ffff"
