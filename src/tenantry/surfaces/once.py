"""How an operation that is declared `once` is served: carried out once, however often the same request comes."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from tenantry.access.decide import require
from tenantry.core.errors import (
    AlreadyExists,
    DomainError,
    FailedPrecondition,
    InvalidValue,
    NotFound,
    StoreBusy,
    VersionMismatch,
)
from tenantry.core.ids import GroupId, TenantId
from tenantry.store.engine.interface import Read
from tenantry.store.tokens.idempotency import KeptAnswer
from tenantry.surfaces.operation import Ask, Coat, Operation
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.idempotency import AnsweredBefore, Once, request_keys
from tenantry.surfaces.shared.kept_secrets import with_sent_secrets, without_secrets

_KEPT = (InvalidValue, AlreadyExists, FailedPrecondition)
"""Refusals that are kept as answers."""
_OF_STATE = (*_KEPT, NotFound, VersionMismatch)
"""Errors that a repetition may meet because the request was carried out before. It gets the answer of that time."""


async def carry_out_once(
    coat: Coat, operation: Operation, ask: Ask, named: Sequence[Any], sent: dict[str, Any]
) -> Answer:
    """Serve a request that has been read; a repetition gets the answer of the first. Raises what the handler does.

    `named` are the values of the path, `sent` query and body.
    """
    request_id = coat.request_id(ask)
    if request_id is None:
        return coat.dress(ask, operation, await operation.handler(ask, *named, **sent))
    asked = operation.method, operation.path, named, msgspec.to_builtins(sent)
    keys = request_keys(ask.deps.hasher, ask.caller, request_id, *asked)
    values = {kind: value for (_, kind), value in zip(operation.values, named, strict=True)}

    def owner(read: Read) -> Awaitable[TenantId]:
        return coat.owner_of(read, ask, operation, values)

    once = ask.once = Once(ask.deps.store, owner, keys, ask.now)
    try:
        async with once:
            value = await operation.handler(ask, *named, **sent)
            answer = coat.dress(ask, operation, value)
            body = msgspec.json.encode(without_secrets(value, sent.get("body")))
            await once.keep(KeptAnswer(operation.status, body.decode()))
        return answer
    except AnsweredBefore as before:
        kept = before.kept or await once.settle()
        if kept is None:
            raise StoreBusy(internal="the answer to this request expired while it was asked for") from None
    except _OF_STATE as error:
        if error.decision is not None:
            raise
        kept = await once.settle(_to_keep(coat, ask, once, error))
        if kept is None:
            raise
        async with ask.deps.store.read() as read:  # the handler may have failed before it asked whether the caller may
            await require(
                read, ask.caller, operation.action, await owner(read), group_id=values.get(GroupId), now=ask.now
            )
    return _again(coat, operation, ask, kept, sent.get("body"))


def _to_keep(coat: Coat, ask: Ask, once: Once, error: DomainError) -> KeptAnswer | None:
    """What to keep of a refusal: the answer, if the refusal depends on what is stored. A request that was refused
    before anything was to be written is refused again, whatever is stored; None then.
    """
    refused = coat.refuse(ask, error) if once.has_begun and isinstance(error, _KEPT) else None
    return None if refused is None else KeptAnswer(refused.status, refused.body.decode())


def _again(coat: Coat, operation: Operation, ask: Ask, kept: KeptAnswer, body: Any) -> Answer:
    """Make the response of that time again. Of its secrets it has those that the client sent again."""
    ask.after = None
    if kept.status != operation.status:
        return coat.repeat(ask, kept.status, kept.response.encode())
    value = msgspec.json.decode(kept.response, type=operation.answer or None)
    return coat.dress(ask, operation, with_sent_secrets(value, body))
