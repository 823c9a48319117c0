"""Write docs/openapi: the OpenAPI document of each surface whose operations are declared. `python -m tools.openapi`."""

from __future__ import annotations

import json
from pathlib import Path

from tenantry.app import CONTRACTS
from tenantry.surfaces.openapi import document

FOLDER = Path(__file__).parent.parent / "docs" / "openapi"


def main() -> None:
    """As clients of a server at https://tenantry.example find it."""
    FOLDER.mkdir(exist_ok=True)
    for surface in CONTRACTS:
        text = json.dumps(document(surface, "https://tenantry.example"), indent=1)
        (FOLDER / f"{surface.name}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
