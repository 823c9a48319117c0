"""The organisation in which heavy things are done: its people, what they hold, and rows by the ten thousand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tenantry.access.actions import RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, Micros, system_clock
from tenantry.core.ids import GroupId
from tenantry.directory.passwords import PasswordHasher
from tenantry.store.engine.interface import Store
from tests.support.builders import (
    PASSWORD,
    SomeConnector,
    SomeGrant,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_group,
    a_session,
    a_tenant,
    a_user,
    a_webhook,
)
from tests.support.crowds import let_all_in, many_events, many_groups, many_users


class Size(NamedTuple):
    """How much there is.

    `crowd`: members of a group, tokens of an app, accounts at a provider, events of the trail. `places`: groups of one
    user, sessions, roles that a partner gave. `nested`: groups below one. `rows`: of a file of users. `several`: people
    who are let into a group by one request.
    """

    crowd: int
    places: int
    nested: int
    rows: int
    several: int


@dataclass
class Hall:
    """`boss` administers the organisation. `wide` and `deep` have groups below them, `mal` is admin of all of these."""

    store: Store
    size: Size
    tenant: SomeTenant
    connector: SomeConnector
    boss: SomeUser
    mal: SomeUser
    crowd: GroupId
    wide: GroupId
    deep: GroupId
    others: dict[str, Any] = field(default_factory=dict)
    """What others send who are in another organisation (`others.others_asking`)."""
    _grants: dict[tuple[str, Reach], SomeGrant] = field(default_factory=dict)

    @property
    def now(self) -> Micros:
        return system_clock()

    @classmethod
    async def build(cls, store: Store, size: Size) -> Self:
        """With a group of the whole crowd, a long trail, and ten webhooks whose receivers refuse."""
        now = system_clock()
        tenant = await a_tenant(store, now=now)
        mal = await a_user(store, tenant, name="mal", phone=True, now=now)
        boss = await a_user(store, tenant, name="boss", phone=True, roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
        crowd, wide, deep = [
            await a_group(store, tenant, name=name, admins=[mal], now=now) for name in ("Crowd", "Wide", "Deep")
        ]
        await many_users(store, tenant.id, size.crowd, now)
        await let_all_in(store, tenant.id, crowd, size.crowd, now)
        await many_groups(store, tenant.id, mal.id, wide, size.places, now, deep=False)
        await many_groups(store, tenant.id, mal.id, deep, size.nested, now, deep=True)
        await many_events(store, tenant.id, None, size.crowd, now - DAY)
        for number in range(10):
            await a_webhook(store, tenant, None, f"http://127.0.0.1:{number + 1}/", now=now)
        hall = cls(store, size, tenant, await a_connector(store, tenant, now=now), boss, mal, crowd, wide, deep)
        hall.others = await hall._others()
        return hall

    async def _others(self) -> dict[str, Any]:
        """Ann's password costs what it costs by default."""
        now = self.now
        tenant = await a_tenant(self.store, now=now)
        ann = await a_user(self.store, tenant, name="ann", phone=True, now=now)
        connector, hasher = await a_connector(self.store, tenant, now=now), PasswordHasher()
        await self.store.run(
            "UPDATE password_credentials SET password_hash = :hash WHERE tenant_id = :tenant_id AND user_id = :user_id",
            hash=await hasher.hash(PASSWORD),
            tenant_id=tenant.id,
            user_id=ann.id,
        )
        hasher.close()
        exchange = {
            "applicationId": connector.id,
            "applicationSecret": connector.secret,
            "refreshToken": (await a_grant(self.store, connector, ann, now=now)).refresh_token,
        }
        return {
            "exchange": exchange,
            "page": await self.cookie(ann),
            "sign_in": {"name": ann.user_principal_name, "password": PASSWORD},
        }

    async def cookie(self, user: SomeUser) -> dict[str, str]:
        """The header of a browser in which the user is signed in."""
        async with self.store.write() as tx:
            session = await a_session(tx, user, self.now)
        return {"Cookie": f"tenantry={session.secret}"}

    async def grant(self, user: SomeUser, reach: Reach = Reach.USER) -> SomeGrant:
        """To `connector`: the same one each time."""
        if (user.id, reach) not in self._grants:
            self._grants[user.id, reach] = await a_grant(self.store, self.connector, user, reach=reach, now=self.now)
        return self._grants[user.id, reach]

    async def user(self, **options: Any) -> SomeUser:
        return await a_user(self.store, self.tenant, now=self.now, **options)

    async def group(self, *admins: SomeUser) -> GroupId:
        return await a_group(self.store, self.tenant, admins=admins or (self.mal,), now=self.now)

    async def forget_events(self) -> None:
        """Those that webhooks were to be sent: the next server has nothing to do before it is asked."""
        for table in ("webhook_deliveries", "untold_changes"):
            await self.store.run(f"DELETE FROM {table} WHERE tenant_id = :tenant_id", tenant_id=self.tenant.id)
