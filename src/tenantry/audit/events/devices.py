"""Events of enterprises, managed accounts and devices."""

from __future__ import annotations

from tenantry.audit.events.base import Event, Mark


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


class DeviceTokenRefused(Mark, tag="device_token.refused"):
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
