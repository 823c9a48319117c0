"""What happened in the demo's tenant before its first start: more people, connectors and devices, and one working day.

Production functions do all of it, with earlier times; nothing is written past them. The story is the same every time,
and is made while the server answers already. A start that is broken off in the middle leaves part of it, which does no
harm.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from tenantry.access.actions import Permission, RoleId
from tenantry.audit.seals import seal_trail
from tenantry.connectors.connectors import register_connector
from tenantry.connectors.secrets import add_secret
from tenantry.core.caller import Audience, Origin, Reach, in_person, operator
from tenantry.core.clock import DAY, HOUR, MINUTE, Micros
from tenantry.core.errors import DomainError
from tenantry.core.ids import (
    ConnectorId,
    CorrelationId,
    EnterpriseId,
    GroupId,
    ManagedAccountId,
    TenantId,
    UserId,
    new_guid,
)
from tenantry.delegation.relationships import approve_relationship, request_relationship
from tenantry.demo.maker import ASKING_DOMAIN
from tenantry.devices.device_tokens import generate_device_token
from tenantry.devices.managed_accounts import AccountType, insert_account
from tenantry.devices.redeem import redeem_device_token
from tenantry.directory.groups import NewGroup, create_group
from tenantry.directory.members import Newcomers
from tenantry.directory.sessions import SessionTerms, start_session
from tenantry.directory.sign_in import sign_in
from tenantry.directory.tenants import create_tenant, resolve_tenant
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user
from tenantry.store.devices.devices import DeviceFacts
from tenantry.store.engine.interface import Tx
from tenantry.store.users import users
from tenantry.surfaces.shared.deps import Deps
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.refresh_token import exchange_refresh_token
from tenantry.tokens.grants import GrantTerms, create_grant
from tenantry.tokens.issuing import TokenAsk
from tenantry.tokens.secrets import SecretKind

_PEOPLE = ("Noor Haddad", "Ines Costa", "Tom Becker", "Priya Nair", "Jonas Vik", "Sara Lopez", "Yuki Mori", "Omar Aziz")
_GROUPS = ("Warehouse east", "Drivers", "Safety", "Front desk")
_DEVICES = (10, 3, 1, 2, 6, 0)
"""How many devices each further work account has."""
_MODELS = ("Pixel 8", "Galaxy A54", "XCover 7", "Moto G84")
_EXCHANGES = (1, 0, 0, 1, 2, 4, 9, 14, 11, 8, 7, 9, 12, 10, 8, 9, 11, 7, 4, 3, 2, 2, 1, 1)
_REFUSALS = (0, 0, 0, 0, 0, 0, 1, 3, 2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
_SIGN_INS = (0, 0, 0, 0, 1, 2, 5, 7, 4, 3, 2, 3, 2, 4, 2, 1, 1, 0, 1, 0, 0, 0, 0, 0)
"""How many sign-ins there were in each hour of the day, UTC."""
_MISTYPED_AT = frozenset({7, 8, 13})


async def live(deps: Deps, facts: dict[str, Any], customer_domain: str) -> None:
    """Make the past, once, after the demo's tenants have been made; `facts` are those of data.py."""
    name = facts["portal"]["admin"]["user_principal_name"]
    async with deps.store.read() as read:
        tenant_id = await resolve_tenant(read, customer_domain)
        if tenant_id is None:
            return
        admin = await users.find_by_name(read, tenant_id, name)
    if admin is None:
        return
    past = _Past(deps, tenant_id, admin.id, deps.clock())
    people = await past.people(customer_domain)
    await past.connectors(people)
    await past.partners(TenantId(facts["partner_center"]["partner_tenant_id"]))
    await past.devices(EnterpriseId(facts["android_enterprise"]["enterprise_id"]), people)
    await past.day(facts["kaizala"], people, facts["portal"]["member"]["user_principal_name"])
    await seal_trail(deps.store, deps.master_key.seal_keys(), tenant_id, deps.clock())


class _Past:
    def __init__(self, deps: Deps, tenant_id: TenantId, admin_id: UserId, now: Micros) -> None:
        self._deps = deps
        self._tenant_id = tenant_id
        self._admin_id = admin_id
        self._now = now
        self._origin = Origin(CorrelationId(new_guid()), "")
        self._caller = operator(self._origin)

    async def people(self, domain: str) -> list[UserId]:
        """Make colleagues, and groups for them."""
        made = []
        async with self._deps.store.write() as tx:
            for name in _PEOPLE:
                given_name, family_name = name.split()
                new_user = NewUser(
                    user_principal_name=f"{given_name.lower()}@{domain}",
                    display_name=name,
                    given_name=given_name,
                    family_name=family_name,
                    usage_location="US",
                )
                user = await create_user(tx, self._caller, self._tenant_id, new_user, None, False, self._now - 20 * DAY)
                made.append(user.id)
        return made

    async def connectors(self, people: list[UserId]) -> None:
        """Make a connector for the whole tenant, one that colleagues use, one for a single group, and one whose secret
        is being changed.
        """
        members = [Permission.GROUP_INFORMATION, Permission.GROUP_MEMBERS]
        async with self._deps.store.write() as tx:
            groups = []
            for number, name in enumerate(_GROUPS):
                newcomers = Newcomers(admin_ids=(people[number],), user_ids=tuple(people[number + 1 : number + 5]))
                new_group = NewGroup(name=name, welcome_message=f"Welcome to {name}", newcomers=newcomers)
                created = await create_group(tx, self._caller, self._tenant_id, new_group, self._now - 19 * DAY)
                groups.append(created.group_id)
            payroll = await self._connector(tx, "Payroll sync", members, people[0])
            await self._grant(tx, payroll, self._admin_id, Reach.TENANT, members, None, 9 * DAY)
            survey = await self._connector(tx, "Survey bot", [Permission.ACTIONS, Permission.TEXT_MESSAGES], people[1])
            for person in people[2:7]:
                await self._grant(tx, survey, person, Reach.USER, [Permission.ACTIONS], None, 200 * DAY)
            rota = await self._connector(tx, "Rota board", members, people[1])
            for group_id, person, days in ((groups[0], people[0], 300), (groups[1], people[1], 4)):
                await self._grant(tx, rota, person, Reach.GROUP, members, group_id, days * DAY)
            ends = self._now + 12 * DAY
            await add_secret(
                tx, self._caller, self._deps.hasher, self._tenant_id, payroll, expires_at=ends, now=self._now - 9 * DAY
            )

    async def _connector(self, tx: Tx, name: str, permissions: list[Permission], owner: UserId) -> ConnectorId:
        caller = in_person(self._origin, tenant_id=self._tenant_id, user_id=owner)
        made = await register_connector(
            tx,
            caller,
            self._deps.hasher,
            tenant_id=self._tenant_id,
            name=name,
            permissions=permissions,
            now=self._now - 18 * DAY,
        )
        return made.connector_id

    async def _grant(
        self,
        tx: Tx,
        connector_id: ConnectorId,
        user_id: UserId,
        reach: Reach,
        permissions: list[Permission],
        group_id: GroupId | None,
        left: Micros,
    ) -> None:
        """Make a token that was given ten days ago and has `left` to live."""
        await create_grant(
            tx,
            self._caller,
            self._deps.hasher,
            tenant_id=self._tenant_id,
            terms=GrantTerms(
                connector_id=connector_id,
                user_id=user_id,
                reach=reach,
                permissions=permissions,
                amr=("pwd",),
                group_id=group_id,
            ),
            lifetime=left + 10 * DAY,
            now=self._now - 10 * DAY,
        )

    async def partners(self, partner: TenantId) -> None:
        """Make a relationship that ends soon, and a request that waits."""
        async with self._deps.store.write() as tx:
            other = await create_tenant(
                tx, self._caller, name="Larch Support", initial_domain=ASKING_DOMAIN, country="US", now=self._now
            )
            helpdesk = [RoleId.HELPDESK_ADMINISTRATOR, RoleId.DIRECTORY_READERS]
            audit = await request_relationship(
                tx,
                self._caller,
                customer_tenant_id=self._tenant_id,
                partner_tenant_id=partner,
                display_name="Year-end audit",
                role_ids=[RoleId.GLOBAL_READER],
                expires_at=self._now + 17 * DAY,
                now=self._now - 60 * DAY,
            )
            await approve_relationship(
                tx, self._caller, customer_tenant_id=self._tenant_id, relationship_id=audit, now=self._now - 59 * DAY
            )
            await request_relationship(
                tx,
                self._caller,
                customer_tenant_id=self._tenant_id,
                partner_tenant_id=other,
                display_name="Helpdesk",
                role_ids=helpdesk,
                expires_at=self._now + 365 * DAY,
                now=self._now - 2 * HOUR,
            )

    async def devices(self, enterprise_id: EnterpriseId, people: list[UserId]) -> None:
        """Make work accounts of colleagues with devices, one of them with as many as it may have."""
        for number, count in enumerate(_DEVICES):
            async with self._deps.store.write() as tx:
                account = await insert_account(
                    tx,
                    self._caller,
                    enterprise_id,
                    account_identifier=f"asset-{number + 1}",
                    account_type=AccountType.USER_ACCOUNT,
                    display_name=_PEOPLE[number],
                    user_id=people[number],
                    now=self._now - 15 * DAY,
                )
            indexes = range(min(count, self._deps.settings.device_limit))
            await asyncio.gather(*(self._device(enterprise_id, account.id, number * 16 + index) for index in indexes))

    async def _device(self, enterprise_id: EnterpriseId, account_id: ManagedAccountId, number: int) -> None:
        now, limit = self._now - 14 * DAY + number * HOUR, self._deps.settings.device_limit
        issued = await generate_device_token(
            self._deps.store,
            self._deps.hasher,
            self._caller,
            enterprise_id=enterprise_id,
            account_id=account_id,
            device_limit=limit,
            lifetime=5 * MINUTE,
            now=now,
        )
        await redeem_device_token(
            self._deps.store,
            self._deps.hasher,
            token=issued.token,
            facts=DeviceFacts(f"{0x3A00 + number:016x}", model=_MODELS[number % 4], sdk_version=34),
            device_limit=limit,
            origin=self._origin,
            now=now + MINUTE,
        )

    async def day(self, app: dict[str, str], people: list[UserId], mistyper: str) -> None:
        """Make the last 24 hours: exchanges, sign-ins, and what was refused."""
        for hour in range(self._now // HOUR - 23, self._now // HOUR):
            of_day = hour % 24
            exchanges = (
                self._exchange(app, hour * HOUR + turn * 3 * MINUTE, is_wrong=turn < _REFUSALS[of_day])
                for turn in range(_EXCHANGES[of_day] + _REFUSALS[of_day])
            )
            await asyncio.gather(*exchanges)  # so that all of them wait for the disk together
            async with self._deps.store.write() as tx:
                for turn in range(_SIGN_INS[of_day]):
                    user_id = people[(hour + turn) % len(people)]
                    await self._session(tx, user_id, hour * HOUR + turn * 5 * MINUTE)
            if of_day in _MISTYPED_AT:
                with suppress(DomainError):
                    await sign_in(
                        self._deps.store,
                        self._deps.passwords,
                        user_principal_name=mistyper,
                        password="mistyped",
                        origin=self._origin,
                        now=hour * HOUR + MINUTE,
                    )

    async def _exchange(self, app: dict[str, str], now: Micros, *, is_wrong: bool) -> None:
        """Make one exchange as a connector does it; with a made-up secret it is refused."""
        made_up = self._deps.hasher.mint(SecretKind.CONNECTOR_SECRET, self._tenant_id)
        with suppress(DomainError):
            await exchange_refresh_token(
                self._deps.issuing,
                TokenAsk(Audience.KAIZALA, self._origin, now),
                Client(app["application_id"], made_up if is_wrong else app["application_secret"]),
                app["refresh_token"],
            )

    async def _session(self, tx: Tx, user_id: UserId, now: Micros) -> None:
        caller = in_person(self._origin, tenant_id=self._tenant_id, user_id=user_id)
        await start_session(
            tx,
            self._deps.hasher,
            caller,
            terms=SessionTerms(tenant_id=self._tenant_id, user_id=user_id, amr=("pwd",), browser="Demo", lifetime=HOUR),
            now=now,
        )
