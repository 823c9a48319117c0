"""Connectors and their secrets: shown once, two at most, gone when deleted."""

from __future__ import annotations

import asyncio
import json

import pytest

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import (
    activate_connector,
    deactivate_connector,
    delete_connector,
    get_connector,
    list_connectors,
    register_connector,
)
from tenantry.connectors.secrets import MOST_LIVE, add_secret, end_secret, list_secrets
from tenantry.core.clock import DAY
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_events
from tenantry.tokens.secrets import SecretKind, tenant_of
from tests.support.builders import HASHER, OPERATOR, a_connector, a_tenant
from tests.support.clock import NOON


async def test_a_secret_leads_to_its_tenant_and_is_nowhere_in_clear(store: Store) -> None:
    tenant = await a_tenant(store)
    async with store.write() as tx:
        new = await register_connector(
            tx, OPERATOR, HASHER, tenant_id=tenant.id, name="Sync", permissions=[Permission.GROUP_MEMBERS], now=NOON
        )
    assert new.client_secret is not None
    assert tenant_of(new.client_secret, SecretKind.CONNECTOR_SECRET) == tenant.id
    assert new.client_secret not in repr(new)
    async with store.read() as read:
        secrets = await list_secrets(read, OPERATOR, tenant.id, new.connector_id, NOON)
        stored = await read.all(bytes, "SELECT secret_hash FROM connector_secrets")
        trail = await audit_events.list_after(read, tenant.id, "", 10)
    assert [secret.hint for secret in secrets] == [new.client_secret[-4:]]
    assert stored == [HASHER.hash(new.client_secret)]
    assert {event.type for event in trail} >= {"connector.registered", "connector.secret_added"}
    assert not any(new.client_secret in event.data for event in trail)


async def test_however_many_ask_at_once_two_secrets_live(store: Store) -> None:
    tenant = await a_tenant(store)
    new = await a_connector(store, tenant)

    async def one_more() -> None:
        async with store.write() as tx:
            await add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, now=NOON)

    outcomes = await asyncio.gather(*(one_more() for _ in range(8)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, FailedPrecondition) for outcome in outcomes) == 7
    async with store.read() as read:
        assert len(await list_secrets(read, OPERATOR, tenant.id, new.id, NOON)) == MOST_LIVE


async def test_an_ended_or_expired_secret_makes_room_for_another(store: Store) -> None:
    tenant = await a_tenant(store)
    new = await a_connector(store, tenant)
    async with store.write() as tx:
        [first] = await list_secrets(tx, OPERATOR, tenant.id, new.id, NOON)
        await add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, expires_at=NOON + DAY, now=NOON)
        await end_secret(tx, OPERATOR, tenant.id, new.id, first.id, NOON)
        with pytest.raises(NotFound):
            await end_secret(tx, OPERATOR, tenant.id, new.id, first.id, NOON)
        await add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, now=NOON)
        with pytest.raises(FailedPrecondition):
            await add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, now=NOON)
        await add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, now=NOON + DAY)


async def test_a_connector_is_switched_off_and_on_once_each(store: Store) -> None:
    tenant = await a_tenant(store)
    new = await a_connector(store, tenant)
    async with store.write() as tx:
        await deactivate_connector(tx, OPERATOR, tenant.id, new.id, NOON)
        assert (await get_connector(tx, OPERATOR, tenant.id, new.id, NOON)).deactivated_at == NOON
        with pytest.raises(FailedPrecondition):
            await deactivate_connector(tx, OPERATOR, tenant.id, new.id, NOON)
        await activate_connector(tx, OPERATOR, tenant.id, new.id, NOON)
        assert (await get_connector(tx, OPERATOR, tenant.id, new.id, NOON)).deactivated_at is None
        with pytest.raises(FailedPrecondition):
            await activate_connector(tx, OPERATOR, tenant.id, new.id, NOON)


async def test_a_deleted_connector_is_absent_for_everything(store: Store) -> None:
    tenant = await a_tenant(store)
    new = await a_connector(store, tenant)
    async with store.write() as tx:
        await delete_connector(tx, OPERATOR, tenant.id, new.id, NOON)
        for attempt in (
            delete_connector(tx, OPERATOR, tenant.id, new.id, NOON),
            activate_connector(tx, OPERATOR, tenant.id, new.id, NOON),
            deactivate_connector(tx, OPERATOR, tenant.id, new.id, NOON),
            add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, now=NOON),
        ):
            with pytest.raises(NotFound):
                await attempt
        assert await list_connectors(tx, OPERATOR, tenant.id, limit=10, now=NOON) == []


async def test_another_tenants_connector_is_absent_and_stays_as_it_is(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    new = await a_connector(store, tenant)
    async with store.write() as tx:
        [secret] = await list_secrets(tx, OPERATOR, tenant.id, new.id, NOON)
        for attempt in (
            get_connector(tx, OPERATOR, other.id, new.id, NOON),
            delete_connector(tx, OPERATOR, other.id, new.id, NOON),
            deactivate_connector(tx, OPERATOR, other.id, new.id, NOON),
            end_secret(tx, OPERATOR, other.id, new.id, secret.id, NOON),
            add_secret(tx, OPERATOR, HASHER, other.id, new.id, now=NOON),
            list_secrets(tx, OPERATOR, other.id, new.id, NOON),
        ):
            with pytest.raises(NotFound):
                await attempt
        connector = await get_connector(tx, OPERATOR, tenant.id, new.id, NOON)
        assert (connector.deactivated_at, connector.deleted_at) == (None, None)
        trail = await audit_events.list_after(tx, other.id, "", 10)
        assert {event.type for event in trail} == {"tenant.created", "domain.added"}


async def test_a_public_connector_has_no_secret_and_gets_none(store: Store) -> None:
    tenant = await a_tenant(store)
    new = await a_connector(store, tenant, kind="public")
    assert new.secret == ""
    async with store.write() as tx:
        with pytest.raises(FailedPrecondition):
            await add_secret(tx, OPERATOR, HASHER, tenant.id, new.id, now=NOON)


async def test_pages_of_connectors_follow_one_another(store: Store) -> None:
    tenant = await a_tenant(store)
    made = sorted([(await a_connector(store, tenant)).id for _ in range(5)])
    async with store.read() as read:
        first = [connector.id for connector in await list_connectors(read, OPERATOR, tenant.id, limit=3, now=NOON)]
        after = first[-1]
        rest = [row.id for row in await list_connectors(read, OPERATOR, tenant.id, after=after, limit=3, now=NOON)]
    assert first + rest == made


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"description": "x" * 2049}, "description"),
        ({"redirect_uris": ["/relative"]}, "redirect_uris"),
        ({"redirect_uris": ["http://contoso.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example/back#part"]}, "redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example/b\u00e4ck"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example/a b"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example/" + "x" * 2025]}, "redirect_uris"),
        ({"redirect_uris": ["https:///back"]}, "redirect_uris"),
        ({"redirect_uris": ["ftp://localhost/back"]}, "redirect_uris"),
        ({"redirect_uris": ["http://localhost.example/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://[::1/back"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example@evil.example/"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example:x@evil.example/"]}, "redirect_uris"),
        ({"redirect_uris": ["https://evil.example\\@contoso.example/"]}, "redirect_uris"),
        ({"redirect_uris": ["com.example.app://contoso.example@evil.example/"]}, "redirect_uris"),
        ({"redirect_uris": ["https://contoso.example:99999/"]}, "redirect_uris"),
    ],
)
async def test_what_a_connector_may_not_be_is_refused_by_name(
    store: Store, values: dict[str, object], field: str
) -> None:
    tenant = await a_tenant(store)
    good: dict[str, object] = {"name": "Sync", "permissions": [Permission.GROUP_INFORMATION]}
    async with store.write() as tx:
        with pytest.raises(InvalidValue) as caught:
            await register_connector(
                tx,
                OPERATOR,
                HASHER,
                tenant_id=tenant.id,
                now=NOON,
                **{**good, **values},  # type: ignore[arg-type]
            )
    assert caught.value.field == field


async def test_an_app_is_sent_back_to_https_to_this_machine_or_to_itself(store: Store) -> None:
    tenant = await a_tenant(store)
    uris = ["https://a.example/back?x=1", "http://localhost:8080/cb", "http://127.0.0.1/cb", "com.example.app:/cb"]
    new = await a_connector(store, tenant, name="x" * 128, redirect_uris=uris)
    async with store.read() as read:
        connector = await get_connector(read, OPERATOR, tenant.id, new.id, NOON)
    assert (json.loads(connector.redirect_uris), len(connector.name)) == (uris, 128)


async def test_a_connector_needs_a_live_tenant(store: Store) -> None:
    async with store.write() as tx:
        with pytest.raises(NotFound):
            await register_connector(
                tx,
                OPERATOR,
                HASHER,
                tenant_id=TenantId("00000000-0000-0000-0000-000000000009"),
                name="Sync",
                permissions=[],
                now=NOON,
            )
