"""Secrets lead to their tenant, and whatever is not one leads nowhere."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core.ids import TenantId, new_guid
from tenantry.tokens.secrets import SECRET_LENGTH, SecretHasher, SecretKind, mint_secret, tenant_of

TENANT = TenantId("0a1b2c3d-0000-4000-8000-fedcba987654")
SECRET = mint_secret(SecretKind.REFRESH_TOKEN, TENANT)


@pytest.mark.parametrize("kind", SecretKind)
def test_a_secret_leads_to_its_tenant(kind: SecretKind) -> None:
    tenant_id = TenantId(new_guid())
    secret = mint_secret(kind, tenant_id)
    assert tenant_of(secret, kind) == tenant_id
    assert re.fullmatch(rf"tny_{kind}_[A-Za-z0-9]{{22}}_[A-Za-z0-9]{{43}}_[A-Za-z0-9]{{6}}", secret)


@given(st.uuids())
def test_every_tenant_comes_back(tenant_id: object) -> None:
    assert tenant_of(mint_secret(SecretKind.DEVICE_TOKEN, TenantId(str(tenant_id))), SecretKind.DEVICE_TOKEN) == str(
        tenant_id
    )


def test_no_character_of_a_secret_is_favoured() -> None:
    drawn = Counter("".join(mint_secret(SecretKind.REFRESH_TOKEN, TENANT)[30:73] for _ in range(5_000)))
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
    one, other = SecretHasher(b"1" * 32), SecretHasher(b"2" * 32)
    assert one.hash(SECRET) == one.hash(SECRET)
    assert one.hash(SECRET) != other.hash(SECRET)
    assert len(one.hash("\ud800")) == 32
