"""Secrets lead to their tenant, and whatever is not one leads nowhere."""

from __future__ import annotations

import re
import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.ids import TenantId, new_guid
from tenantry.tokens.secrets import GENERATIONS, SECRET_LENGTH, SecretHasher, SecretKind, tenant_of

TENANT = TenantId("0a1b2c3d-0000-4000-8000-fedcba987654")
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HASHER = SecretHasher({0: b"0" * 32})
SECRET = HASHER.mint(SecretKind.REFRESH_TOKEN, TENANT)


@pytest.mark.parametrize("kind", SecretKind)
def test_a_secret_leads_to_its_tenant(kind: SecretKind) -> None:
    tenant_id = TenantId(new_guid())
    secret = HASHER.mint(kind, tenant_id)
    assert tenant_of(secret, kind) == tenant_id
    assert re.fullmatch(rf"tny_{kind}_[A-Za-z0-9]{{22}}_[A-Za-z0-9]{{43}}_[A-Za-z0-9]{{6}}", secret)


@given(st.uuids())
def test_every_tenant_comes_back(tenant_id: object) -> None:
    assert tenant_of(HASHER.mint(SecretKind.DEVICE_TOKEN, TenantId(str(tenant_id))), SecretKind.DEVICE_TOKEN) == str(
        tenant_id
    )


def test_no_character_of_a_secret_is_favoured() -> None:
    drawn = Counter("".join(HASHER.mint(SecretKind.REFRESH_TOKEN, TENANT)[30:73] for _ in range(5_000)))
    expected = 5_000 * 43 / 62
    assert len(drawn) == 62
    # Nine standard deviations; taking all bytes modulo 62 would favour eight characters by a fifth, which is eleven.
    assert all(abs(count - expected) < 9 * expected**0.5 for count in drawn.values())


def test_a_secret_of_another_kind_is_not_taken() -> None:
    assert tenant_of(SECRET, SecretKind.CONNECTOR_SECRET) is None
    relabelled = SECRET.replace("tny_rt_", "tny_cs_")
    assert tenant_of(relabelled, SecretKind.CONNECTOR_SECRET) is None


@given(st.integers(0, SECRET_LENGTH - 1), st.characters())
def test_one_wrong_character_is_found_without_asking_anybody(place: int, character: str) -> None:
    altered = SECRET[:place] + character + SECRET[place + 1 :]
    assert (tenant_of(altered, SecretKind.REFRESH_TOKEN) is None) == (altered != SECRET)


@given(st.integers(0, SECRET_LENGTH - 1))
def test_a_truncated_secret_is_refused(length: int) -> None:
    assert tenant_of(SECRET[:length], SecretKind.REFRESH_TOKEN) is None


@pytest.mark.parametrize(
    "raw",
    ["", "x", SECRET + "0", " " + SECRET, SECRET + "\n", "ü" * SECRET_LENGTH, "\ud800" * 80],
    ids=["nothing", "a letter", "longer", "space before", "line end", "not ASCII", "surrogates"],
)
def test_garbage_is_refused(raw: str) -> None:
    assert tenant_of(raw, SecretKind.REFRESH_TOKEN) is None


def test_a_hash_needs_the_pepper_and_takes_any_text() -> None:
    one, other = SecretHasher({0: b"1" * 32}), SecretHasher({0: b"2" * 32})
    assert one.hash(SECRET) == one.hash(SECRET)
    assert one.hash(SECRET) != other.hash(SECRET)
    assert len(one.hash("\ud800")) == 32


BOTH = SecretHasher({0: b"0" * 32, 1: b"1" * 32})


@given(st.integers(0, GENERATIONS - 1), st.integers(0, GENERATIONS - 1))
def test_a_secret_says_of_which_generation_it_is_and_is_found_under_no_other(one: int, other: int) -> None:
    peppers = {number: bytes([number]) * 32 for number in (one, other)}
    secret = SecretHasher({one: peppers[one]}).mint(SecretKind.SESSION, TENANT)
    assert tenant_of(secret, SecretKind.SESSION) == TENANT
    assert SecretHasher(peppers).hash(secret) == SecretHasher({one: peppers[one]}).hash(secret)
    alone = SecretHasher({other: peppers[other]})
    assert (alone.hash(secret) == SecretHasher(peppers).hash(secret)) == (one == other)


def test_what_was_made_before_there_were_generations_is_of_the_first() -> None:
    body = SECRET[: SECRET_LENGTH - 7]
    assert BOTH.hash(SECRET) == HASHER.hash(SECRET)
    crc, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        digits = ALPHABET[digit] + digits
    assert f"{body}_{digits}" == SECRET


def test_new_secrets_are_of_the_newest_generation() -> None:
    secret = BOTH.mint(SecretKind.SESSION, TENANT)
    assert BOTH.hash(secret) == SecretHasher({1: b"1" * 32}).hash(secret)


@given(st.integers(0, SECRET_LENGTH - 1), st.characters())
def test_one_wrong_character_makes_no_secret_of_another_generation(place: int, character: str) -> None:
    secret = BOTH.mint(SecretKind.REFRESH_TOKEN, TENANT)
    altered = secret[:place] + character + secret[place + 1 :]
    assert (tenant_of(altered, SecretKind.REFRESH_TOKEN) is None) == (altered != secret)


def test_a_code_that_says_of_no_generation_is_hashed_under_each_the_newest_first() -> None:
    one, other = HASHER.hash("recovery x"), SecretHasher({1: b"1" * 32}).hash("recovery x")
    assert BOTH.hashes("recovery x") == [other, one]
    assert BOTH.hash("recovery x") == other
    assert HASHER.hashes("recovery x") == [one]


def test_what_is_derived_from_a_secret_stays_the_same_under_a_newer_pepper() -> None:
    assert BOTH.derive(SECRET, "nonce") == HASHER.derive(SECRET, "nonce")
    assert BOTH.derive(SECRET, "nonce") != BOTH.derive(SECRET, "verifier")


@given(st.text(max_size=SECRET_LENGTH + 2))
def test_any_text_is_hashed(text: str) -> None:
    for raw in (text, "tny_" + text, SECRET[: -len(text) or None] + text):
        assert len(BOTH.hash(raw)) == 32
