"""The demo's tenants, made once in one transaction, and the facts about them in `demo.json`.

1. The facts of an earlier start count when their partner tenant is in the database: then only addresses are renewed.
2. Otherwise they are made, without what they lived through: that is history.py's, for later. The facts are on disk as
   `demo.json.new` before the transaction commits and get their name after it, so that a crash between the two loses
   neither the tenants nor their secrets.

Who is who: Meridian, a partner, manages Alder in named roles and is the EMM of its devices; at Birch it may only read;
Cedar does not know it.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.connectors.service_accounts import (
    add_service_account_key,
    key_file,
    register_service_account,
)
from tenantry.core.caller import Caller, Origin, Reach, operator
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import CorrelationId, EnterpriseId, TenantId, UserId, new_guid
from tenantry.delegation.relationships import (
    approve_relationship,
    create_reseller_relationship,
    request_relationship,
)
from tenantry.demo.key_pair import KeyPair, start_key_pair
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.devices.managed_accounts import AccountType, add_google_managed_account, insert_account
from tenantry.directory.groups import NewGroup, create_group
from tenantry.directory.members import Newcomers
from tenantry.directory.passwords import generate_password
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.roles import assign_role
from tenantry.directory.tenants import create_tenant
from tenantry.directory.users import NewUser, create_user
from tenantry.store import tenants
from tenantry.store.engine import Tx
from tenantry.surfaces.shared.deps import Deps
from tenantry.tokens.grants import create_grant

Facts = dict[str, Any]

FACTS_FILE = "demo.json"
KEY_FILE = "service-account.json"

PARTNER_DOMAIN = "meridian.example"
CUSTOMER_DOMAIN = "alder.example"
READ_ONLY_DOMAIN = "birch.example"
UNRELATED_DOMAIN = "cedar.example"
ADMIN, LEAD, MEMBER, AGENT = "admin", "lead", "member", "agent"
MOBILE_NUMBER = "+12065550100"


class Demo(NamedTuple):
    """`facts` in the words of `demo.json`. `is_new`: made by this start, and without a history yet."""

    facts: Facts
    is_new: bool


async def ensure_demo(deps: Deps, key_pair: Future[KeyPair] | None = None) -> Demo:
    """Read the facts; make the tenants when they are not there, with the `key_pair` that was begun before, if any."""
    is_new = False
    for name in (FACTS_FILE, f"{FACTS_FILE}.new"):
        facts = _read(deps.settings.data_dir / name)
        if facts is not None and await _are_true(deps, facts):
            break
    else:
        facts, is_new = await _make(deps, key_pair or start_key_pair()), True
    return Demo(_readdressed(facts, deps.settings.issuer, deps.settings.data_dir), is_new)


def _read(path: Path) -> Facts | None:
    try:
        facts: Facts = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return facts


async def _are_true(deps: Deps, facts: Facts) -> bool:
    """Whether their tenants are in this database."""
    async with deps.store.read() as read:
        return await tenants.find_live(read, facts["partner_center"]["partner_tenant_id"]) is not None


def _readdressed(facts: Facts, base_url: str, data_dir: Path) -> Facts:
    """With the address of this start, in `demo.json` and in the key file."""
    key_path = (data_dir / KEY_FILE).absolute()
    key = json.loads(key_path.read_text())
    key["token_uri"] = f"{base_url}/token"
    facts["base_url"] = base_url
    facts["android_enterprise"]["service_account_file"] = str(key_path)
    _write(key_path, key)
    _write(data_dir / FACTS_FILE, facts)
    (data_dir / f"{FACTS_FILE}.new").unlink(missing_ok=True)
    return facts


def _write(path: Path, value: object) -> None:
    """Replace the file at once, readable by its owner only."""
    new = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@dataclass(frozen=True, slots=True)
class _Password:
    text: str
    hash: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """What takes time and is therefore made before the transaction."""

    admin_password: _Password
    member_password: _Password
    private_pem: str
    public_pem: str


async def _make(deps: Deps, key_pair: Future[KeyPair]) -> Facts:
    (private_pem, public_pem), admin_password, member_password = await asyncio.gather(
        asyncio.wrap_future(key_pair), _new_password(deps), _new_password(deps)
    )
    maker = _Maker(deps, _Ready(admin_password, member_password, private_pem, public_pem))
    async with deps.store.write() as tx:
        facts, key = await maker.make(tx)
        _write(deps.settings.data_dir / KEY_FILE, key)
        _write(deps.settings.data_dir / f"{FACTS_FILE}.new", facts)
    return facts


async def _new_password(deps: Deps) -> _Password:
    text = generate_password()
    return _Password(text, await deps.passwords.hash(text))


class _Maker:
    """Makes everything in one transaction; each method one part of the story."""

    def __init__(self, deps: Deps, ready: _Ready) -> None:
        self._deps = deps
        self._ready = ready
        self._now: Micros = deps.clock()
        self._caller: Caller = operator(Origin(CorrelationId(new_guid()), ""))
        self._lifetime = deps.settings.refresh_token_days * DAY

    async def make(self, tx: Tx) -> tuple[Facts, dict[str, str]]:
        """The facts, and the content of the service account's key file."""
        partner = await self._tenant(tx, "Meridian Partners", PARTNER_DOMAIN)
        customer = await self._tenant(tx, "Alder Logistics", CUSTOMER_DOMAIN)
        read_only = await self._tenant(tx, "Birch Clinics", READ_ONLY_DOMAIN)
        unrelated = await self._tenant(tx, "Cedar Farms", UNRELATED_DOMAIN)
        roles = [RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS]
        await self._relationship(tx, partner, customer, "User administration", roles)
        await self._relationship(tx, partner, read_only, "Reports", [RoleId.DIRECTORY_READERS])
        for tenant_id, domain in ((read_only, READ_ONLY_DOMAIN), (unrelated, UNRELATED_DOMAIN)):
            await self._user(tx, tenant_id, f"{ADMIN}@{domain}", "Robin", "Reed", RoleId.GLOBAL_ADMINISTRATOR)
        android_enterprise, key = await self._devices(tx, partner, customer)
        facts: Facts = {
            "base_url": "",
            "kaizala": await self._groups(tx, customer),
            "partner_center": {
                "partner_tenant_id": partner,
                **await self._partner_access(tx, partner),
                "customer_tenant_id": customer,
                "customer_domain": CUSTOMER_DOMAIN,
                "unrelated_customer_tenant_id": unrelated,
                "no_role_customer_tenant_id": read_only,
            },
            "android_enterprise": android_enterprise,
            "portal": {
                "admin": _sign_in(ADMIN, self._ready.admin_password),
                "member": _sign_in(MEMBER, self._ready.member_password),
            },
        }
        return facts, key

    async def _tenant(self, tx: Tx, name: str, domain: str) -> TenantId:
        return await create_tenant(tx, self._caller, name=name, initial_domain=domain, country="US", now=self._now)

    async def _relationship(
        self, tx: Tx, partner: TenantId, customer: TenantId, name: str, roles: list[RoleId]
    ) -> None:
        await create_reseller_relationship(
            tx, self._caller, customer_tenant_id=customer, partner_tenant_id=partner, now=self._now
        )
        relationship_id = await request_relationship(
            tx,
            self._caller,
            customer_tenant_id=customer,
            partner_tenant_id=partner,
            display_name=name,
            role_ids=roles,
            expires_at=self._now + 730 * DAY,
            now=self._now,
        )
        await approve_relationship(
            tx, self._caller, customer_tenant_id=customer, relationship_id=relationship_id, now=self._now
        )

    async def _user(
        self,
        tx: Tx,
        tenant_id: TenantId,
        name: str,
        given_name: str,
        family_name: str,
        role: RoleId | None = None,
        *,
        password: _Password | None = None,
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
        user = await create_user(tx, self._caller, tenant_id, new_user, password_hash, False, self._now)
        if role is not None:
            await assign_role(tx, self._caller, tenant_id, user.id, role, None, self._now)
        if number is not None:
            await add_verified_phone(tx, self._caller, tenant_id, user.id, number, self._now)
        return user.id

    async def _groups(self, tx: Tx, customer: TenantId) -> Facts:
        """Reference page 1: users with phones, groups, a connector and the tenant-level token of the admin."""
        admin_password, member_password = self._ready.admin_password, self._ready.member_password
        admin = await self._user(
            tx,
            customer,
            f"{ADMIN}@{CUSTOMER_DOMAIN}",
            "Ada",
            "Alder",
            RoleId.GLOBAL_ADMINISTRATOR,
            password=admin_password,
            number=MOBILE_NUMBER,
        )
        lead = await self._user(
            tx,
            customer,
            f"{LEAD}@{CUSTOMER_DOMAIN}",
            "Leo",
            "Lind",
            password=admin_password,
            number="+12065550101",
        )
        member = await self._user(
            tx,
            customer,
            f"{MEMBER}@{CUSTOMER_DOMAIN}",
            "Mia",
            "Moss",
            password=member_password,
            number="+12065550102",
        )
        for name, newcomers in {
            "All staff": Newcomers(admin_ids=(admin,), user_ids=(lead, member)),
            "Night shift": Newcomers(admin_ids=(lead,), user_ids=(member,)),
        }.items():
            new_group = NewGroup(name=name, welcome_message=f"Welcome to {name}", newcomers=newcomers)
            await create_group(tx, self._caller, customer, new_group, self._now)
        connector = await register_connector(
            tx,
            self._caller,
            self._deps.hasher,
            tenant_id=customer,
            name="Shift planner",
            description="Reads groups and keeps their members up to date.",
            permissions=list(Permission),
            redirect_uris=["http://localhost:9999/callback"],
            now=self._now,
        )
        grant = await create_grant(
            tx,
            self._caller,
            self._deps.hasher,
            tenant_id=customer,
            connector_id=connector.connector_id,
            user_id=admin,
            reach=Reach.TENANT,
            permissions=list(Permission),
            amr=("pwd",),
            lifetime=self._lifetime,
            now=self._now,
        )
        return {
            "application_id": connector.connector_id,
            "application_secret": connector.client_secret,
            "refresh_token": grant.refresh_token,
            "mobile_number": MOBILE_NUMBER,
        }

    async def _partner_access(self, tx: Tx, partner: TenantId) -> Facts:
        """Reference page 2: a partner's app, with a technician signed in by two factors."""
        agent = await self._user(
            tx,
            partner,
            f"{AGENT}@{PARTNER_DOMAIN}",
            "Alex",
            "Marsh",
            RoleId.GLOBAL_ADMINISTRATOR,
            password=self._ready.admin_password,
        )
        connector = await register_connector(
            tx,
            self._caller,
            self._deps.hasher,
            tenant_id=partner,
            name="Customer onboarding",
            description="Creates the user accounts of customers.",
            permissions=[Permission.PARTNER_CENTER],
            redirect_uris=["http://localhost:9999/callback"],
            now=self._now,
        )
        grant = await create_grant(
            tx,
            self._caller,
            self._deps.hasher,
            tenant_id=partner,
            connector_id=connector.connector_id,
            user_id=agent,
            reach=Reach.TENANT,
            permissions=[Permission.PARTNER_CENTER],
            amr=("pwd", "mfa"),
            lifetime=self._lifetime,
            now=self._now,
        )
        return {
            "client_id": connector.connector_id,
            "client_secret": connector.client_secret,
            "refresh_token": grant.refresh_token,
        }

    async def _devices(self, tx: Tx, partner: TenantId, customer: TenantId) -> tuple[Facts, dict[str, str]]:
        """Reference page 3: the partner as EMM of the customer, with a service account and its key file."""
        account = await register_service_account(
            tx, self._caller, tenant_id=partner, name="emm", domain=PARTNER_DOMAIN, now=self._now
        )
        key_id = new_guid().replace("-", "")
        await add_service_account_key(
            tx, self._caller, partner, account.connector_id, key_id, self._ready.public_pem, self._now
        )
        enterprise_id: EnterpriseId = await enroll_enterprise(
            tx,
            self._caller,
            tenant_id=customer,
            emm_tenant_id=partner,
            name="Alder Logistics",
            service_account_id=account.connector_id,
            primary_domain=CUSTOMER_DOMAIN,
            now=self._now,
        )
        managed = await insert_account(
            tx,
            self._caller,
            enterprise_id,
            account_identifier="mia-moss",
            account_type=AccountType.USER_ACCOUNT,
            display_name="Mia Moss",
            now=self._now,
        )
        google_managed = await add_google_managed_account(
            tx,
            self._caller,
            enterprise_id,
            primary_email=f"{LEAD}@{CUSTOMER_DOMAIN}",
            display_name="Leo Lind",
            now=self._now,
        )
        facts = {
            "enterprise_id": enterprise_id,
            "service_account_file": "",
            "emm_managed_user_id": managed.id,
            "google_managed_user_id": google_managed,
        }
        key = key_file(
            email=account.email,
            connector_id=account.connector_id,
            key_id=key_id,
            private_pem=self._ready.private_pem,
            token_uri="",
            project_id=partner,
        )
        return facts, key


def _sign_in(name: str, password: _Password) -> dict[str, str]:
    return {"user_principal_name": f"{name}@{CUSTOMER_DOMAIN}", "password": password.text}
