"""A slot among SQLite's writers: it stands in their queue where a future stands for a task that waits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tenantry.core.log import get_logger
from tenantry.store.engine.group_commit import Groups
from tenantry.store.engine.interface import Slot
from tenantry.store.engine.sqlite_writers import LoneWriter

_log = get_logger()


class QueuedSlot:
    """Tells its slot what becomes of it. The outcome of its `run` is whether the slot's work is to be kept."""

    __slots__ = ("_groups", "_slot", "_writer")

    def __init__(self, groups: Groups, writer: LoneWriter, slot: Slot) -> None:
        self._groups = groups
        self._writer = writer
        self._slot = slot

    def run(self) -> bool:
        """In the writers' turn."""
        is_kept = self._writer.finish(self._slot.work)
        if is_kept:
            self._groups.do_while_committing(self)
        return is_kept

    def prepare(self) -> None:
        """While the commit runs."""
        self._tell(self._slot.prepare)

    def done(self) -> bool:
        """Nothing takes a slot back."""
        return False

    def set_result(self, answer: Any) -> None:
        """True: what it did is durable. Anything else, as when another process holds the file: nothing was done."""
        self._tell(self._slot.keep if answer is True else self._slot.give_up)

    def set_exception(self, error: BaseException) -> None:
        """Nothing was done."""
        self._tell(partial(self._slot.fail, error))

    def _tell(self, step: Callable[[], None]) -> None:
        """A slot that raises against its rule must not keep the others of its group from being told."""
        try:
            step()
        except Exception:  # noqa: BLE001 - logged in full
            _log.exception("a slot failed")
