"""A receiver, and a tenant with a group that has a webhook to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any

import pytest

from tenantry.core.clock import Micros
from tenantry.core.http import OutgoingHttp
from tenantry.core.ids import GroupId
from tenantry.directory.members import Newcomers, add_members, remove_member
from tenantry.outbox.changes import EventType
from tenantry.outbox.deliveries import deliver_next
from tenantry.outbox.handshake import ProvenUrl
from tenantry.outbox.webhooks import ObjectType, Subject, Wishes, register_webhook
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import webhook_deliveries, webhooks
from tenantry.store.outbox.webhook_deliveries import Delivery
from tenantry.store.outbox.webhooks import Webhook
from tenantry.tokens.keys.master_key import MasterKey
from tests.support.app import MASTER_KEY
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_group, a_tenant, a_user, as_user
from tests.support.clock import FakeClock
from tests.support.receiver import Receiver, a_receiver
from tests.support.trail import types_of

KEY = MasterKey.from_base64(MASTER_KEY)


@dataclass
class Outbox:
    """`anna` is admin of `group`, `bob` in nothing."""

    store: Store
    receiver: Receiver
    tenant: SomeTenant
    anna: SomeUser
    bob: SomeUser
    group: GroupId
    clock: FakeClock = field(default_factory=FakeClock)
    http: OutgoingHttp = field(default_factory=lambda: OutgoingHttp(allow_private=True))

    async def register(
        self,
        event_types: Collection[str] = tuple(EventType),
        *,
        of_tenant: bool = False,
        group: GroupId | None = None,
        expires_at: Micros | None = None,
        url: str | None = None,
        **wishes: Any,
    ) -> str:
        subject = Subject(ObjectType.GROUP, group or self.group)
        if of_tenant:
            subject = Subject(ObjectType.TENANT, self.tenant.id)
        async with self.store.write() as tx:
            return await register_webhook(
                tx,
                KEY,
                OPERATOR,
                self.tenant.id,
                subject,
                ProvenUrl(url or self.receiver.url),
                Wishes(event_types=event_types, expires_at=expires_at, **wishes),
                self.clock(),
            )

    async def add(self, *users: SomeUser, group: GroupId | None = None) -> None:
        async with self.store.write() as tx:
            newcomers = Newcomers(user_ids=tuple(user.id for user in users))
            await add_members(tx, as_user(self.anna), self.tenant.id, group or self.group, newcomers, self.clock())

    async def remove(self, user: SomeUser) -> None:
        async with self.store.write() as tx:
            await remove_member(tx, as_user(self.anna), self.tenant.id, self.group, user.id, self.clock())

    async def deliver(self, webhook_id: str) -> bool:
        return await deliver_next(self.store, self.http, KEY, self.tenant.id, webhook_id, self.clock)

    async def waiting(self, webhook_id: str) -> list[Delivery]:
        """Everything in the outbox of the webhook, oldest first."""
        async with self.store.read() as read:
            found = await webhook_deliveries.list_latest(read, self.tenant.id, webhook_id, before="", limit=1000)
        return found[::-1]

    async def webhook(self, webhook_id: str) -> Webhook:
        async with self.store.read() as read:
            found = await webhooks.find(read, self.tenant.id, webhook_id)
        assert found is not None
        return found

    async def trail(self) -> list[str]:
        return await types_of(self.store, self.tenant.id)


@pytest.fixture
async def outbox(store: Store) -> AsyncIterator[Outbox]:
    tenant = await a_tenant(store)
    anna, bob = (
        await a_user(store, tenant, name="anna", phone=True),
        await a_user(store, tenant, name="bob", phone=True),
    )
    group = await a_group(store, tenant, admins=[anna])
    async with a_receiver() as receiver:
        yield Outbox(store, receiver, tenant, anna, bob, group)
