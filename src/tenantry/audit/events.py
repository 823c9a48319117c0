"""Every event the trail knows. The tag is stored as `type`, the other fields as JSON; secrets are never fields."""

from __future__ import annotations

import msgspec

from tenantry.core.ids import TenantId

SYSTEM_TENANT = TenantId("00000000-0000-0000-0000-000000000000")
"""The trail of what belongs to no tenant, such as signing keys."""


class Event(msgspec.Struct, omit_defaults=True):
    """Base of all events."""


def _all(base: type[Event]) -> list[type[Event]]:
    return [kind for child in base.__subclasses__() for kind in (child, *_all(child))]


def all_events() -> list[type[Event]]:
    """Every event type, for the tests that hold the list against the documentation."""
    return _all(Event)


# Tenants and domains


class TenantCreated(Event, tag="tenant.created"):
    name: str


class TenantUpdated(Event, tag="tenant.updated"):
    name: str
    country: str | None = None


class TenantDeleted(Event, tag="tenant.deleted"):
    pass


class DomainAdded(Event, tag="domain.added"):
    domain: str


class DomainProofBegun(Event, tag="domain.proof_begun"):
    domain: str


class DomainProofDropped(Event, tag="domain.proof_dropped"):
    domain: str


class DomainRemoved(Event, tag="domain.removed"):
    domain: str


# Users


class UserCreated(Event, tag="user.created"):
    user_id: str
    user_principal_name: str


class UserUpdated(Event, tag="user.updated"):
    user_id: str
    fields: list[str]


class UserDeleted(Event, tag="user.deleted"):
    user_id: str


class UserRestored(Event, tag="user.restored"):
    user_id: str


class UserPurged(Event, tag="user.purged"):
    user_id: str


class UserImportBegun(Event, tag="user_import.begun"):
    import_id: str
    file_name: str
    rows: int


class AuditExported(Event, tag="audit.exported"):
    format: str


class UsersExported(Event, tag="users.exported"):
    pass


class PasswordSet(Event, tag="password.set"):
    user_id: str
    must_change: bool


class SignInSucceeded(Event, tag="sign_in.succeeded"):
    user_id: str
    amr: list[str]


class SignInRefused(Event, tag="sign_in.refused"):
    user_principal_name: str
    reason: str


class SessionStarted(Event, tag="session.started"):
    session_id: str
    user_id: str
    amr: list[str]


class SessionEnded(Event, tag="session.ended"):
    session_id: str
    user_id: str


class SessionsEnded(Event, tag="session.all_ended"):
    user_id: str
    sessions: int
    reason: str


class SecondFactorProved(Event, tag="second_factor.proved"):
    user_id: str
    method: str


class SecondFactorRefused(Event, tag="second_factor.refused"):
    user_id: str
    method: str
    reason: str


class SecondFactorAdded(Event, tag="second_factor.added"):
    user_id: str
    method: str


class SecondFactorRemoved(Event, tag="second_factor.removed"):
    user_id: str
    method: str


class SecondFactorsReset(Event, tag="second_factor.all_reset"):
    """Somebody else took every second factor of the user away."""

    user_id: str
    methods: list[str]


class IdentityProviderAdded(Event, tag="identity_provider.added"):
    provider_id: str
    issuer: str


class IdentityProviderRemoved(Event, tag="identity_provider.removed"):
    provider_id: str


class IdentityLinked(Event, tag="identity.linked"):
    user_id: str
    provider_id: str
    subject: str


class UpstreamSignInRefused(Event, tag="upstream_sign_in.refused"):
    provider_id: str
    reason: str


class RoleAssigned(Event, tag="role.assigned"):
    user_id: str
    role_id: str
    expires_at: int | None = None


class RoleRemoved(Event, tag="role.removed"):
    user_id: str
    role_id: str


# Phones


class PinSent(Event, tag="pin.sent"):
    number: str
    purpose: str


class PinRefused(Event, tag="pin.refused"):
    number: str
    purpose: str
    reason: str


class PhoneVerified(Event, tag="phone.verified"):
    user_id: str
    number: str


class PhoneRemoved(Event, tag="phone.removed"):
    user_id: str
    number: str


# Groups


class GroupCreated(Event, tag="group.created"):
    group_id: str
    name: str
    parent_id: str | None = None


class GroupUpdated(Event, tag="group.updated"):
    group_id: str
    name: str


class GroupDeleted(Event, tag="group.deleted"):
    group_id: str
    name: str


class GroupRestored(Event, tag="group.restored"):
    group_id: str
    name: str


class GroupPurged(Event, tag="group.purged"):
    group_id: str


class GroupLinked(Event, tag="group.linked"):
    """`child_id` is a sub-group of `group_id` from now on."""

    group_id: str
    child_id: str


class GroupUnlinked(Event, tag="group.unlinked"):
    group_id: str
    child_id: str


class GroupInvitationCreated(Event, tag="group_invitation.created"):
    group_id: str
    invitation_id: str
    role: str
    expires_at: int


class GroupInvitationEnded(Event, tag="group_invitation.ended"):
    group_id: str
    invitation_id: str


class GroupMembersExported(Event, tag="group_members.exported"):
    group_id: str
    subscribers: bool


class GroupMemberAdded(Event, tag="group.member_added"):
    group_id: str
    user_id: str
    role: str
    invitation_id: str | None = None


class GroupMemberRemoved(Event, tag="group.member_removed"):
    group_id: str
    user_id: str


class GroupMemberRoleSet(Event, tag="group.member_role_set"):
    group_id: str
    user_id: str
    role: str


# Delegation


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


class CustomerEntered(Event, tag="customer.entered"):
    """A partner's user began to act in the customer."""

    partner_tenant_id: str


# Connectors


class ConnectorRegistered(Event, tag="connector.registered"):
    connector_id: str
    name: str
    permissions: list[str]


class ConnectorDeactivated(Event, tag="connector.deactivated"):
    connector_id: str


class ConnectorActivated(Event, tag="connector.activated"):
    connector_id: str


class ConnectorDeleted(Event, tag="connector.deleted"):
    connector_id: str


class ConnectorSecretAdded(Event, tag="connector.secret_added"):
    connector_id: str
    secret_id: str


class ConnectorSecretEnded(Event, tag="connector.secret_ended"):
    connector_id: str
    secret_id: str


class ServiceAccountKeyAdded(Event, tag="service_account_key.added"):
    connector_id: str
    key_id: str


class ServiceAccountKeyRevoked(Event, tag="service_account_key.revoked"):
    connector_id: str
    key_id: str


# Grants and tokens


class GrantCreated(Event, tag="grant.created"):
    grant_id: str
    connector_id: str
    user_id: str
    reach: str
    permissions: list[str]
    expires_at: int
    group_id: str | None = None


class GrantRevoked(Event, tag="grant.revoked"):
    grant_id: str
    connector_id: str
    reason: str


class RefreshTokenIssued(Event, tag="refresh_token.issued"):
    grant_id: str
    expires_at: int


class AuthorizationCodeIssued(Event, tag="authorization_code.issued"):
    connector_id: str
    user_id: str


class AuthorizationCodeReused(Event, tag="authorization_code.reused"):
    connector_id: str
    grant_id: str


class AccessTokenIssued(Event, tag="access_token.issued"):
    jti: str
    audience: str
    expires_at: int


class TokenRefused(Event, tag="token.refused"):
    """An exchange that was refused; `reason` is what the client is not told."""

    reason: str
    audience: str


class AccessDenied(Event, tag="access.denied"):
    """A decision against a proven caller, with the facts that led to it."""

    action: str
    reason: str
    facts: list[str] = []


class SigningKeyRotated(Event, tag="signing_key.rotated"):
    key_id: str
    signs_from: int


# Webhooks. Of their addresses only the host is told: the rest may be a secret in itself.


class WebhookRegistered(Event, tag="webhook.registered"):
    webhook_id: str
    object_type: str
    object_id: str
    event_types: list[str]
    host: str


class WebhookUpdated(Event, tag="webhook.updated"):
    webhook_id: str
    event_types: list[str]
    host: str


class WebhookEnabled(Event, tag="webhook.enabled"):
    webhook_id: str


class WebhookDisabled(Event, tag="webhook.disabled"):
    """By somebody, or by the server after the last attempt; `reason` says which."""

    webhook_id: str
    reason: str


class WebhookDeleted(Event, tag="webhook.deleted"):
    webhook_id: str


class WebhookTested(Event, tag="webhook.tested"):
    webhook_id: str


class WebhookEventRepeated(Event, tag="webhook.event_repeated"):
    webhook_id: str
    delivery_id: str


# Devices


class EnterpriseEnrolled(Event, tag="enterprise.enrolled"):
    enterprise_id: str
    emm_tenant_id: str


class EnterpriseUnenrolled(Event, tag="enterprise.unenrolled"):
    enterprise_id: str


class EnterpriseAccountSet(Event, tag="enterprise.account_set"):
    enterprise_id: str
    connector_id: str


class ManagedAccountCreated(Event, tag="managed_account.created"):
    managed_account_id: str
    enterprise_id: str
    account_identifier: str | None = None


class ManagedAccountUpdated(Event, tag="managed_account.updated"):
    managed_account_id: str


class ManagedAccountDeleted(Event, tag="managed_account.deleted"):
    managed_account_id: str


class DeviceTokenIssued(Event, tag="device_token.issued"):
    managed_account_id: str
    expires_at: int


class DeviceTokenRefused(Event, tag="device_token.refused"):
    reason: str
    managed_account_id: str | None = None


class DeviceProvisioned(Event, tag="device.provisioned"):
    managed_account_id: str
    android_id: str


class DevicePolicySet(Event, tag="device.policy_set"):
    managed_account_id: str
    android_id: str


class DeviceStateSet(Event, tag="device.state_set"):
    managed_account_id: str
    android_id: str
    account_state: str


class DeviceReportRequested(Event, tag="device.report_requested"):
    managed_account_id: str
    android_id: str


class DeviceRemoved(Event, tag="device.removed"):
    managed_account_id: str
    android_id: str


class DeviceAccessRevoked(Event, tag="device.access_revoked"):
    managed_account_id: str
    devices: int
