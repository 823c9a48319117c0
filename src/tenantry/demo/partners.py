"""The demo's second story: the customers of a partner, and the partner's connector, with a token of a technician who
signed in with a second factor.
"""

from __future__ import annotations

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.ids import TenantId
from tenantry.delegation.relationships import (
    approve_relationship,
    create_reseller_relationship,
    request_relationship,
)
from tenantry.demo.facts import Facts
from tenantry.demo.maker import AGENT, PARTNER_DOMAIN, Maker
from tenantry.tokens.grants import GrantTerms, create_grant
from tenantry.tokens.id_tokens import SignIn


async def make_relationship(
    maker: Maker, partner: TenantId, customer: TenantId, name: str, roles: list[RoleId]
) -> None:
    """Let the partner manage the customer, and act there in these roles for two years."""
    await create_reseller_relationship(
        maker.tx, maker.caller, customer_tenant_id=customer, partner_tenant_id=partner, now=maker.now
    )
    relationship_id = await request_relationship(
        maker.tx,
        maker.caller,
        customer_tenant_id=customer,
        partner_tenant_id=partner,
        display_name=name,
        role_ids=roles,
        expires_at=maker.now + 730 * DAY,
        now=maker.now,
    )
    await approve_relationship(
        maker.tx, maker.caller, customer_tenant_id=customer, relationship_id=relationship_id, now=maker.now
    )


async def make_partner_connector(maker: Maker, partner: TenantId) -> Facts:
    """Make the partner's connector, and a technician's token for it."""
    agent = await maker.user(
        partner,
        f"{AGENT}@{PARTNER_DOMAIN}",
        "Alex",
        "Marsh",
        RoleId.GLOBAL_ADMINISTRATOR,
        password=maker.ready.admin_password,
    )
    connector = await register_connector(
        maker.tx,
        maker.caller,
        maker.hasher,
        tenant_id=partner,
        name="Customer onboarding",
        description="Creates the user accounts of customers.",
        permissions=[Permission.PARTNER_CENTER],
        redirect_uris=["http://localhost:9999/callback"],
        now=maker.now,
    )
    grant = await create_grant(
        maker.tx,
        maker.caller,
        maker.hasher,
        tenant_id=partner,
        terms=GrantTerms(
            connector_id=connector.connector_id,
            user_id=agent,
            reach=Reach.TENANT,
            permissions=[Permission.PARTNER_CENTER],
            amr=("pwd", "mfa"),
            sign_in=SignIn(maker.now, "offline_access openid profile"),
        ),
        lifetime=maker.lifetime,
        now=maker.now,
    )
    return {
        "client_id": connector.connector_id,
        "client_secret": connector.client_secret,
        "refresh_token": grant.refresh_token,
    }
