"""What every part of the demo is made with: the caller, the time, and helpers for tenants and users."""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.access.actions import RoleId
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.roles import assign_role
from tenantry.directory.tenants import create_tenant
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in import sign_in_notices
from tenantry.tokens.secrets import SecretHasher

PARTNER_DOMAIN = "meridian.example"
CUSTOMER_DOMAIN = "alder.example"
READ_ONLY_DOMAIN = "birch.example"
UNRELATED_DOMAIN = "cedar.example"
ASKING_DOMAIN = "larch.example"
DOMAINS = (PARTNER_DOMAIN, CUSTOMER_DOMAIN, READ_ONLY_DOMAIN, UNRELATED_DOMAIN, ASKING_DOMAIN)
"""The first domain of each tenant of the demo."""
ADMIN, LEAD, MEMBER, AGENT = "admin", "lead", "member", "agent"


@dataclass(frozen=True, slots=True)
class Password:
    text: str
    hash: str


@dataclass(frozen=True, slots=True)
class Ready:
    """What takes long, and is therefore made before the transaction."""

    admin_password: Password
    member_password: Password
    private_pem: str
    public_pem: str


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes the demo, in one transaction, as one caller, at one time. `lifetime` is that of refresh tokens."""

    tx: Tx
    caller: Caller
    hasher: SecretHasher
    ready: Ready
    lifetime: Micros
    now: Micros

    async def tenant(self, name: str, domain: str) -> TenantId:
        return await create_tenant(self.tx, self.caller, name=name, initial_domain=domain, country="US", now=self.now)

    async def user(
        self,
        tenant_id: TenantId,
        name: str,
        given_name: str,
        family_name: str,
        role: RoleId | None = None,
        *,
        password: Password | None = None,
        number: str | None = None,
    ) -> UserId:
        new_user = NewUser(
            user_principal_name=name,
            display_name=f"{given_name} {family_name}",
            given_name=given_name,
            family_name=family_name,
            usage_location="US",
        )
        password_hash = None if password is None else password.hash
        user = await create_user(self.tx, self.caller, tenant_id, new_user, password_hash, False, self.now)
        if role is not None:
            await assign_role(self.tx, self.caller, tenant_id, user.id, role, None, self.now)
        if number is not None:
            await add_verified_phone(self.tx, self.caller, tenant_id, user.id, number, self.now)
            # The first page would warn of a phone that somebody else added: right, and nobody's business in a demo.
            await sign_in_notices.delete_past(self.tx, tenant_id, user.id, self.now)
        return user.id
