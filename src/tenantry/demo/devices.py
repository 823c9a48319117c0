"""The demo's third story: a partner is the EMM of its customer, with a service account and its key file."""

from __future__ import annotations

from tenantry.connectors.service_accounts import add_service_account_key, key_file, register_service_account
from tenantry.core.ids import TenantId, new_guid
from tenantry.demo.facts import Facts
from tenantry.demo.groups import Staff
from tenantry.demo.maker import CUSTOMER_DOMAIN, LEAD, PARTNER_DOMAIN, Maker
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.devices.managed_accounts import AccountType, add_google_managed_account, insert_account


async def make_enterprise(
    maker: Maker, partner: TenantId, customer: TenantId, staff: Staff
) -> tuple[Facts, dict[str, str]]:
    """Make the enterprise and the service account: facts of them, and the content of the key file."""
    tx, caller, now = maker.tx, maker.caller, maker.now
    account = await register_service_account(tx, caller, tenant_id=partner, name="emm", domain=PARTNER_DOMAIN, now=now)
    key_id = new_guid().replace("-", "")
    await add_service_account_key(tx, caller, partner, account.connector_id, key_id, maker.ready.public_pem, now)
    enterprise_id = await enroll_enterprise(
        tx,
        caller,
        tenant_id=customer,
        emm_tenant_id=partner,
        name="Alder Logistics",
        service_account_id=account.connector_id,
        primary_domain=CUSTOMER_DOMAIN,
        now=now,
    )
    managed = await insert_account(
        tx,
        caller,
        enterprise_id,
        account_identifier="mia-moss",
        account_type=AccountType.USER_ACCOUNT,
        display_name="Mia Moss",
        user_id=staff.member,
        now=now,
    )
    google_managed = await add_google_managed_account(
        tx,
        caller,
        enterprise_id,
        primary_email=f"{LEAD}@{CUSTOMER_DOMAIN}",
        display_name="Leo Lind",
        now=now,
    )
    facts = {
        "enterprise_id": enterprise_id,
        "service_account_file": "",
        "emm_managed_user_id": managed.id,
        "google_managed_user_id": google_managed,
    }
    key = key_file(
        email=account.email,
        connector_id=account.connector_id,
        key_id=key_id,
        private_pem=maker.ready.private_pem,
        token_uri="",
        project_id=partner,
    )
    return facts, key
