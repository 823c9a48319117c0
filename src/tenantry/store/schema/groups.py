"""Groups, the people in them, and which group is below which."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index

from tenantry.store.schema.parts import child_of, digest, index, maybe_text, maybe_time, of_user, owned, text, time

owned(
    "groups",
    text("id"),
    text("name"),
    text("name_key", default="''"),  # its normal form: what lists go by, and searches begin with
    text("welcome_message"),
    text("group_type"),  # group | connect_group
    maybe_text("image_url"),
    maybe_text("background_url"),
    maybe_text("short_description"),
    maybe_text("long_description"),
    maybe_text("created_by"),
    time("created_at"),
    time("updated_at"),
    maybe_time("deleted_at"),
    index("ix_groups_name", "tenant_id", "name_key", "id", where="deleted_at IS NULL"),
    index("ix_groups_deleted", "tenant_id", "deleted_at", "id", where="deleted_at IS NOT NULL"),
    key=("id",),
)


def _of_group(table: str, column: str = "group_id") -> ForeignKeyConstraint:
    return child_of("groups", column, name=f"fk_{table}_{column}")


def _members(name: str, *more: str, where: str) -> Index:
    """An index of those of a group with such a role, by name."""
    return index(name, "tenant_id", "group_id", "member_key", "user_id", *more, where=where)


owned(
    "group_members",
    text("group_id"),
    text("user_id"),
    text("role"),  # admin | member | subscriber
    time("added_at"),
    maybe_text("member_key"),  # the user's display_key, which lists go by; NULL while the user is deleted
    _of_group("group_members"),
    of_user("group_members"),
    index("ix_group_members_user", "tenant_id", "user_id", "group_id"),
    _members("ix_group_members_name", "role", where="role <> 'subscriber'"),
    _members("ix_group_members_admin", where="role = 'admin'"),
    _members("ix_group_members_subscriber", where="role = 'subscriber'"),
    key=("group_id", "user_id"),
)

owned(
    "group_links",
    text("parent_id"),
    text("child_id"),
    time("created_at"),
    _of_group("group_links", "parent_id"),
    _of_group("group_links", "child_id"),
    index("ix_group_links_child", "tenant_id", "child_id", "parent_id"),
    key=("parent_id", "child_id"),
)

owned(
    "group_invitations",
    digest("invitation_hash"),
    text("id"),  # to list and end it by; opens nothing
    text("group_id"),
    text("role"),  # what who follows the link becomes: member | subscriber
    text("created_by"),
    time("created_at"),
    time("expires_at"),
    maybe_time("ended_at"),
    _of_group("group_invitations"),
    index("ix_group_invitations_group", "tenant_id", "group_id"),
    key=("invitation_hash",),
)
