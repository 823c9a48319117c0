"""A partner sees that a customer is to be deleted, and until when it can be restored; who was never let in does not."""

from __future__ import annotations

from tenantry.access.actions import RoleId
from tenantry.directory.tenants import delete_tenant
from tenantry.store.tenants import tenants
from tests.support.builders import OPERATOR, a_relationship, a_tenant, a_user
from tests.support.clock import NOON
from tests.support.portal import Portal


async def test_a_partner_sees_where_the_deletion_of_a_customer_is_pending(portal: Portal) -> None:
    store = portal.app.deps.store
    partner = await a_tenant(store)
    agent = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    agreed, asked = await a_tenant(store, name="Fabrikam"), await a_tenant(store, name="Tailwind")
    await a_relationship(store, partner, agreed)
    await a_relationship(store, partner, asked, approved=False, reseller=False)
    visitor = await portal.visit(agent)
    await visitor.open("/customers")
    assert "Fabrikam" in visitor.text
    assert "is deleted" not in visitor.text
    async with store.write() as tx:
        for customer in (agreed, asked):
            await delete_tenant(tx, OPERATOR, customer.id, NOON)
    page = await visitor.open("/customers")
    assert "Fabrikam is deleted, and can be restored until" in visitor.text
    assert f"/customers/{agreed.id}" not in page.text
    assert asked.id not in page.text, "whoever asks only learns nothing of it"
    await store.run("UPDATE tenants SET deleted_at = :purged WHERE id = :id", purged=tenants.BEING_PURGED, id=agreed.id)
    await visitor.open("/customers")
    assert "Fabrikam is being deleted" in visitor.text
