"""The client `partnercenterservices` from PyPI, unmodified, against a server on a port: as far as that client goes.

It was generated from the vendor's description. It can send no password, so its creations get a generated one; it builds
no object from the 200 that the vendor's page promises for a creation, but hands the JSON over as it is; and to most
errors it answers None (Partner Center contract §5).
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.app import App
from tenantry.core.ids import new_guid
from tenantry.store.engine.interface import Store
from tests.support.app import an_app
from tests.support.builders import SomeTenant, a_connector, a_relationship, a_tenant, a_user
from tests.support.partner_center import a_token
from tests.support.server import a_running_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client is from 2018
    from microsoft.store.partnercenterservices import MicrosoftPartnerStoreApis, models
    from msrest.authentication import BasicTokenAuthentication
    from msrestazure.azure_exceptions import CloudError  # type: ignore[import-untyped]

User = models.MicrosoftPartnerSdkContractsV1CustomerUser
PasswordProfile = models.MicrosoftPartnerSdkContractsV1ContractsPasswordProfile
SecureString = models.SystemSecuritySecureString

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@dataclass(frozen=True)
class Place:
    """The client, signed in as a partner's user, and a customer of that partner."""

    api: Any
    customer: SomeTenant

    async def call(self, operation: Callable[..., Any], *values: Any, **options: Any) -> Any:
        """One blocking call, with the ids every call of this client carries."""
        return await asyncio.to_thread(
            operation, self.customer.id, *values, "1", ms_request_id=new_guid(), ms_correlation_id=new_guid(), **options
        )

    async def create(self, name: str, **values: Any) -> Any:
        user = User(
            user_principal_name=f"{name}@{self.customer.domain}",
            display_name=name.title(),
            usage_location="US",
            **values,
        )
        return await self.call(self.api.postvversioncustomerscustomer.idusers, user)

    async def get(self, user_id: str) -> Any:
        return await self.call(self.api.getvversioncustomerscustomer.id2, user_id)

    async def list(self, **query: Any) -> Any:
        return await self.call(self.api.getvversioncustomerscustomer.value6, **query)

    async def patch(self, user_id: str, **values: Any) -> Any:
        """The user, read again: of a PATCH the client shows only the raw answer."""
        answer = await self.call(self.api.patchvversioncustomerscustomer.id2, user_id, User(**values), raw=True)
        assert answer.response.status_code == 200
        return await self.get(user_id)

    async def delete(self, user_id: str) -> Any:
        return await self.call(self.api.deletevversioncustomerscustomer.id2, user_id, raw=True)


@pytest.fixture
async def place(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the client insists on https otherwise
    apps: list[App] = []

    async def make_app(address: str) -> App:
        apps.append(await an_app(store, public_url=address))
        return apps[0]

    partner, customer = await a_tenant(store), await a_tenant(store)
    await a_relationship(store, partner, customer)
    connector = await a_connector(store, partner)
    user = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    async with a_running_server(make_app) as address:
        token = await a_token(apps[0], store, connector, user)
        credentials = BasicTokenAuthentication({"access_token": token})
        yield Place(MicrosoftPartnerStoreApis(credentials, f"{address}/partnercenter"), customer)


async def test_the_client_lives_with_what_it_created(place: Place) -> None:
    profile = PasswordProfile(SecureString(), force_change_password=False)
    created = await place.create("ann", first_name="Ann", password_profile=profile)
    assert created["userPrincipalName"] == f"ann@{place.customer.domain}"
    assert created["passwordProfile"]["forceChangePassword"] is False
    assert len(created["passwordProfile"]["password"]) == 16

    got = await place.get(created["id"])
    assert (got.id, got.first_name, got.state, got.user_domain_type) == (created["id"], "Ann", "active", "none")
    assert got.links.itself.uri == f"customers/{place.customer.id}/users/{created['id']}"
    assert got.attributes.object_type == "CustomerUser"

    patched = await place.patch(created["id"], last_name="Lee", phone_number="+1 206 555 0100")
    assert (patched.first_name, patched.last_name, patched.phone_number) == ("Ann", "Lee", "+1 206 555 0100")

    assert (await place.delete(created["id"])).response.status_code == 204
    assert await place.get(created["id"]) is None
    assert (await place.list()).items == []
    deleted = await place.list(filter='{"Field":"UserState","Value":"Inactive","Operator":"equals"}')
    assert [(user.id, user.state) for user in deleted.items] == [(created["id"], "inactive")]
    assert deleted.items[0].soft_deletion_time is not None

    restored = await place.patch(created["id"], state="active")
    assert (restored.id, restored.state, restored.soft_deletion_time) == (created["id"], "active", None)
    assert (await place.delete(new_guid())).response.status_code == 404


async def test_the_client_reads_lists_page_by_page(place: Place) -> None:
    for name in ("cleo", "ann", "bob"):
        await place.create(name)
    first = await place.list(size=2, sort_optionsort_field="DisplayName", sort_optionsort_direction="descending")
    assert [user.display_name for user in first.items] == ["Cleo", "Bob"]
    assert first.total_count == 2
    headers = {"MS-ContinuationToken": first.continuation_token}
    second = await place.list(seek_operation="next", custom_headers=headers)
    assert [user.display_name for user in second.items] == ["Ann"]
    assert second.continuation_token is None


async def test_the_client_learns_of_a_taken_name(place: Place) -> None:
    await place.create("ann")
    with pytest.raises(CloudError) as refused:
        await place.create("ann")
    assert refused.value.status_code == 409
