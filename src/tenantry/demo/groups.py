"""The demo's first story: users with phone numbers, groups, a connector, and a token of the administrator for all
groups of the tenant.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.core.caller import Reach
from tenantry.core.ids import TenantId, UserId
from tenantry.demo.facts import Facts
from tenantry.demo.maker import ADMIN, CUSTOMER_DOMAIN, LEAD, MEMBER, Maker
from tenantry.directory.groups import NewGroup, create_group
from tenantry.directory.members import Newcomers
from tenantry.tokens.grants import GrantTerms, create_grant

MOBILE_NUMBER = "+12065550100"


class Staff(NamedTuple):
    admin: UserId
    lead: UserId
    member: UserId


async def make_staff(maker: Maker, customer: TenantId) -> Staff:
    """Make the customer's users, and the groups that they are in."""
    admin_password, member_password = maker.ready.admin_password, maker.ready.member_password
    role = RoleId.GLOBAL_ADMINISTRATOR
    name = f"{ADMIN}@{CUSTOMER_DOMAIN}"
    admin = await maker.user(customer, name, "Ada", "Alder", role, password=admin_password, number=MOBILE_NUMBER)
    name = f"{LEAD}@{CUSTOMER_DOMAIN}"
    lead = await maker.user(customer, name, "Leo", "Lind", password=admin_password, number="+12065550101")
    name = f"{MEMBER}@{CUSTOMER_DOMAIN}"
    member = await maker.user(customer, name, "Mia", "Moss", password=member_password, number="+12065550102")
    for name, newcomers in {
        "All staff": Newcomers(admin_ids=(admin,), user_ids=(lead, member)),
        "Night shift": Newcomers(admin_ids=(lead,), user_ids=(member,)),
    }.items():
        new_group = NewGroup(name=name, welcome_message=f"Welcome to {name}", newcomers=newcomers)
        await create_group(maker.tx, maker.caller, customer, new_group, maker.now)
    return Staff(admin, lead, member)


async def make_connector(maker: Maker, customer: TenantId, admin: UserId) -> Facts:
    """Make a connector with every permission, and a token of the administrator for it that reaches the whole tenant."""
    connector = await register_connector(
        maker.tx,
        maker.caller,
        maker.hasher,
        tenant_id=customer,
        name="Shift planner",
        description="Reads groups and keeps their members up to date.",
        permissions=list(Permission),
        redirect_uris=["http://localhost:9999/callback"],
        now=maker.now,
    )
    grant = await create_grant(
        maker.tx,
        maker.caller,
        maker.hasher,
        tenant_id=customer,
        terms=GrantTerms(
            connector_id=connector.connector_id,
            user_id=admin,
            reach=Reach.TENANT,
            permissions=list(Permission),
            amr=("pwd",),
        ),
        lifetime=maker.lifetime,
        now=maker.now,
    )
    return {
        "application_id": connector.connector_id,
        "application_secret": connector.client_secret,
        "refresh_token": grant.refresh_token,
        "mobile_number": MOBILE_NUMBER,
    }
