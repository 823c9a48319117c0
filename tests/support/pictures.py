"""What the pages with pictures show: drawings, and tables that say the same."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import httpx

from tests.support.portal import Portal, Visitor
from tests.support.portal_names import names_in

KINDS = ("token/{grant_id}", "connector/{connector_id}", "relationship/{relationship_id}", "user/{user_id}")
BLAST_PAGES = [f"/blast-radius/{kind}" for kind in (*KINDS, "device/{device_key}")]


def pictures_of(page: httpx.Response) -> list[ET.Element]:
    """Every drawing of the page, which must be well-formed."""
    found = re.findall(r"<svg class=\"(?:chart|graph)\".*?</svg>", page.text, re.DOTALL)
    return [ET.fromstring(svg) for svg in found]


def titles_of(page: httpx.Response) -> list[str]:
    return [title.text or "" for picture in pictures_of(page) for title in picture.iter("title")]


async def leaking(portal: Portal) -> tuple[dict[str, str], Visitor]:
    return await names_in(portal), await portal.visit(portal.dana)
