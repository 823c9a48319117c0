"""Who makes a request, as far as authenticated, and where the request came from."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from tenantry.core.ids import ConnectorId, CorrelationId, GrantId, GroupId, TenantId, UserId


class CallerKind(StrEnum):
    """What stands behind the request."""

    ANONYMOUS = "anonymous"
    USER = "user"  # a user, through a connector or in the portal
    CONNECTOR = "connector"  # a connector alone (client_credentials)
    SERVICE_ACCOUNT = "service_account"
    DEVICE = "device"
    OPERATOR = "operator"  # whoever may run the command line beside the server


class Audience(StrEnum):
    """The door a caller comes through. An access token's `aud` claim is this word appended to the issuer's URL."""

    PORTAL = "portal"  # a person signed in to the pages; no token is minted for it
    KAIZALA = "kaizala"
    PARTNER_CENTER = "partnercenter"
    ANDROID_ENTERPRISE = "androidenterprise"
    DIRECTORY_GRAPH = "graph"  # what old Partner Center clients ask for first; only good to be exchanged for another


class Reach(StrEnum):
    """How far a grant goes."""

    USER = "user"  # every group the user administers
    TENANT = "tenant"  # every group of the tenant
    GROUP = "group"  # one group and its descendants


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a request came from. Each audit event that the request causes has it."""

    correlation_id: CorrelationId
    address: str
    forwarded: str = ""
    """The address for which the nearest proxy says that it asks; empty when none says so. Anybody can say it: only the
    settings know whether there is such a proxy, in which case `address` is the client's by now.
    """

    @property
    def is_forwarded(self) -> bool:
        """Whether the request came through a proxy, or says so."""
        return bool(self.forwarded)


class Caller(msgspec.Struct, frozen=True, gc=False):
    """An authenticated caller. `tenant_id` is the tenant that it belongs to, which for a partner is not the tenant that
    it acts in.
    """

    kind: CallerKind
    origin: Origin
    audience: Audience | None = None
    """The door that the caller came through. A caller with None came through none, and may do nothing that needs a
    right.
    """
    tenant_id: TenantId | None = None
    user_id: UserId | None = None
    connector_id: ConnectorId | None = None
    grant_id: GrantId | None = None
    permissions: frozenset[str] = frozenset()
    reach: Reach | None = None
    group_id: GroupId | None = None
    amr: frozenset[str] = frozenset()

    @property
    def is_in_person(self) -> bool:
        """Whether a person is signed in, without a connector in between."""
        return self.audience is Audience.PORTAL

    @property
    def subject(self) -> str:
        """What the audit trail calls the actor: `user:ID`, `connector:ID`, `operator`, `anonymous`."""
        match self.kind:
            case CallerKind.USER:
                return f"user:{self.user_id}"
            case CallerKind.CONNECTOR | CallerKind.SERVICE_ACCOUNT:
                return f"connector:{self.connector_id}"
            case kind:
                return kind.value


def anonymous(origin: Origin) -> Caller:
    """A caller who is not authenticated yet."""
    return Caller(CallerKind.ANONYMOUS, origin)


def in_person(origin: Origin, *, tenant_id: TenantId, user_id: UserId, amr: Iterable[str] = ()) -> Caller:
    """A user of the portal, without a connector in between."""
    return Caller(CallerKind.USER, origin, Audience.PORTAL, tenant_id=tenant_id, user_id=user_id, amr=frozenset(amr))


def operator(origin: Origin) -> Caller:
    """The person at the command line, who holds the master key and the database."""
    return Caller(CallerKind.OPERATOR, origin)
