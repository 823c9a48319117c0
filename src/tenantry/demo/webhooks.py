"""The demo's webhook, which sends the events of the whole tenant to the receiver that the demo has itself.

It is registered as the portal does it, with the handshake, before the demo's past is made, so that there are events to
look at.
"""

from __future__ import annotations

from tenantry.core.caller import Origin, in_person, operator
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.demo.facts import Facts
from tenantry.demo.maker import CUSTOMER_DOMAIN
from tenantry.directory.tenants import resolve_tenant
from tenantry.outbox.changes import EventType
from tenantry.outbox.handshake import prove
from tenantry.outbox.webhooks import ObjectType, Subject, Wishes, list_webhooks, register_webhook, update_webhook
from tenantry.store.users import users
from tenantry.surfaces.operations.demo_receiver import PATH
from tenantry.surfaces.shared.deps import Deps

_TOKEN = "the-demo-knows-its-own"


async def ensure_webhook(deps: Deps, facts: Facts, *, is_new: bool) -> None:
    """Register the webhook for a new demo; give that of an earlier start the address of this start. The server has to
    answer already, for the handshake.
    """
    async with deps.store.read() as read:
        tenant_id = await resolve_tenant(read, CUSTOMER_DOMAIN)
    if tenant_id is not None:
        await (_register(deps, facts, tenant_id) if is_new else _readdress(deps, tenant_id))


async def _register(deps: Deps, facts: Facts, tenant_id: TenantId) -> None:
    async with deps.store.read() as read:
        admin = await users.find_by_name(read, tenant_id, facts["portal"]["admin"]["user_principal_name"])
    if admin is None:
        return
    caller = in_person(_origin(), tenant_id=tenant_id, user_id=admin.id)
    wishes = Wishes(event_types=tuple(EventType), callback_token=_TOKEN)
    url = await prove(deps.http, f"{deps.settings.issuer}{PATH}", _TOKEN, tenant_id=tenant_id)
    async with deps.store.write() as tx:
        subject = Subject(ObjectType.TENANT, tenant_id)
        await register_webhook(tx, deps.master_key, caller, tenant_id, subject, url, wishes, deps.clock())


async def _readdress(deps: Deps, tenant_id: TenantId) -> None:
    caller, wanted = operator(_origin()), f"{deps.settings.issuer}{PATH}"
    async with deps.store.read() as read:
        found = await list_webhooks(read, caller, tenant_id, Subject(ObjectType.TENANT, tenant_id), deps.clock())
    for webhook in found:
        if webhook.callback_url.endswith(PATH) and webhook.callback_url != wanted:
            url = await prove(deps.http, wanted, _TOKEN, tenant_id=tenant_id)
            wishes = Wishes(callback_token=_TOKEN)  # a token that was given for another address would not be kept
            async with deps.store.write() as tx:
                await update_webhook(
                    tx, deps.master_key, caller, tenant_id, webhook.id, wishes, deps.clock(), callback_url=url
                )


def _origin() -> Origin:
    return Origin(CorrelationId(new_guid()), "")
