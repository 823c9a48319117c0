"""What Partner Center's clients ask beside users: at the vendor's own paths, for a domain, for what is not offered."""

from __future__ import annotations

from tenantry.core.caller import Audience
from tests.support.builders import a_tenant
from tests.support.partner_center import Stage, a_body, a_token


async def test_the_vendors_paths_are_served_from_the_root_of_any_host(stage: Stage) -> None:
    created = await stage.call(
        "POST", f"/v1/customers/{stage.customer.id}/users/", json=a_body(stage.customer, "ann"), headers={"Host": "any"}
    )
    assert created.status_code == 200, created.text
    path = f"customers/{stage.customer.id}/users/{created.json()['id']}"
    for root in ("/v1/", "/v1.0/", "/V1//", "/partnercenter/v1/", "/partnercenter/v1.0/"):
        read = await stage.call("GET", root + path)
        assert (read.status_code, read.json()["id"]) == (200, created.json()["id"]), root


NOWHERE = ["/v1", "/v1/", "/v1/nothing", "/v1/nothing/at/all", "/v1.0/customers/x/nothing", "/V1/%00", "/v1/%2F"]


async def test_what_is_not_below_the_vendors_root_is_told_in_json_of_the_surface(stage: Stage) -> None:
    for path in NOWHERE:
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            answer = await stage.client.request(method, path)
            assert answer.headers["content-type"].startswith("application/json")
            assert 400 <= answer.status_code < 500
            assert isinstance(answer.json()["code"], int)


async def test_the_old_exchange_of_tokens_is_at_the_root_too(stage: Stage) -> None:
    token = await a_token(stage.app, stage.store, stage.connector, stage.user, audience=Audience.DIRECTORY_GRAPH)
    for path in ("/generatetoken", "/v3/generatetoken"):
        answer = await stage.call("POST", path, token=token, data={"grant_type": "jwt_token"})
        assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
        wrong = await stage.client.get(path)
        assert (wrong.status_code, wrong.json()["error"]) == (405, "invalid_request")
    assert (await stage.client.post("/v3/nothing")).json()["error"] == "not_found"


async def test_head_of_a_domain_is_200_when_it_is_taken_and_404_when_it_is_free(stage: Stage) -> None:
    somebody, app = await a_tenant(stage.store), await a_token(stage.app, stage.store, stage.connector, None)
    for token in (None, app):
        for name, status in [
            (stage.customer.domain, 200),
            (somebody.domain.upper(), 200),
            (f"free.{somebody.domain}", 404),
            ("free.example", 404),
        ]:
            for path in (f"/v1/domains/{name}", f"/partnercenter/v1/domains/{name}"):
                answer = await stage.call("HEAD", path, token=token)
                assert (answer.status_code, answer.content) == (status, b""), path
    assert (await stage.call("GET", f"/v1/domains/{somebody.domain}")).status_code == 200
    assert (await stage.call("GET", "/v1/domains/free.example")).json()["code"] == 1000
    assert (await stage.call("GET", "/v1/domains/nonsense")).status_code == 400


async def test_a_stranger_is_not_told_whether_a_domain_is_taken(stage: Stage) -> None:
    weak = await a_token(stage.app, stage.store, stage.connector, stage.user, amr=("pwd",))
    poor = await a_token(stage.app, stage.store, stage.connector, stage.user, permissions=())
    for token, status in [("x.y.z", 401), (weak, 401), (poor, 403)]:
        for name in (stage.customer.domain, "free.example"):
            assert (await stage.call("HEAD", f"/v1/domains/{name}", token=token)).status_code == status
    for name in (stage.customer.domain, "free.example"):
        assert (await stage.client.head(f"/v1/domains/{name}")).status_code == 401


OPERATIONS = [
    ("GET", "v1/customers", "Get a list of customers"),
    ("DELETE", "v1/customers/{customer}", "Delete a customer from the sandbox"),
    ("GET", "v1/customers/relationshiprequests?dualRole=false", "Request a reseller relationship"),
    ("GET", "v1/customers/{customer}/subscriptions/7", "Subscriptions of a customer"),
    ("GET", "v1/customers/{customer}/directoryRoles/", "Get the directory roles of a customer"),
    ("GET", "v1/invoices", "Invoices"),
    ("GET", "v1/customers/{customer}/somethingNew/7", "GET customers/{customer}/somethingnew/7"),
    ("GET", "webhooks/v1/registration/events", "Get a list of events"),
    ("GET", "accountenrollments/v1/accountexternalresourcekeys?keyType=mpnId", "Account enrollments"),
]


async def test_an_operation_that_is_not_offered_is_named_and_is_neither_gone_nor_a_fault(stage: Stage) -> None:
    for root in ("/", "/partnercenter/"):
        for method, path, name in OPERATIONS:
            answer = await stage.call(method, root + path.format(customer=stage.customer.id))
            body, named = answer.json(), name.format(customer=stage.customer.id)
            assert (answer.status_code, body["code"], body["data"]) == (400, 900127, [named])
            assert named in body["description"]


async def test_graph_is_not_offered_in_words_that_its_clients_read(stage: Stage) -> None:
    for path in ("/v1.0/users", "/beta/$batch", "/v1.0", "/beta", "/v1.0/customersx", "/BETA//x"):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = await stage.call(method, path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
            assert answer.json()["error"]["message"]
