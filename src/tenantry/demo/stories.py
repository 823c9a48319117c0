"""What the demo prints: its address, who can sign in, and three stories whose commands can be pasted into a shell."""

from __future__ import annotations

import io
import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tenantry.demo.facts import FACTS_FILE, Facts
from tenantry.demo.maker import AGENT, LEAD, PARTNER_DOMAIN

_TOKEN = """sed 's/.*"{name}":"\\([^"]*\\)".*/\\1/'"""


def tell(facts: Facts, data_dir: Path) -> str:
    """The text for the terminal, in colours when it can show them. Commands stand by themselves and are not broken, so
    that they can be pasted.
    """
    text = Text()

    def line(label: str, value: str) -> None:
        text.append(f"  {label:<9}", style="dim").append(f"{value}\n", style="bold")

    admin, member = facts["portal"]["admin"], facts["portal"]["member"]
    width = max(len(person["user_principal_name"]) for person in (admin, member)) + 2
    text.append("\nTenantry demo\n\n", style="bold green")
    line("Portal", facts["base_url"])
    line("Sign in", f"{admin['user_principal_name']:<{width}}{admin['password']}  (tenant admin)")
    line("", f"{member['user_principal_name']:<{width}}{member['password']}  (member)")
    line(
        "",
        f"{LEAD}@{facts['partner_center']['customer_domain']} and {AGENT}@{PARTNER_DOMAIN} have the admin's password",
    )
    line("Facts", str((data_dir / FACTS_FILE).absolute()))
    stories = (
        ("A tenant-level user token, and the groups it opens (Kaizala)", kaizala_story(facts)),
        ("A user account for a customer (Partner Center)", partner_center_story(facts)),
        ("A token for a new device, and the device that redeems it (Google Play EMM)", android_story(facts)),
    )
    for number, (title, story) in enumerate(stories, 1):
        text.append(f"\n{number}  {title}\n\n", style="bold cyan").append(f"{story}\n")
    text.append("\nCtrl-C stops the server.\n", style="dim")
    return _rendered(text)


def _rendered(text: Text) -> str:
    buffer = io.StringIO()
    terminal = sys.stdout.isatty()
    console = Console(file=buffer, force_terminal=terminal, width=shutil.get_terminal_size().columns, highlight=False)
    console.print(text, soft_wrap=True)
    return buffer.getvalue()


def kaizala_story(facts: Facts) -> str:
    """From a refresh token to an access token to groups. For a POSIX shell with curl and sed."""
    base_url, kaizala = facts["base_url"], facts["kaizala"]
    return f"""\
TOKEN=$(curl -s {base_url}/kaizala/v1/accessToken \\
  -H 'applicationId: {kaizala["application_id"]}' \\
  -H 'applicationSecret: {kaizala["application_secret"]}' \\
  -H 'refreshToken: {kaizala["refresh_token"]}' | {_TOKEN.format(name="accessToken")})
curl -s {base_url}/kaizala/v1/groups -H "accessToken: $TOKEN"; echo"""


def partner_center_story(facts: Facts) -> str:
    """From a refresh token to an access token to a new user, who has another name each time."""
    base_url, partner = facts["base_url"], facts["partner_center"]
    return f"""\
TOKEN=$(curl -s {base_url}/{partner["partner_tenant_id"]}/oauth2/token \\
  -d grant_type=refresh_token -d resource=https://api.partnercenter.microsoft.com \\
  -d client_id={partner["client_id"]} \\
  -d client_secret={partner["client_secret"]} \\
  -d refresh_token={partner["refresh_token"]} | {_TOKEN.format(name="access_token")})
curl -s {base_url}/partnercenter/v1/customers/{partner["customer_tenant_id"]}/users \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{
  "usageLocation": "US", "firstName": "Nora", "lastName": "Nilsen", "displayName": "Nora Nilsen",
  "userPrincipalName": "nora.'$(date +%s)'@{partner["customer_domain"]}",
  "passwordProfile": {{"password": "Walnut-Kettle-42", "forceChangePassword": true}}}}'; echo"""


def android_story(facts: Facts) -> str:
    """From a key file to an access token to a device token, good once, to a provisioned device."""
    base_url, android = facts["base_url"], facts["android_enterprise"]
    users = f"{base_url}/androidenterprise/v1/enterprises/{android['enterprise_id']}/users"
    return f"""\
TOKEN=$({_this_program()} service-account token --key-file {shlex.quote(android["service_account_file"])})
DEVICE_TOKEN=$(curl -s -X POST {users}/{android["emm_managed_user_id"]}/authenticationToken \\
  -H "Authorization: Bearer $TOKEN" | {_TOKEN.format(name="token")})
echo "$DEVICE_TOKEN"
curl -s {base_url}/device/v1/provision -H 'Content-Type: application/json' \\
  -d '{{"token": "'"$DEVICE_TOKEN"'", "androidId": "'$(date +%s)'"}}'; echo"""


def _this_program() -> str:
    """The words that call this command line from any directory."""
    started = Path(sys.argv[0])
    if started.name == "tenantry" and started.exists():
        return shlex.quote(str(started.absolute()))
    return f"{shlex.quote(sys.executable)} -m tenantry.cli"
