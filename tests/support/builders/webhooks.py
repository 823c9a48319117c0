"""Webhooks."""

from __future__ import annotations

from collections.abc import Collection

from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId
from tenantry.outbox.changes import EventType
from tenantry.outbox.handshake import ProvenUrl
from tenantry.outbox.webhooks import ObjectType, Subject, Wishes, register_webhook
from tenantry.store.engine.interface import Store
from tests.support.builders.directory import SomeTenant
from tests.support.builders.stage import KEY, OPERATOR
from tests.support.clock import NOON


async def a_webhook(
    store: Store,
    tenant: SomeTenant,
    group_id: GroupId | None,
    callback_url: str = "https://receiver.example/hook",
    *,
    event_types: Collection[str] = tuple(EventType),
    by: Caller = OPERATOR,
    now: Micros = NOON,
) -> str:
    """The id of a webhook of the group, or of the organisation; its token is `callback-token`."""
    of_group, of_tenant = ObjectType.GROUP, ObjectType.TENANT
    subject = Subject(of_tenant, tenant.id) if group_id is None else Subject(of_group, group_id)
    wishes = Wishes(event_types=event_types, callback_token="callback-token")
    async with store.write() as tx:
        return await register_webhook(tx, KEY, by, tenant.id, subject, ProvenUrl(callback_url), wishes, now)
