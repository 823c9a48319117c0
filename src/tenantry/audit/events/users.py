"""Events of users, their passwords and their roles."""

from __future__ import annotations

from tenantry.audit.events.base import Event


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


class UserBlocked(Event, tag="user.blocked"):
    user_id: str


class UserUnblocked(Event, tag="user.unblocked"):
    user_id: str


class UserPurged(Event, tag="user.purged"):
    user_id: str


class UserImportBegun(Event, tag="user_import.begun"):
    import_id: str
    file_name: str
    rows: int


class UsersExported(Event, tag="users.exported"):
    pass


class PasswordSet(Event, tag="password.set"):
    user_id: str
    must_change: bool


class RoleAssigned(Event, tag="role.assigned"):
    user_id: str
    role_id: str
    expires_at: int | None = None


class RoleRemoved(Event, tag="role.removed"):
    user_id: str
    role_id: str


class RolesShortened(Event, tag="roles.shortened"):
    """One change moved the end of many users' role to this time."""

    role_id: str
    users: list[str]
    expires_at: int


class RolesRemoved(Event, tag="roles.removed"):
    """One change took the role from many users."""

    role_id: str
    users: list[str]
