"""Limits the events that anybody can cause by asking (`Mark`): so many of a kind are recorded, and the others only
counted.

1. `record` asks `take` for each mark. A mark beyond the numbers below is left out, and counted by tenant and kind.
2. `left_out.py` appends one event for each tenant when a minute ends.

Each event type in each tenant has a budget of its own: whoever floods a trail with one kind hides neither other kinds
nor other tenants' marks. Answers, messages and limits do not depend on whether the mark was recorded. The memory is
bounded: beyond a number of kinds, the others are counted together; beyond a number of tenants, the others are not
counted.
"""

from __future__ import annotations

from tenantry.audit.events import Mark
from tenantry.core.clock import HOUR, MINUTE, Micros
from tenantry.core.ids import TenantId

PER_MINUTE = 60
PER_HOUR = 600
MOST_BUDGETS = 100_000
MOST_TENANTS = 10_000
MOST_KINDS = 20
OTHERS = "others"


class Marks:
    """The counters of one process, which protects its own disk."""

    def __init__(self) -> None:
        self._spent: dict[tuple[TenantId, str, Micros], tuple[int, int]] = {}
        self._left_out: dict[TenantId, dict[str, int]] = {}

    def take(self, tenant_id: TenantId, mark: Mark, now: Micros) -> bool:
        """Whether the trail takes one more mark; if not, the mark is counted as left out."""
        tag = str(mark.__struct_config__.tag)
        budget = mark.budget or tag
        spent = [(window, *self._spent_in(tenant_id, budget, window, now)) for window in (MINUTE, HOUR)]
        if any(count >= (PER_MINUTE if window == MINUTE else PER_HOUR) for window, _, count in spent):
            self.leave_out(tenant_id, ": ".join(filter(None, (tag, mark.detail()))))
            return False
        for window, began, count in spent:
            self._spent[tenant_id, budget, window] = (began, count + 1)
        if len(self._spent) > MOST_BUDGETS:
            del self._spent[next(iter(self._spent))]
        return True

    def leave_out(self, tenant_id: TenantId, kind: str, count: int = 1) -> None:
        """Count a mark as left out. `kind` is in words of the trail, such as `access.denied: group.read
        outside_reach`.
        """
        kinds = self._left_out.get(tenant_id)
        if kinds is None:
            if len(self._left_out) >= MOST_TENANTS:
                return
            kinds = self._left_out[tenant_id] = {}
        if kind not in kinds and len(kinds) >= MOST_KINDS:
            kind = OTHERS
        kinds[kind] = kinds.get(kind, 0) + count

    def take_left_out(self) -> dict[TenantId, dict[str, int]]:
        """What was counted since the last call."""
        taken, self._left_out = self._left_out, {}
        return taken

    def _spent_in(self, tenant_id: TenantId, budget: str, window: Micros, now: Micros) -> tuple[int, int]:
        """The window that runs, and how many marks it has had."""
        current = now // window
        began, count = self._spent.get((tenant_id, budget, window), (current, 0))
        return (current, count if began == current else 0)


MARKS = Marks()
"""The counters that `record` asks."""
