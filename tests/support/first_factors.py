"""Somebody who types the password, sets up an app, and is let in or asked for more."""

from __future__ import annotations

import re

import pyotp

from tenantry.core.clock import SECOND
from tenantry.directory.enrolment import list_asked
from tenantry.directory.second_factors import Method
from tenantry.store.engine.interface import Store
from tests.support.builders import (
    PASSWORD,
    SomeTenant,
    SomeUser,
)
from tests.support.clock import NOON
from tests.support.portal import Portal, Visitor

APP_KEY = re.compile(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}")
ENROLMENT_CODE = re.compile(r"[2-9a-z]{6}-[2-9a-z]{6}")


async def type_password(portal: Portal, user: SomeUser) -> Visitor:
    visitor = await portal.visit(None)
    await visitor.open("/sign-in")
    await visitor.send("/sign-in", name=user.user_principal_name, password=PASSWORD)
    return visitor


async def add_app(portal: Portal, visitor: Visitor, query: str = "") -> str:
    """Answers the app's secret."""
    path = "/second-factor/totp" + query
    await visitor.open(path)
    await visitor.send(path, begin="1")
    found = APP_KEY.search((await visitor.open(path)).text)
    assert found, visitor.text
    secret = found[0].replace(" ", "")
    await visitor.send(path, code=code_of(portal, secret))
    return secret


def code_of(portal: Portal, secret: str) -> str:
    return pyotp.TOTP(secret).at(portal.app.deps.clock() // SECOND)


def wait(portal: Portal) -> None:
    """Until the app shows another code."""
    portal.app.deps.clock.advance(30 * SECOND)  # type: ignore[attr-defined]


async def methods_asked_of(store: Store, user: SomeUser) -> list[Method]:
    async with store.read() as read:
        return await list_asked(read, user.tenant_id, user.id, NOON)


def tenant_of(user: SomeUser) -> SomeTenant:
    return SomeTenant(user.tenant_id, user.user_principal_name.rpartition("@")[2])
