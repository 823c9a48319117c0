"""Every action of every endpoint, with the rule that must hold for it. A route without an action fails a test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Permission(StrEnum):
    """What a connector may ask for: the OAuth scope (RFC 6749 §3.3). Kaizala's: Kaizala contract §1.1."""

    GROUP_INFORMATION = "group_information"
    GROUP_MEMBERS = "group_members"
    TEXT_MESSAGES = "text_messages"
    ACTIONS = "actions"
    USER_PROFILE = "user_profile"
    MEDIA = "media"
    WEBHOOKS = "webhooks"
    TENANT_DATA = "tenant_data"
    REACTIONS = "reactions"
    PARTNER_CENTER = "partner_center"
    ANDROID_ENTERPRISE = "android_enterprise"


class RoleId(StrEnum):
    """The built-in directory roles, by their public template ids (Partner Center contract §3.5)."""

    GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
    GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
    USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
    HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
    PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
    DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
    DIRECTORY_WRITERS = "9360feb5-f418-4baa-8175-e2a00bac4301"
    LICENSE_ADMINISTRATOR = "4d6ac14f-3453-41d0-bef9-a3e0c569773a"
    PASSWORD_ADMINISTRATOR = "966707d0-3269-4727-9be2-8c3a10f19b9d"
    SERVICE_SUPPORT_ADMINISTRATOR = "f023fd81-a637-4b56-95fd-791ac0226033"
    GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"


class GroupRole(StrEnum):
    """The role of a user in a group."""

    ADMIN = "admin"
    MEMBER = "member"
    SUBSCRIBER = "subscriber"


class Action(StrEnum):
    """What an endpoint does, in the words of the audit trail."""

    # open to everyone, by nature
    READ_PUBLIC = "public.read"  # discovery, keys, health
    OBTAIN_TOKEN = "token.obtain"  # the secret presented is the permission
    REQUEST_PIN = "pin.request"
    PROVISION_DEVICE = "device.provision"
    SIGN_IN = "session.start"  # the password, PIN or key presented is the permission
    READ_DEMO_INBOX = "demo_inbox.read"  # demo mode only

    # Kaizala
    READ_OWN_PROFILE = "own_profile.read"
    LIST_GROUPS = "group.list"
    READ_GROUP = "group.read"
    CREATE_GROUP = "group.create"
    UPDATE_GROUP = "group.update"
    DELETE_GROUP = "group.delete"
    LIST_GROUP_MEMBERS = "group_member.list"
    ADD_GROUP_MEMBERS = "group_member.add"
    REMOVE_GROUP_MEMBER = "group_member.remove"
    SET_GROUP_MEMBER_ROLE = "group_member.set_role"
    READ_WEBHOOKS = "webhook.read"
    CHANGE_WEBHOOKS = "webhook.change"

    # Partner Center
    LIST_USERS = "user.list"
    READ_USER = "user.read"
    CREATE_USER = "user.create"
    UPDATE_USER = "user.update"
    RESET_PASSWORD = "user.reset_password"
    CHANGE_SIGN_IN_METHODS = "user.change_sign_in_methods"  # another user's phones and second factors, in the portal
    BLOCK_USER = "user.block"  # and unblock, in the portal
    DELETE_USER = "user.delete"
    RESTORE_USER = "user.restore"
    CHANGE_LESSER_ADMINISTRATOR = "lesser_administrator.change"  # password, name, deletion, restoring of a role holder
    CHANGE_ADMINISTRATOR = "administrator.change"  # the same of a user who holds a role that gives more
    FIND_DOMAIN = "domain.find"  # whether anybody has this account name or domain

    # Android Enterprise
    READ_ENTERPRISE = "enterprise.read"
    READ_MANAGED_ACCOUNT = "managed_account.read"
    WRITE_MANAGED_ACCOUNT = "managed_account.write"
    GENERATE_DEVICE_TOKEN = "device_token.generate"
    REVOKE_DEVICE_ACCESS = "device_access.revoke"
    READ_DEVICE = "device.read"
    WRITE_DEVICE = "device.write"

    # Portal
    SEE_HOME = "home.see"
    REGISTER_PHONE = "phone.register"  # one's own
    CHANGE_IDENTITY_PROVIDERS = "identity_provider.change"
    MANAGE_OWN_SIGN_IN = "own_sign_in.manage"  # one's password, second factors and sessions
    LIST_CONNECTORS = "connector.list"
    READ_CONNECTOR = "connector.read"
    REGISTER_CONNECTOR = "connector.register"
    CHANGE_CONNECTOR = "connector.change"  # its secrets and permissions, on and off, deleting it
    APPROVE_CONNECTOR = "connector.approve"  # which sensitive permissions a connector has; declining them too
    LIST_ALL_GROUPS = "group.list_all"  # other people's too
    CREATE_CONNECT_GROUP = "group.create_connect"  # a group that broadcasts
    RESTORE_GROUP = "group.restore"
    INVITE_TO_GROUP = "group.invite"  # by a link, which whoever has it may follow
    JOIN_GROUP = "group.join"  # the link presented is the permission
    LIST_WEBHOOKS = "webhook.list"  # webhooks of one's groups
    CHANGE_TENANT_WEBHOOKS = "webhook.change_of_tenant"  # webhooks that hear of every group; reading them too
    GRANT_CONNECTOR = "grant.create"  # as far as one's own rights go
    GRANT_CONNECTOR_GROUP = "grant.create_for_group"
    REVOKE_GRANT = "grant.revoke"
    SEE_REPORTS = "report.see"  # the tenant's numbers
    SEE_REACH = "reach.see"
    SEE_BLAST_RADIUS = "blast_radius.see"
    ASSIGN_ROLE = "role.assign"  # and take a role away
    READ_AUDIT = "audit.read"
    READ_TENANT = "tenant.read"
    CHANGE_TENANT = "tenant.change"
    READ_RELATIONSHIPS = "relationship.read"  # with partners, in the customer
    APPROVE_RELATIONSHIP = "relationship.approve"
    END_RELATIONSHIP = "relationship.end"  # by either side; declining a request is ending it
    REQUEST_RELATIONSHIP = "relationship.request"  # by the partner, in its own tenant
    LIST_CUSTOMERS = "customer.list"
    ACT_IN_CUSTOMER = "customer.act"


class Thing(Enum):
    """What an action is about. It says what may allow the action besides a directory role."""

    DIRECTORY = auto()
    GROUP = auto()  # the user's role in the group; for a connector, the reach of its grant
    ENTERPRISE = auto()  # for a connector, that the enterprise is bound to it or its tenant


@dataclass(frozen=True, slots=True)
class Rule:
    """What an action requires, whoever asks and through whichever door. An empty field requires nothing."""

    thing: Thing = Thing.DIRECTORY
    group_role: GroupRole | None = None
    """The least role the user needs in the group, when the action names one."""
    roles: frozenset[RoleId] = frozenset()
    """Directory or delegated roles, any one of which suffices."""
    own_only: bool = False
    """Refused to a partner that acts by a relationship, whatever its roles: it could prolong its own access."""


PUBLIC = frozenset(
    {
        Action.READ_PUBLIC,
        Action.OBTAIN_TOKEN,
        Action.REQUEST_PIN,
        Action.PROVISION_DEVICE,
        Action.SIGN_IN,
        Action.READ_DEMO_INBOX,
    }
)
"""Actions that need no caller. Each route says what protects it instead."""


def _by(*roles: RoleId) -> Rule:
    """Allow every user of the tenant if no roles are named; else those who hold one, and the owner of the thing."""
    return Rule(roles=frozenset(roles))


def _group(group_role: GroupRole | None = None, *roles: RoleId) -> Rule:
    """Allow whoever has `group_role` in the group or one of the directory roles; without any of these, every user."""
    return Rule(Thing.GROUP, group_role, frozenset(roles))


def _users(*roles: RoleId) -> Rule:
    """As `_by`, and allow a Global Administrator (Partner Center contract §3.5)."""
    return Rule(roles=frozenset({*roles, RoleId.GLOBAL_ADMINISTRATOR}))


def _enterprise(*roles: RoleId) -> Rule:
    """Allow connectors that the enterprise is bound to, which need no role, and people who hold one of `roles`."""
    return Rule(Thing.ENTERPRISE, roles=frozenset({*roles, RoleId.GLOBAL_ADMINISTRATOR}))


def _own_only(*roles: RoleId) -> Rule:
    """Allow the tenant's own administrators only: the action decides who can sign in here, and as whom."""
    return Rule(roles=frozenset(roles), own_only=True)


_GROUP_ADMINS = (RoleId.GLOBAL_ADMINISTRATOR, RoleId.GROUPS_ADMINISTRATOR)
_GROUP_READERS = (*_GROUP_ADMINS, RoleId.GLOBAL_READER)
_PASSWORD_ADMINS = (
    RoleId.USER_ADMINISTRATOR,
    RoleId.HELPDESK_ADMINISTRATOR,
    RoleId.PASSWORD_ADMINISTRATOR,
    RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
)
_USER_READERS = (
    RoleId.DIRECTORY_READERS,
    RoleId.GLOBAL_READER,
    RoleId.DIRECTORY_WRITERS,
    *_PASSWORD_ADMINS,
)

RULES: dict[Action, Rule] = {
    Action.READ_OWN_PROFILE: _group(),
    Action.LIST_GROUPS: _group(),
    Action.READ_GROUP: _group(GroupRole.MEMBER, *_GROUP_READERS),
    Action.CREATE_GROUP: _group(),
    Action.UPDATE_GROUP: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.DELETE_GROUP: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.LIST_GROUP_MEMBERS: _group(GroupRole.MEMBER, *_GROUP_READERS),
    Action.ADD_GROUP_MEMBERS: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.REMOVE_GROUP_MEMBER: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.SET_GROUP_MEMBER_ROLE: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.READ_WEBHOOKS: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.CHANGE_WEBHOOKS: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.LIST_USERS: _users(*_USER_READERS),
    Action.READ_USER: _users(*_USER_READERS),
    Action.CREATE_USER: _users(RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS),
    Action.UPDATE_USER: _users(RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS),
    Action.RESET_PASSWORD: _users(*_PASSWORD_ADMINS),
    Action.CHANGE_SIGN_IN_METHODS: _by(
        RoleId.GLOBAL_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR, RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
    ),
    Action.BLOCK_USER: _by(
        RoleId.GLOBAL_ADMINISTRATOR, RoleId.USER_ADMINISTRATOR, RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
    ),
    Action.DELETE_USER: _users(RoleId.USER_ADMINISTRATOR),
    Action.RESTORE_USER: _users(RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS),
    Action.CHANGE_LESSER_ADMINISTRATOR: _users(
        RoleId.USER_ADMINISTRATOR, RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
    ),
    Action.CHANGE_ADMINISTRATOR: _users(RoleId.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR),
    Action.FIND_DOMAIN: _by(),  # Partner Center contract §1.4
    Action.READ_ENTERPRISE: _enterprise(RoleId.GLOBAL_READER),
    Action.READ_MANAGED_ACCOUNT: _enterprise(RoleId.GLOBAL_READER),
    Action.WRITE_MANAGED_ACCOUNT: _enterprise(),
    Action.GENERATE_DEVICE_TOKEN: _enterprise(),
    Action.REVOKE_DEVICE_ACCESS: _enterprise(),
    Action.READ_DEVICE: _enterprise(RoleId.GLOBAL_READER),
    Action.WRITE_DEVICE: _enterprise(),
    Action.SEE_HOME: _by(),
    Action.REGISTER_PHONE: _by(),
    Action.MANAGE_OWN_SIGN_IN: _by(),
    Action.CHANGE_IDENTITY_PROVIDERS: _own_only(RoleId.GLOBAL_ADMINISTRATOR),
    Action.LIST_CONNECTORS: _by(),
    Action.READ_CONNECTOR: _by(),
    Action.REGISTER_CONNECTOR: _by(),
    Action.CHANGE_CONNECTOR: _by(RoleId.GLOBAL_ADMINISTRATOR),
    Action.APPROVE_CONNECTOR: _own_only(RoleId.GLOBAL_ADMINISTRATOR),
    Action.LIST_ALL_GROUPS: _by(*_GROUP_READERS),
    Action.CREATE_CONNECT_GROUP: _by(*_GROUP_ADMINS),
    Action.RESTORE_GROUP: _by(*_GROUP_ADMINS),
    Action.INVITE_TO_GROUP: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.JOIN_GROUP: _by(),
    Action.LIST_WEBHOOKS: _by(),
    Action.CHANGE_TENANT_WEBHOOKS: _by(RoleId.GLOBAL_ADMINISTRATOR),
    Action.GRANT_CONNECTOR: _by(),
    Action.GRANT_CONNECTOR_GROUP: _group(GroupRole.ADMIN, *_GROUP_ADMINS),
    Action.REVOKE_GRANT: _by(RoleId.GLOBAL_ADMINISTRATOR),
    Action.SEE_REPORTS: _by(RoleId.GLOBAL_ADMINISTRATOR, RoleId.GLOBAL_READER),
    Action.SEE_REACH: _by(RoleId.GLOBAL_ADMINISTRATOR, RoleId.GLOBAL_READER),
    Action.SEE_BLAST_RADIUS: _by(RoleId.GLOBAL_ADMINISTRATOR, RoleId.GLOBAL_READER, RoleId.USER_ADMINISTRATOR),
    Action.ASSIGN_ROLE: _by(RoleId.GLOBAL_ADMINISTRATOR, RoleId.PRIVILEGED_ROLE_ADMINISTRATOR),
    Action.READ_TENANT: _by(),
    Action.CHANGE_TENANT: _own_only(RoleId.GLOBAL_ADMINISTRATOR),
    Action.READ_RELATIONSHIPS: _by(RoleId.GLOBAL_ADMINISTRATOR, RoleId.GLOBAL_READER),
    Action.APPROVE_RELATIONSHIP: _own_only(RoleId.GLOBAL_ADMINISTRATOR),
    Action.END_RELATIONSHIP: _own_only(RoleId.GLOBAL_ADMINISTRATOR),
    Action.REQUEST_RELATIONSHIP: _own_only(RoleId.GLOBAL_ADMINISTRATOR),
    Action.LIST_CUSTOMERS: _by(),
    Action.ACT_IN_CUSTOMER: _by(*RoleId),
    Action.READ_AUDIT: _by(RoleId.GLOBAL_ADMINISTRATOR, RoleId.GLOBAL_READER),
}
"""The rule of every action that is not public."""

EFFECTIVE_ROLES = frozenset(
    role for action, rule in RULES.items() if action is not Action.ACT_IN_CUSTOMER for role in rule.roles
)
"""Roles that some rule names. Clients know others, which may be held, but the portal does not offer those."""

KAIZALA_PERMISSIONS = frozenset(Permission) - {Permission.PARTNER_CENTER, Permission.ANDROID_ENTERPRISE}
"""The permissions that a sign-in by phone, or a user token, can give a connector."""
