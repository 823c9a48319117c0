"""The trail in a real browser: verified, and verified again when somebody has changed it in the database."""

from __future__ import annotations

from playwright.async_api import expect

from tenantry.audit.seals import seal_trail
from tenantry.core.clock import HOUR, system_clock
from tests.portal.test_accessibility import faults
from tests.support.portal import AXE, IN_BROWSER, LivePortal

pytestmark = IN_BROWSER


async def test_the_trail_is_verified_from_the_audit_page(live: LivePortal) -> None:
    deps, tenant_id = live.portal.app.deps, live.portal.tenant.id
    await seal_trail(deps.store, deps.master_key.seal_keys(), tenant_id, system_clock() + HOUR)
    page = await live.browse(live.portal.dana, bypass_csp=True)
    await page.add_init_script(path=AXE)
    await page.goto("/audit")
    await page.get_by_role("link", name="Verify").click()
    await expect(page.get_by_role("status")).to_contain_text("The seal holds")
    await expect(page.get_by_role("button", name="Copy the last seal")).to_be_visible()
    assert await faults(page) == []
    await deps.store.run("UPDATE audit_events SET actor = 'nobody' WHERE tenant_id = :t AND id > ''", t=tenant_id)
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("Seal 1 does not fit")
    assert await faults(page) == []
    assert live.complaints == []
