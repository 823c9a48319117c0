"""Identifiers: what is drawn and written many at once is as random and as well-formed as what is made one by one."""

from __future__ import annotations

import os
import uuid

from tenantry.core.ids import new_guid, parse_guid

MANY = 2_000
"""More than are drawn at once."""


def test_a_guid_is_of_version_4_in_canonical_form_and_comes_once() -> None:
    made = [new_guid() for _ in range(MANY)]
    assert len(set(made)) == MANY
    for guid in made:
        read = uuid.UUID(guid)
        assert (read.version, read.variant, str(read)) == (4, uuid.RFC_4122, guid)
        assert parse_guid(guid) == guid


def test_every_digit_that_is_free_takes_every_value() -> None:
    made = [new_guid() for _ in range(MANY)]
    free = [place for place in range(36) if place not in (8, 13, 14, 18, 19, 23)]
    assert all({guid[place] for guid in made} == set("0123456789abcdef") for place in free)
    assert {guid[19] for guid in made} == set("89ab")


def test_no_two_places_hold_the_same_digit_of_what_was_drawn() -> None:
    """One digit in two places would be equal in all of them; by chance two are in about one of sixteen."""
    made = [new_guid().replace("-", "") for _ in range(MANY)]
    for one in range(32):
        for other in range(one):
            assert sum(guid[one] == guid[other] for guid in made) < MANY / 2


def test_a_child_draws_its_own() -> None:
    new_guid()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(new_guid() for _ in range(10)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    drawn = set(os.read(reading, 4_096).decode().split())
    os.close(reading)
    os.close(writing)
    assert len(drawn) == 10
    assert drawn.isdisjoint({new_guid() for _ in range(MANY)})
