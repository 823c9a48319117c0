"""A function that takes ten things is hard to call rightly: what goes on together has a name of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.completeness.test_imports import modules

MOST = 9
COLUMNS = "each is a column of the one row that it writes, given by name"
OF_A_PAGE = "a framework reads each from the request, by its name"
EXCEPTIONS = {
    "tenantry.store.connectors.connectors.insert": COLUMNS,
    "tenantry.store.groups.groups.insert": COLUMNS,
    "tenantry.store.outbox.webhooks.insert": COLUMNS,
    "tenantry.store.sign_in.identity_providers.insert": COLUMNS,
    "tenantry.store.sign_in.passkeys.insert": COLUMNS,
    "tenantry.store.sign_in.pins.upsert": COLUMNS,
    "tenantry.store.sign_in.sessions.insert": COLUMNS,
    "tenantry.store.tokens.authorization_codes.insert": COLUMNS,
    "tenantry.store.tokens.grants.insert": COLUMNS,
    "tenantry.store.trail.audit_events.insert": COLUMNS,
    "tenantry.store.trail.audit_events.insert_unsealed": COLUMNS,
    "tenantry.store.users.users.insert": COLUMNS,
    "tenantry.store.users.users.update": COLUMNS,
    "tenantry.cli.user.create": "the command line reads each from its option",
    "tenantry.surfaces.portal.overview.reach.show_reach": OF_A_PAGE,
    "tenantry.surfaces.portal.frame.frame.ask": "the parts of a page, given by name and mostly left out",
    "tenantry.connectors.connectors.register_connector": "the fields of a form, given by name and mostly left out",
    "tenantry.connectors.connectors.insert_connector": "the fields of that form, and what follows from its kind",
    "tenantry.directory.user_search.search_users": "what a list can be narrowed by, given by name",
    "tenantry.tokens.mint.draft_access_token": "the claims of a token, on the hot path: a tuple of them would cost",
    "tenantry.directory.upstream.begin_upstream": "called once, with what the server and the request have",
    "tenantry.directory.upstream.finish_upstream": "called once, with what the server and the request have",
    "tenantry.directory.upstream._redeem": "called once, with what `finish_upstream` has found out",
}
"""This may only shrink."""


def arguments() -> Iterator[tuple[str, int]]:
    """Each function of the product, with how many arguments it takes besides `self`."""
    for module, path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                yield f"{module}.{node.name}", sum(each.arg not in ("self", "cls") for each in taken)


def test_no_function_takes_more_than_nine_arguments_but_for_a_reason() -> None:
    many = {name for name, count in arguments() if count > MOST}
    assert many - EXCEPTIONS.keys() == set()
    assert EXCEPTIONS.keys() - many == set(), "no longer needed"
    assert len(EXCEPTIONS) <= 23
