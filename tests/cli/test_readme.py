"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.test_serve import TENANTRY, serving, tell

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the stories need curl")
def test_the_three_stories_of_the_readme_work_as_they_stand_there(tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 4, "the facts, then three stories"
    script = "\n".join(blocks).replace(".venv/bin/tenantry", " ".join(TENANTRY))
    with serving(tmp_path / "var", "--demo"):
        groups, user, device = (json.loads(line) for line in tell(script, tmp_path).splitlines())
    assert "All staff" in [group["groupName"] for group in groups["groups"]]
    assert user["displayName"] == "Nora Nilsen"
    assert device["deviceToken"].startswith("tny_dc_")


@pytest.mark.parametrize(
    "page",
    [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: page.name,
)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []
