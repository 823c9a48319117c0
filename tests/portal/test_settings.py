"""Settings of the tenant: who may change them, what they refuse, and who hears of a new name."""

from __future__ import annotations

import pytest

from tests.support.builders import SomeTenant, a_relationship, a_tenant
from tests.support.portal import Portal


async def test_a_new_name_is_seen_by_users_and_in_the_partners_list_at_its_new_place(portal: Portal) -> None:
    store = portal.app.deps.store
    other = await a_tenant(store, name="Mid")
    partner = SomeTenant(portal.otto.tenant_id, portal.otto.user_principal_name.partition("@")[2])
    for customer in (portal.tenant, other):
        await a_relationship(store, partner, customer)
    otto = await portal.visit(portal.otto)
    page = await otto.open("/customers")
    assert page.text.index("Mid") < page.text.index("Northwind")
    dana = await portal.visit(portal.dana)
    await dana.open("/settings")
    assert portal.tenant.domain in dana.text
    assert (await dana.send("/settings", name="Aurora <b>Ltd</b>", country="in")).status_code == 303
    page = await dana.open("/settings?saved=1")
    assert "Aurora &lt;b&gt;Ltd&lt;/b&gt;" in page.text
    assert 'value="IN"' in page.text
    page = await otto.open("/customers")
    assert page.text.index("Aurora") < page.text.index("Mid")
    assert "Aurora" in (await otto.open("/customers?q=AURORA")).text
    await dana.open("/settings")
    await dana.send("/settings", name="Aurora <b>Ltd</b>", country="in")
    async with store.read() as read:
        told = await read.all(
            str,
            "SELECT id FROM audit_events WHERE tenant_id = :tenant_id AND type = 'tenant.updated'",
            tenant_id=portal.tenant.id,
        )
    assert len(told) == 1


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("name", "x" * 257), ("name", "a\0b"), ("country", "U1"), ("country", "USA")]
)
async def test_what_is_wrong_stands_beside_its_field(sqlite_portal: Portal, field: str, value: str) -> None:
    dana = await sqlite_portal.visit(sqlite_portal.dana)
    await dana.open("/settings")
    page = await dana.send("/settings", **{"name": "Kept", "country": "US", field: value})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    if field != "name":
        assert 'value="Kept"' in page.text


async def test_who_may_not_change_it_sees_it_without_a_form(sqlite_portal: Portal) -> None:
    mia = await sqlite_portal.visit(sqlite_portal.mia)
    page = await mia.open("/settings")
    assert page.status_code == 200
    assert 'name="name"' not in page.text
    assert (await mia.send("/settings", name="Mine", country="")).status_code == 403
    assert "Northwind" in (await mia.open("/settings")).text
