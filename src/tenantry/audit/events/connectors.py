"""Events of connectors, their permissions, secrets and keys."""

from __future__ import annotations

from tenantry.audit.events.base import Event


class ConnectorRegistered(Event, tag="connector.registered"):
    connector_id: str
    name: str
    permissions: list[str]


class ConnectorPermissionsAsked(Event, tag="connector.permissions_asked"):
    """The permissions wait for an administrator."""

    connector_id: str
    permissions: list[str]


class ConnectorPermissionsWithdrawn(Event, tag="connector.permissions_withdrawn"):
    """The request was taken back before anybody answered it."""

    connector_id: str
    permissions: list[str]


class ConnectorPermissionsApproved(Event, tag="connector.permissions_approved"):
    """The permissions are in force from here on. `user_id` asked for them."""

    connector_id: str
    user_id: str
    permissions: list[str]


class ConnectorPermissionsDeclined(Event, tag="connector.permissions_declined"):
    """The permissions were declined. `user_id` asked for them; None when that is not known."""

    connector_id: str
    user_id: str | None
    permissions: list[str]


class ConnectorPermissionsAdded(Event, tag="connector.permissions_added"):
    """The permissions are in force from here on, by somebody who may decide that."""

    connector_id: str
    permissions: list[str]


class ConnectorPermissionsRemoved(Event, tag="connector.permissions_removed"):
    """The permissions were in force until here."""

    connector_id: str
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


class ConnectorRoleGiven(Event, tag="connector.role_given"):
    connector_id: str
    role_id: str
    expires_at: int | None = None


class ConnectorRoleTaken(Event, tag="connector.role_taken"):
    connector_id: str
    role_id: str
