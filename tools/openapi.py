"""Write docs/openapi: the OpenAPI document of each surface whose operations are declared. `python -m tools.openapi`.

One operation and one shape a line, so that a change of one shows as one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tenantry.app import CONTRACTS
from tenantry.surfaces.openapi import document

FOLDER = Path(__file__).parent.parent / "docs" / "openapi"


def main() -> None:
    """Write each document as clients of a server at https://tenantry.example find it."""
    FOLDER.mkdir(exist_ok=True)
    for surface in CONTRACTS:
        text = written(document(surface, "https://tenantry.example"), levels=3)
        (FOLDER / f"{surface.name}.json").write_text(f"{text}\n")


def written(value: Any, levels: int) -> str:
    """JSON that has a line for each key of the first `levels` levels of objects."""
    if not levels or not isinstance(value, dict):
        return json.dumps(value)
    pairs = (f"{json.dumps(key)}: {written(child, levels - 1)}" for key, child in value.items())
    return "{\n" + ",\n".join(pairs) + "\n}"


if __name__ == "__main__":
    main()
