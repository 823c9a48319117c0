"""The demo's tenants, which are made once in one transaction, and the facts about them.

1. When the partner tenant of an earlier start's facts is in the database, those facts hold, and only addresses are
   renewed.
2. Otherwise the tenants are made, without a past: `history.py` makes that later.
3. Of two first starts at once, one makes the tenants. The other waits for it in its own transaction, and takes them as
   they are.

Who is who: Meridian, a partner, manages Alder in named roles and is the EMM of its devices; at Birch it may only read;
Cedar does not know it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import NamedTuple

from tenantry.access.actions import RoleId
from tenantry.core.caller import Origin, operator
from tenantry.core.clock import DAY
from tenantry.core.errors import AlreadyExists, FailedPrecondition
from tenantry.core.ids import CorrelationId, new_guid
from tenantry.demo.devices import make_enterprise
from tenantry.demo.facts import Facts, known_facts, readdress, write_new
from tenantry.demo.groups import make_connector, make_staff
from tenantry.demo.key_pair import KeyPair, start_key_pair
from tenantry.demo.maker import (
    ADMIN,
    CUSTOMER_DOMAIN,
    DOMAINS,
    MEMBER,
    PARTNER_DOMAIN,
    READ_ONLY_DOMAIN,
    UNRELATED_DOMAIN,
    Maker,
    Password,
    Ready,
)
from tenantry.demo.partners import make_partner_connector, make_relationship
from tenantry.directory.passwords import generate_password
from tenantry.store.tenants import tenants
from tenantry.surfaces.shared.deps import Deps


class Demo(NamedTuple):
    """The demo of this start. `facts` has the keys of `demo.json`. `is_new`: this start made it, and it has no past
    yet.
    """

    facts: Facts
    is_new: bool


async def ensure_demo(deps: Deps, key_pair: Future[KeyPair] | None = None) -> Demo:
    """Read the facts, and make the tenants when they are not there, with the `key_pair` that was begun before, if any.

    Raises FailedPrecondition when the database has the demo's tenants and their facts are lost, and when it has other
    tenants.
    """
    facts, is_new = await _find(deps), False
    await _require_no_others(deps)
    if facts is None:
        try:
            facts, is_new = await _make(deps, key_pair or start_key_pair()), True
        except AlreadyExists:
            facts = await _find(deps)
    if facts is None:
        raise FailedPrecondition(
            "The database has demo tenants, and this data directory does not know their secrets. Start with the data "
            "directory in which they were made, or with another database."
        )
    return Demo(readdress(deps.settings.data_dir, facts, deps.settings.issuer), is_new)


async def _require_no_others(deps: Deps) -> None:
    """Refuse a database with tenants that are not the demo's, whose people would show their data to everybody who sees
    the demo.
    """
    async with deps.store.read() as read:
        found = await tenants.list_with_first_domain(read, len(DOMAINS) + 1)
    other = next((tenant for tenant in found if tenant.domain not in DOMAINS), None)
    if other is not None:
        raise FailedPrecondition(
            f"The database holds a tenant that is not the demo's: {other.name} ({other.id}). A demo takes a "
            "database of its own: start without --demo, or with another data directory."
        )


async def _find(deps: Deps) -> Facts | None:
    """The facts of an earlier start whose tenants are in this database; None when there are none."""
    for facts in known_facts(deps.settings.data_dir):
        async with deps.store.read() as read:
            if await tenants.find_live(read, facts["partner_center"]["partner_tenant_id"]) is not None:
                return facts
    return None


async def _make(deps: Deps, key_pair: Future[KeyPair]) -> Facts:
    """Make the tenants. Raises AlreadyExists when another start has made them meanwhile, whose facts are on
    disk then.
    """
    (private_pem, public_pem), admin_password, member_password = await asyncio.gather(
        asyncio.wrap_future(key_pair), _new_password(deps), _new_password(deps)
    )
    ready = Ready(admin_password, member_password, private_pem, public_pem)
    caller = operator(Origin(CorrelationId(new_guid()), ""))
    lifetime = deps.settings.refresh_token_days * DAY
    async with deps.store.write() as tx:
        facts, key = await _fill(Maker(tx, caller, deps.hasher, ready, lifetime, deps.clock()))
        write_new(deps.settings.data_dir, facts, key)
    return facts


async def _new_password(deps: Deps) -> Password:
    text = generate_password()
    return Password(text, await deps.passwords.hash(text))


async def _fill(maker: Maker) -> tuple[Facts, dict[str, str]]:
    """Make everything in one transaction: the facts, and the content of the service account's key file."""
    partner = await maker.tenant("Meridian Partners", PARTNER_DOMAIN)
    customer = await maker.tenant("Alder Logistics", CUSTOMER_DOMAIN)
    read_only = await maker.tenant("Birch Clinics", READ_ONLY_DOMAIN)
    unrelated = await maker.tenant("Cedar Farms", UNRELATED_DOMAIN)
    roles = [RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS]
    await make_relationship(maker, partner, customer, "User administration", roles)
    await make_relationship(maker, partner, read_only, "Reports", [RoleId.DIRECTORY_READERS])
    for tenant_id, domain in ((read_only, READ_ONLY_DOMAIN), (unrelated, UNRELATED_DOMAIN)):
        await maker.user(tenant_id, f"{ADMIN}@{domain}", "Robin", "Reed", RoleId.GLOBAL_ADMINISTRATOR)
    staff = await make_staff(maker, customer)
    android_enterprise, key = await make_enterprise(maker, partner, customer, staff)
    facts: Facts = {
        "base_url": "",
        "kaizala": await make_connector(maker, customer, staff.admin),
        "partner_center": {
            "partner_tenant_id": partner,
            **await make_partner_connector(maker, partner),
            "customer_tenant_id": customer,
            "customer_domain": CUSTOMER_DOMAIN,
            "unrelated_customer_tenant_id": unrelated,
            "no_role_customer_tenant_id": read_only,
        },
        "android_enterprise": android_enterprise,
        "portal": {
            "admin": _sign_in(ADMIN, maker.ready.admin_password),
            "member": _sign_in(MEMBER, maker.ready.member_password),
        },
    }
    return facts, key


def _sign_in(name: str, password: Password) -> dict[str, str]:
    return {"user_principal_name": f"{name}@{CUSTOMER_DOMAIN}", "password": password.text}
