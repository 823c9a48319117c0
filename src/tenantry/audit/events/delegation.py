"""Events of partners and customers."""

from __future__ import annotations

import msgspec

from tenantry.audit.events.base import Event


class ResellerRelationshipCreated(Event, tag="reseller_relationship.created"):
    partner_tenant_id: str


class ResellerRelationshipEnded(Event, tag="reseller_relationship.ended"):
    partner_tenant_id: str


class RelationshipRequested(Event, tag="relationship.requested"):
    relationship_id: str
    partner_tenant_id: str
    role_ids: list[str]


class RelationshipApproved(Event, tag="relationship.approved"):
    relationship_id: str
    partner_tenant_id: str
    expires_at: int


class RelationshipEnded(Event, tag="relationship.ended"):
    relationship_id: str
    partner_tenant_id: str
    status: str
    user_ids: list[str] = msgspec.field(default_factory=list)
    """The newest accounts that the partner made, or knows the password of: they stay."""


class RelationshipExpired(Event, tag="relationship.expired"):
    """The end of the relationship has come. `user_ids` as with `relationship.ended`."""

    relationship_id: str
    partner_tenant_id: str
    user_ids: list[str] = msgspec.field(default_factory=list)


class CustomerEntered(Event, tag="customer.entered"):
    """A partner's user began to act in the customer."""

    partner_tenant_id: str
