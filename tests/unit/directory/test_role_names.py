"""Roles are the vendor's: the ids that its clients send, and the names that its documentation lists beside them."""

from __future__ import annotations

from tenantry.access.actions import RoleId
from tenantry.directory.roles import ROLE_NAMES

# https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
PUBLISHED = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
    "9360feb5-f418-4baa-8175-e2a00bac4301": "Directory Writers",
    "4d6ac14f-3453-41d0-bef9-a3e0c569773a": "License Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "f023fd81-a637-4b56-95fd-791ac0226033": "Service Support Administrator",
    "fdd7a751-b60b-444a-984c-02652fe8fa1c": "Groups Administrator",
}


def test_each_role_has_the_id_and_the_name_that_the_vendor_publishes() -> None:
    assert {str(role): ROLE_NAMES[role] for role in RoleId} == PUBLISHED
