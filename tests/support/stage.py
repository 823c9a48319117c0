"""The things of a quarter of the town by short names, and one of each kind: for tables of changes to rows."""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.core.ids import GroupId, ManagedAccountId
from tenantry.store.engine.interface import Read
from tests.support.builders import HASHER, SomeConnector, SomeEnterprise, SomeGrant, SomeTenant, SomeUser
from tests.support.clock import NOON
from tests.support.town import Quarter


@dataclass(frozen=True, slots=True)
class Stage:
    """One of each pair of twins. Ann is a member, who has given both grants, has the session and signs in."""

    tenant: SomeTenant
    ann: SomeUser
    connector: SomeConnector
    grant: SomeGrant
    group: GroupId
    group_grant: SomeGrant
    enterprise: SomeEnterprise
    account: ManagedAccountId
    webhook: str
    invitation_id: str
    invitation: str
    session_id: str
    sign_in_hash: bytes
    secret_id: str
    device_token: str

    def things(self) -> dict[str, str | bytes]:
        """What only rows about them hold."""
        return {
            "tenant": self.tenant.id,
            "ann": self.ann.id,
            "connector": self.connector.id,
            "grant": self.grant.id,
            "group": self.group,
            "group-grant": self.group_grant.id,
            "enterprise": self.enterprise.id,
            "account": self.account,
            "service-account": self.enterprise.service_account.id,
            "webhook": self.webhook,
            "invitation": self.invitation_id,
            "session": self.session_id,
            "sign-in": self.sign_in_hash,
            "secret": self.secret_id,
            "token": HASHER.hash(self.device_token),
        }

    def names(self) -> dict[str, str | int | bytes]:
        """What a statement may name."""
        things = {name.replace("-", "_"): value for name, value in self.things().items()}
        return {**things, "now": NOON, "later": NOON + 1}


async def a_stage(read: Read, quarter: Quarter, twin: int = 0) -> Stage:
    """The first ones, or the second."""
    people, apps, groups, devices = quarter.people, quarter.apps, quarter.groups, quarter.devices
    connector = apps.connectors[twin]
    [secret_id] = await read.all(
        str,
        "SELECT id FROM connector_secrets WHERE connector_id = :id AND secret_hash = :hash",
        id=connector.id,
        hash=HASHER.hash(connector.secret),
    )
    return Stage(
        tenant=quarter.tenant,
        ann=people.members[twin],
        connector=connector,
        grant=apps.grants[twin],
        group=groups.groups[twin],
        group_grant=apps.group_grants[twin],
        enterprise=devices.enterprises[twin],
        account=devices.accounts[twin],
        webhook=groups.webhooks[twin],
        invitation_id=groups.invitations[twin].id,
        invitation=groups.invitations[twin].secret,
        session_id=people.sessions[twin].id,
        sign_in_hash=HASHER.hash(people.under_way[twin].secret),
        secret_id=secret_id,
        device_token=devices.tokens[twin],
    )
