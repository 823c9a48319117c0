"""Draw the tables of `store/schema/` as an SVG: `python tools/er.py > docs/er.svg`.

Owned tables all lead to `tenants` by their first column; that arrow is drawn as a colour, the others as lines.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape

from sqlalchemy import Table

from tenantry.store.schema import metadata

COLUMNS: list[list[str]] = [
    ["tenants", "domains", "connectors", "connector_secrets", "service_account_keys", "enterprises", "signing_keys"],
    [
        *("grants", "refresh_tokens", "authorization_codes"),
        *("reseller_relationships", "delegated_relationships", "partner_customers", "partner_relationships"),
    ],
    ["users", "password_credentials", "phones", "phone_pins", "role_assignments", "user_imports", "user_import_rows"],
    ["sessions", "sign_ins", "totp_credentials", "phone_factors", "passkeys", "passkey_challenges", "recovery_codes"],
    ["groups", "group_members", "group_links", "identity_providers", "linked_identities", "upstream_sign_ins"],
    ["managed_accounts", "devices", "device_tokens", "device_credentials", "idempotency_keys", "audit_events"],
]
WIDTH, GAP_X, GAP_Y, ROW, HEAD, MARGIN = 255, 60, 26, 17, 24, 24

STYLE = """
text { font: 12px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #1f2933; }
.name { font-weight: 700; fill: #fff; }
.type { fill: #7b8794; }
.key { font-weight: 700; }
.box { fill: #fff; stroke: #9aa5b1; }
.owned { fill: #2f6f8f; }
.reference { fill: #7a5195; }
.line { fill: none; stroke: #9aa5b1; stroke-width: 1.2; }
.legend { font-size: 13px; }
"""


@dataclass(frozen=True)
class Box:
    """A placed table; all in pixels."""

    table: Table
    x: int
    y: int

    @property
    def height(self) -> int:
        """The height of the box: a header and one row per column."""
        return HEAD + ROW * len(self.table.columns) + 6

    def row_y(self, column: str) -> int:
        """The middle of a column's row."""
        return self.y + HEAD + ROW * list(self.table.columns.keys()).index(column) + ROW // 2 + 1


def place() -> dict[str, Box]:
    """Every table of the schema at its place; tables not named in COLUMNS go below the last column."""
    known = {name for column in COLUMNS for name in column}
    columns = [*COLUMNS[:-1], [*COLUMNS[-1], *(name for name in metadata.tables if name not in known)]]
    boxes: dict[str, Box] = {}
    for number, names in enumerate(columns):
        y = MARGIN + 40
        for name in (name for name in names if name in metadata.tables):
            boxes[name] = Box(metadata.tables[name], MARGIN + number * (WIDTH + GAP_X), y)
            y += boxes[name].height + GAP_Y
    return boxes


def draw_box(box: Box) -> list[str]:
    """Draw the header in the colour of the table's kind, then the columns, with the primary key in bold."""
    kind = box.table.info["kind"]
    parts = [
        f'<rect class="box" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{box.height}" rx="4"/>',
        f'<path class="{kind}" d="M{box.x} {box.y + HEAD}v-{HEAD - 4}q0 -4 4 -4h{WIDTH - 8}q4 0 4 4v{HEAD - 4}z"/>',
        f'<text class="name" x="{box.x + 10}" y="{box.y + 16}">{escape(box.table.name)}</text>',
    ]
    for column in box.table.columns:
        y = box.row_y(column.name) + 4
        css = ' class="key"' if column.primary_key else ""
        null = "?" if column.nullable else ""
        parts.append(f'<text{css} x="{box.x + 10}" y="{y}">{escape(column.name)}</text>')
        kind_of = str(column.type).lower().replace("biginteger", "bigint")
        parts.append(
            f'<text class="type" x="{box.x + WIDTH - 10}" y="{y}" text-anchor="end">{escape(kind_of)}{null}</text>'
        )
    return parts


def draw_lines(boxes: dict[str, Box]) -> list[str]:
    """Draw one curve per foreign key, save those of `tenant_id` to `tenants`."""
    parts = []
    for box in boxes.values():
        for constraint in sorted(box.table.foreign_key_constraints, key=lambda item: str(item.name)):
            target = boxes[constraint.referred_table.name]
            if target.table.name == "tenants" and box.table.info["kind"] == "owned":
                continue
            start_y, end_y = box.row_y(constraint.columns.keys()[-1]), target.y + HEAD // 2
            if target.x < box.x:
                start_x, end_x, bend = box.x, target.x + WIDTH, -GAP_X // 2
            elif target.x > box.x:
                start_x, end_x, bend = box.x + WIDTH, target.x, GAP_X // 2
            else:
                start_x, end_x, bend = box.x + WIDTH, target.x + WIDTH, GAP_X // 2
            other = end_x + (bend if target.x == box.x else -bend)
            parts.append(
                f'<path class="line" marker-end="url(#arrow)" '
                f'd="M{start_x} {start_y}C{start_x + bend} {start_y} {other} {end_y} {end_x} {end_y}"/>'
            )
    return parts


def render() -> str:
    """The text of the SVG file."""
    boxes = place()
    width = max(box.x for box in boxes.values()) + WIDTH + MARGIN
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    body = [*draw_lines(boxes), *(part for box in boxes.values() for part in draw_box(box))]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
                'aria-label="The tables of Tenantry">'
            ),
            f"<style>{STYLE}</style>",
            (
                '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
                'orient="auto"><path d="M0 0L8 4L0 8z" fill="#9aa5b1"/></marker></defs>'
            ),
            f'<rect width="{width}" height="{height}" fill="#f5f7fa"/>',
            f'<rect class="owned" x="{MARGIN}" y="{MARGIN}" width="14" height="14" rx="3"/>',
            (
                f'<text class="legend" x="{MARGIN + 22}" y="{MARGIN + 12}">owned by a tenant: '
                "tenant_id leads every key</text>"
            ),
            f'<rect class="reference" x="{MARGIN + 430}" y="{MARGIN}" width="14" height="14" rx="3"/>',
            (
                f'<text class="legend" x="{MARGIN + 452}" y="{MARGIN + 12}">reference: small, global, copied to every '
                "node</text>"
            ),
            *body,
            "</svg>",
            "",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(render())
