"""Words that stand in rows, in the trail and in secrets, or that clients send and are sent, stay what they are.

Another word would be right in the code that reads it, and wrong for everything that was written before.
"""

from __future__ import annotations

from enum import StrEnum

import pytest

from tenantry.access import overview, trail
from tenantry.access.actions import Action, GroupRole, Permission
from tenantry.access.decision import Reason
from tenantry.audit.events import all_events
from tenantry.devices.devices import AccountState
from tenantry.devices.managed_accounts import AccountType, ManagementType
from tenantry.directory.users import UserOrder
from tenantry.tokens.secrets import SecretKind

WORDS: dict[type[StrEnum], str] = {
    Permission: """
        group_information group_members text_messages actions user_profile media webhooks tenant_data reactions
        partner_center android_enterprise
    """,
    GroupRole: "admin member subscriber",
    Action: """
        public.read token.obtain pin.request device.provision session.start demo_inbox.read own_profile.read group.list
        group.read group.create group.update group.delete group_member.list group_member.add group_member.remove
        group_member.set_role webhook.read webhook.change user.list user.read user.create user.update
        user.reset_password user.change_sign_in_methods user.block user.delete user.restore
        lesser_administrator.change administrator.change domain.find enterprise.read managed_account.read
        managed_account.write device_token.generate device_access.revoke device.read device.write home.see
        phone.register identity_provider.change own_sign_in.manage connector.list connector.read connector.register
        connector.change connector.approve group.list_all group.create_connect group.restore group.invite group.join
        webhook.list webhook.change_of_tenant grant.create grant.create_for_group grant.revoke report.see reach.see
        blast_radius.see role.assign audit.read tenant.read tenant.change relationship.read relationship.approve
        relationship.end relationship.request customer.list customer.act
    """,
    Reason: """
        public operator granted permission_missing app_only mfa_missing other_tenant no_relation role_missing
        beyond_relationship group_unknown outside_reach group_role_missing enterprise_unknown
    """,
    AccountState: "enabled disabled",
    ManagementType: "emm_managed google_managed",
    AccountType: "user_account device_account",
    UserOrder: "name display_name",
    SecretKind: "rt cs dt dc ac ss si us gi",
}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_word_that_is_written_down_is_not_replaced(kind: type[StrEnum]) -> None:
    assert list(kind) == WORDS[kind].split()


def test_events_that_are_searched_and_counted_are_ones_that_are_recorded() -> None:
    recorded = {event.__struct_config__.tag for event in all_events()}
    asked = trail.ISSUED | overview._ISSUED | overview._REFUSED | overview._SIGNED_IN
    asked |= overview._SIGN_IN_REFUSED | overview._DENIED
    assert asked - recorded == set()


def test_fields_that_name_a_thing_are_fields_of_events() -> None:
    fields = {field for event in all_events() for field in event.__struct_fields__}
    assert set(trail.NAMED) - fields == set()
