"""Events of tenants, their domains and their trail."""

from __future__ import annotations

from tenantry.audit.events.base import Event


class TenantCreated(Event, tag="tenant.created"):
    name: str


class TenantUpdated(Event, tag="tenant.updated"):
    name: str
    country: str | None = None


class PoliciesChanged(Event, tag="tenant.policies_changed"):
    second_factor: str
    phone_sign_in: str
    connector_registration: str
    second_factor_from: int | None = None


class TenantDisabled(Event, tag="tenant.disabled"):
    pass


class TenantEnabled(Event, tag="tenant.enabled"):
    pass


class TenantDeleted(Event, tag="tenant.deleted"):
    """It is in the tenant's trail and, with the tenant's name, in that of the system, which stays."""

    tenant_id: str | None = None
    name: str | None = None


class TenantRestored(Event, tag="tenant.restored"):
    """It is in both trails, as TenantDeleted is."""

    tenant_id: str | None = None
    name: str | None = None


class TenantPurged(Event, tag="tenant.purged"):
    """It is in the trail of the system. Nothing is left of the tenant but what that trail says."""

    tenant_id: str
    name: str


class DomainAdded(Event, tag="domain.added"):
    domain: str


class DomainProofBegun(Event, tag="domain.proof_begun"):
    domain: str


class DomainProofDropped(Event, tag="domain.proof_dropped"):
    domain: str


class DomainRemoved(Event, tag="domain.removed"):
    domain: str


class TrailNoted(Event, tag="trail.noted"):
    """It is in the trail of the system: the newest seal of the tenant's trail, as NUMBER:DIGEST."""

    tenant_id: str
    head: str


class AuditExported(Event, tag="audit.exported"):
    format: str


class AuditVerified(Event, tag="audit.verified"):
    """Somebody checked the last `seals` of the trail in the portal; this many of them were `broken`."""

    seals: int
    broken: int
