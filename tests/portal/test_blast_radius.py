"""What stands open if one thing leaks, and the one button that ends it."""

from __future__ import annotations

import re

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Reach
from tenantry.store.schema import metadata
from tests.support.builders import a_connector, a_grant, a_relationship, a_tenant, a_user, a_webhook
from tests.support.pictures import BLAST_PAGES, leaking
from tests.support.portal import Portal
from tests.support.portal_names import names_in
from tests.support.town import ANDROID_IDS


async def test_a_leaked_connector_shows_its_tokens_and_is_deleted_by_one_button(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    path = f"/blast-radius/connector/{names['connector_id']}"
    page = await visitor.open(path)
    assert "3 live tokens." in visitor.text
    assert f'href="/blast-radius/token/{names["grant_id"]}"' in page.text
    action = re.findall(r'<form method="post" action="(/connectors[^"]*)"', page.text)
    assert len(action) == 1
    answer = await visitor.send(action[0])
    assert answer.status_code == 303
    assert (await visitor.open(path)).status_code == 404


async def test_the_webhooks_of_an_app_fall_silent_with_it(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    store, path = portal.app.deps.store, f"/blast-radius/connector/{names['connector_id']}"
    webhook_id = await a_webhook(store, portal.tenant, None, now=portal.app.deps.clock())
    await visitor.open(path)
    assert "silent" not in visitor.text
    async with store.write() as tx:
        await tx.run(
            "UPDATE webhooks SET connector_id = :connector_id WHERE tenant_id = :tenant_id AND id = :id",
            connector_id=names["connector_id"],
            tenant_id=portal.tenant.id,
            id=webhook_id,
        )
    await visitor.open(path)
    assert "1 webhook of it falls silent." in visitor.text


async def test_a_leaked_token_names_the_groups_it_opens_and_who_may_give_another(portal: Portal) -> None:
    store = portal.app.deps.store
    permissions = [Permission.GROUP_MEMBERS]
    connector = await a_connector(store, portal.tenant, name="Rota", permissions=permissions)
    token = await a_grant(
        store, connector, portal.erik, reach=Reach.GROUP, group_id=portal.group, permissions=permissions
    )
    visitor = await portal.visit(portal.erik)
    page = await visitor.open(f"/blast-radius/token/{token.id}")
    assert "2 groups. It acts as an administrator of the group" in visitor.text
    assert "Night drivers" in visitor.text
    assert "Erik can give a new token at any time" in visitor.text
    await visitor.send(f"/tokens/{token.id}/revoke")
    assert (await visitor.open(f"/blast-radius/token/{token.id}")).status_code == 404
    assert page.status_code == 200


async def test_a_partner_is_shut_out_by_one_button_and_keeps_what_another_relationship_gives(portal: Portal) -> None:
    store = portal.app.deps.store
    partner = await a_tenant(store, name="Larch")
    relationship = await a_relationship(store, partner, portal.tenant)
    await a_relationship(store, partner, portal.tenant)
    visitor = await portal.visit(portal.dana)
    path = f"/blast-radius/relationship/{relationship}"
    await visitor.open(path)
    assert "Larch keeps what Administration gives it." in visitor.text
    assert (await visitor.send(f"/partners/{relationship}/end")).status_code == 303
    async with store.read() as read:
        status = await read.one_or_none(
            str,
            "SELECT status FROM delegated_relationships WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=portal.tenant.id,
            id=relationship,
        )
    assert status == "terminated"


async def test_a_user_is_ended_and_brought_back(portal: Portal) -> None:
    store = portal.app.deps.store
    connector = await a_connector(store, portal.tenant, name="Rota")
    await a_grant(store, connector, portal.erik)
    visitor = await portal.visit(portal.dana)
    path = f"/blast-radius/user/{portal.erik.id}"
    await visitor.open(path)
    assert "1 token that the user gave stops." in visitor.text
    assert "Night shift has no admin left." in visitor.text
    assert "You can restore the user for 30 days. The tokens stay revoked." in visitor.text
    await visitor.send(f"/users/{portal.erik.id}/delete")
    page = await visitor.open(path)
    assert "Erik is deleted" in visitor.text
    assert f'action="/users/{portal.erik.id}/restore"' in page.text
    await visitor.send(f"/users/{portal.erik.id}/restore")
    await visitor.open(path)
    assert "If the account of Erik were taken over" in visitor.text


async def test_the_last_administrator_is_told_what_that_means(portal: Portal) -> None:
    visitor = await portal.visit(portal.dana)
    await visitor.open(f"/blast-radius/user/{portal.dana.id}")
    assert "Nobody is left who is Global Administrator." in visitor.text


async def test_one_device_is_removed_and_its_place_is_free(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    path = f"/blast-radius/device/{names['device_key']}"
    await visitor.open(path)
    assert "If Pixel of user342 were lost" in visitor.text
    assert (await visitor.send(path)).status_code == 303
    assert (await visitor.open(path)).status_code == 404
    async with portal.app.deps.store.read() as read:
        counts = await read.all(
            int,
            "SELECT device_count FROM managed_accounts WHERE tenant_id = :tenant_id ORDER BY device_count",
            tenant_id=portal.tenant.id,
        )
        credentials = await read.all(
            str,
            "SELECT android_id FROM device_credentials WHERE tenant_id = :tenant_id "
            "AND managed_account_id = :account_id AND revoked_at IS NULL",
            tenant_id=portal.tenant.id,
            account_id=names["account_id"],
        )
    assert counts == [0, 0, 1, 2], "one of two is left, as of the account's twin none is gone"
    assert credentials == [ANDROID_IDS[1]]


async def test_a_button_that_is_pressed_twice_ends_one_thing(portal: Portal) -> None:
    names, visitor = await leaking(portal)
    for path in BLAST_PAGES:
        page = await visitor.open(path.format_map(names))
        action = re.findall(r'<form method="post" action="(/[^"]*)">', page.text)[-1]
        first = await visitor.send(action)
        assert first.status_code == 303, action
        visitor.page = page
        assert "This form was sent before" in (await visitor.send(action)).text


async def test_who_may_only_look_has_no_button_and_cannot_press_it(portal: Portal) -> None:
    names = await names_in(portal)
    reader = await portal.visit(await a_user(portal.app.deps.store, portal.tenant, roles=[RoleId.GLOBAL_READER]))
    for path in BLAST_PAGES:
        page = await reader.open(path.format_map(names))
        assert page.status_code == 200
        assert "An administrator may end it" in page.text or "an administrator may end it" in page.text
    before = await rows(portal)
    await reader.open("/phones")
    path = BLAST_PAGES[4].format_map(names)
    assert (await reader.send(path, form_id=path)).status_code == 403
    assert await rows(portal) == before


async def rows(portal: Portal) -> list[object]:
    found: list[object] = []
    async with portal.app.deps.store.read() as read:
        for table in ("delegated_relationships", "devices", "managed_accounts", "device_credentials", "grants"):
            assert metadata.tables[table].info["kind"] == "owned"
            found += await read.all(
                lambda *row: row, f"SELECT * FROM {table} WHERE tenant_id = :tenant_id", tenant_id=portal.tenant.id
            )
    return sorted(found, key=repr)
