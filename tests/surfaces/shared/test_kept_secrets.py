"""What is left of an answer when it is kept: all but its secrets."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, Struct, UnsetType, field

from tenantry.core.hiding import hiding
from tenantry.surfaces.shared.kept_secrets import can_be_kept, with_sent_secrets, without_secrets


@hiding("secret")
class Key(Struct):
    name: str
    secret: str | UnsetType = UNSET


@hiding("tokens")
class Ring(Struct):
    keys: list[Key]
    first: Key | None = None
    named: dict[str, Key] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)


class Sent(Struct):
    first: Key | None = None


@hiding("secret")
class Bare(Struct):
    secret: str


class Around(Struct):
    inside: list[Bare | None]


def test_a_secret_is_left_out_at_every_depth_and_what_was_sent_is_shown_again() -> None:
    shown = Ring([Key("a", "s1")], Key("b", "s2"), {"c": Key("c", "s3")}, ["s4"])
    sent = Sent(Key("else", "s2"))
    kept = without_secrets(shown, sent)
    assert kept == Ring([Key("a")], Key("b", ""), {"c": Key("c")}, [])
    assert with_sent_secrets(kept, sent) == Ring([Key("a")], Key("b", "s2"), {"c": Key("c")}, [])
    assert shown.first == Key("b", "s2")


@pytest.mark.parametrize("sent", [None, Sent(), Sent(Key("b", "another")), Sent(Key("b"))])
def test_a_secret_that_the_client_did_not_send_is_not_shown_again(sent: Any) -> None:
    kept = without_secrets(Ring([], Key("b", "s2")), sent)
    assert with_sent_secrets(kept, Sent(Key("b", "s2"))) == Ring([], Key("b"))


def test_a_secret_that_was_sent_and_not_shown_is_not_shown_later() -> None:
    sent = Sent(Key("b", "s2"))
    assert with_sent_secrets(without_secrets(Ring([], Key("b")), sent), sent) == Ring([], Key("b"))


def test_nothing_is_nothing() -> None:
    assert with_sent_secrets(without_secrets(None, None), None) is None


def test_an_answer_that_cannot_be_without_its_secret_cannot_be_kept() -> None:
    assert can_be_kept(Ring)
    assert not can_be_kept(Bare)
    assert not can_be_kept(Around)
    assert not can_be_kept(bytes)
