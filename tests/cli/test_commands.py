"""The commands, in process, on a SQLite data directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from typer.testing import CliRunner

from tenantry.audit.events import SYSTEM_TENANT
from tenantry.audit.exports import Export
from tenantry.cli.main import app
from tenantry.core.ids import TenantId
from tenantry.store.trail.audit_seals import Seal
from tenantry.tokens.keys.master_key import MasterKey

ALL = [
    ("init",),
    ("serve",),
    ("housekeeping",),
    ("doctor",),
    ("db", "upgrade"),
    ("db", "check"),
    ("db", "backup"),
    ("key", "rotate"),
    ("key", "list"),
    ("key", "revoke"),
    ("master-key", "rotate"),
    ("master-key", "list"),
    ("master-key", "retire"),
    ("audit", "tail"),
    ("audit", "seal"),
    ("audit", "verify"),
    ("tenant", "create"),
    ("tenant", "list"),
    ("tenant", "disable"),
    ("tenant", "enable"),
    ("tenant", "delete"),
    ("tenant", "restore"),
    ("tenant", "add-domain"),
    ("tenant", "list-domains"),
    ("tenant", "claim-domain"),
    ("tenant", "verify-domain"),
    ("tenant", "remove-domain"),
    ("user", "create"),
    ("user", "list"),
    ("user", "block"),
    ("user", "unblock"),
    ("user", "enrolment-code"),
    ("phone", "add"),
    ("group", "create"),
    ("group", "list"),
    ("connector", "register"),
    ("connector", "list"),
    ("connector", "deactivate"),
    ("connector", "activate"),
    ("connector", "delete"),
    ("connector", "list-waiting"),
    ("connector", "approve"),
    ("connector", "decline"),
    ("connector", "add-secret"),
    ("connector", "list-secrets"),
    ("connector", "end-secret"),
    ("grant", "create"),
    ("grant", "list"),
    ("grant", "revoke"),
    ("relationship", "request"),
    ("relationship", "approve"),
    ("relationship", "end"),
    ("relationship", "list"),
    ("enterprise", "enroll"),
    ("enterprise", "list"),
    ("service-account", "create"),
    ("service-account", "add-key"),
    ("service-account", "list-keys"),
    ("service-account", "revoke-key"),
    ("service-account", "token"),
]


class Shell:
    """Runs commands on one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def run(self, *words: str, code: int = 0, text: str | None = None) -> str:
        environment = {"TENANTRY_DATA_DIR": str(self.data_dir)}
        done = CliRunner().invoke(app, words, env=environment, input=text)
        assert done.exit_code == code, done.output
        return done.output

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.run("init")
    return shell


@pytest.fixture
def tenant(shell: Shell) -> str:
    return str(shell.json("tenant", "create", "Contoso", "--domain", "contoso.example")["tenant_id"])


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_each_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 0
    assert f"tenantry {' '.join(words)}" in " ".join(done.output.split())


def test_init_says_how_to_pass_a_password_unseen() -> None:
    done = CliRunner().invoke(app, ["init", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert "TENANTRY_DATABASE_URL" in done.output


def test_init_keeps_what_is_there_and_its_file_names_every_setting(shell: Shell) -> None:
    from tenantry.settings import Settings, load

    key, file = shell.data_dir / "master.key", shell.data_dir / "tenantry.toml"
    before = key.read_text()
    assert key.stat().st_mode & 0o077 == 0
    assert all(f"# {name} = " in file.read_text() for name in Settings.model_fields if name != "data_dir")
    file.write_text("port = 9999\n")
    shell.run("init")
    assert (key.read_text(), load(data_dir=shell.data_dir).port) == (before, 9999)


def test_the_written_configuration_is_valid_with_every_default_taken_in(shell: Shell) -> None:
    from tenantry.settings import Settings, load

    file = shell.data_dir / "tenantry.toml"
    unset = {name for name, field in Settings.model_fields.items() if field.default is None}
    lines = [line.removeprefix("# ") for line in file.read_text().splitlines() if " = " in line]
    file.write_text("\n".join(line for line in lines if line.split(" = ")[0] not in unset))
    assert load(data_dir=shell.data_dir) == Settings(data_dir=shell.data_dir)


def test_a_tenant_user_connector_and_grant_are_made_and_ended(shell: Shell, tenant: str) -> None:
    inside = ("--tenant", "contoso.example")
    user = shell.json("user", "create", "jo@contoso.example", *inside, "--role", "Global Administrator")
    assert len(user["password"]) >= 8
    shell.run("phone", "add", "+1 425 555 0100", "--user", "jo@contoso.example", *inside)
    group = shell.json("group", "create", "Field staff", *inside, "--admin", "jo@contoso.example")
    connector = shell.json("connector", "register", "Inspections", *inside, "-p", "group_information")
    made = shell.json(
        "grant", "create", *inside, "--connector", connector["connector_id"], "--user", "jo@contoso.example"
    )
    assert made["refresh_token"].startswith("tny_rt_")
    grants = shell.json("grant", "list", *inside)
    assert [(grant["id"], grant["reach"]) for grant in grants] == [(made["grant_id"], "tenant")]
    assert [row["id"] for row in shell.json("group", "list", *inside)] == [group["group_id"]]
    shell.run("grant", "revoke", made["grant_id"], *inside)
    assert shell.json("grant", "list", *inside) == []
    types = [json.loads(line)["type"] for line in shell.run("audit", "tail", *inside, "--json").splitlines()]
    assert types[-1] == "grant.revoked"
    assert "user.created" in types


def test_a_domain_is_claimed_listed_and_removed(shell: Shell, tenant: str) -> None:
    inside = ("--tenant", tenant)
    claimed = shell.json("tenant", "claim-domain", "Shop.example", *inside)
    assert (claimed["domain"], claimed["type"]) == ("shop.example", "TXT")
    assert claimed["value"].startswith("tenantry-verification=")
    assert shell.json("tenant", "claim-domain", "eu.contoso.example", *inside)["state"] == "verified"
    listed = shell.json("tenant", "list-domains", *inside)
    assert [(row["domain"], row["verified_at"] is not None) for row in listed] == [
        ("contoso.example", True),
        ("eu.contoso.example", True),
        ("shop.example", False),
    ]
    shell.run("tenant", "verify-domain", "eu.contoso.example", *inside)
    shell.run("tenant", "verify-domain", "absent.example", *inside, code=4)
    for domain in ("eu.contoso.example", "shop.example"):
        shell.run("tenant", "remove-domain", domain, *inside)
        shell.run("tenant", "remove-domain", domain, *inside, code=4)
    shell.run("tenant", "remove-domain", "contoso.example", *inside, code=1)


def test_a_connector_is_switched_off_and_on_and_changes_its_secret(shell: Shell, tenant: str) -> None:
    inside = ("--tenant", tenant)
    made = shell.json("connector", "register", "Inspections", *inside)
    connector = made["connector_id"]
    shell.run("connector", "deactivate", connector, *inside)
    shell.run("connector", "deactivate", connector, *inside, code=1)
    assert shell.json("connector", "list", *inside)[0]["deactivated_at"] is not None
    shell.run("connector", "activate", connector, *inside)
    added = shell.json("connector", "add-secret", connector, *inside)
    secrets = shell.json("connector", "list-secrets", connector, *inside)
    assert [secret["hint"] for secret in secrets] == [made["client_secret"][-4:], added["client_secret"][-4:]]
    shell.run("connector", "end-secret", connector, secrets[0]["id"], *inside)
    assert len(shell.json("connector", "list-secrets", connector, *inside)) == 1
    shell.run("connector", "delete", connector, *inside)
    assert shell.json("connector", "list", *inside) == []
    shell.run("connector", "delete", connector, *inside, code=4)


def test_what_a_connector_waits_for_is_listed_and_answered_by_name(shell: Shell, tenant: str) -> None:
    inside = ("--tenant", tenant)
    shell.json("user", "create", "jo@contoso.example", *inside)
    connector = shell.json("connector", "register", "Inspections", *inside, "-p", "group_information")["connector_id"]
    with apsw.Connection(str(shell.data_dir / "tenantry.db")) as database:
        database.execute(
            "UPDATE connectors SET waiting_permissions = 'android_enterprise partner_center tenant_data', "
            "waiting_since = 1, created_by = (SELECT id FROM users)"
        )
    (row,) = shell.json("connector", "list-waiting", *inside)
    assert (row["id"], row["asked_by"], row["asker_ended_at"]) == (connector, "jo@contoso.example", None)
    assert row["asked_at"].startswith("1970-01-01")
    shell.run("connector", "approve", connector, *inside, code=2)
    shell.run("connector", "approve", connector, "-p", "media", *inside, code=1)
    approved = shell.json("connector", "approve", connector, "-p", "tenant_data", *inside)
    assert approved["permissions"] == "group_information tenant_data"
    declined = shell.json(
        "connector", "decline", connector, "-p", "partner_center", "-p", "android_enterprise", *inside
    )
    assert (declined["waiting_permissions"], declined["declined_permissions"]) == (
        "",
        "android_enterprise partner_center",
    )
    assert shell.json("connector", "list-waiting", *inside) == []


def test_a_relationship_is_requested_approved_and_ended(shell: Shell, tenant: str) -> None:
    shell.run("tenant", "create", "Partner", "--domain", "msp.example")
    pair = ("--partner", "msp.example", "--customer", "contoso.example")
    made = shell.json("relationship", "request", "Support", *pair, "--role", "User Administrator")

    def status() -> str:
        (row,) = shell.json("relationship", "list", "--customer", "contoso.example")
        return str(row["status"])

    assert status() == "approvalPending"
    shell.run("relationship", "approve", made["relationship_id"], "--customer", "contoso.example")
    assert status() == "active"
    shell.run("relationship", "end", made["relationship_id"], "--customer", "contoso.example")
    assert status() == "terminated"


def test_a_service_account_gets_a_key_file_that_only_its_owner_reads(shell: Shell, tenant: str) -> None:
    shell.run("tenant", "create", "EMM", "--domain", "emm.example")
    account = shell.json("service-account", "create", "robot", "--tenant", "emm.example")
    out = shell.data_dir / "key.json"
    words = ("service-account", "add-key", account["service_account_id"], "--tenant", "emm.example", "--out", str(out))
    shell.run(*words)
    assert out.stat().st_mode & 0o077 == 0
    assert json.loads(out.read_text())["client_email"] == "robot@emm.example"
    shell.run(*words, code=3)
    enrolled = shell.json(
        "enterprise",
        "enroll",
        "Contoso",
        "--tenant",
        tenant,
        "--emm",
        "emm.example",
        "--service-account",
        account["service_account_id"],
    )
    assert [row["id"] for row in shell.json("enterprise", "list", "--tenant", tenant)] == [enrolled["enterprise_id"]]


def test_what_exists_exits_3_and_what_is_absent_exits_4(shell: Shell, tenant: str) -> None:
    assert "contoso.example" in shell.run("tenant", "create", "Twin", "--domain", "contoso.example", code=3)
    assert "absent.example" in shell.run("user", "list", "--tenant", "absent.example", code=4)


def test_a_bad_value_exits_2_and_says_which(shell: Shell, tenant: str) -> None:
    assert "domain" in shell.run("tenant", "create", "Bad", "--domain", "no-dot", code=2)
    assert "Known:" in shell.run("user", "create", "a@contoso.example", "-t", tenant, "--role", "King", code=2)
    said = shell.run("user", "create", "a@contoso.example", "-t", tenant, "--password-stdin", code=2, text="short\n")
    assert "password" in said


def test_without_tables_a_command_exits_78_and_names_the_one_that_makes_them(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert "tenantry db upgrade" in shell.run("tenant", "list", code=78)
    assert "tenantry db upgrade" in shell.run("db", "check", code=78)
    shell.run("db", "upgrade")
    shell.run("db", "check")


def test_a_backup_holds_what_the_database_held_and_can_take_its_place(shell: Shell, tenant: str) -> None:
    file = shell.data_dir / "backup.db"
    made = shell.json("db", "backup", str(file))
    assert (made["file"], made["bytes"]) == (str(file), file.stat().st_size)
    shell.json("tenant", "create", "Later", "--domain", "later.example")
    for old in shell.data_dir.glob("tenantry.db*"):
        old.unlink()
    file.rename(shell.data_dir / "tenantry.db")
    assert [row["id"] for row in shell.json("tenant", "list")] == [tenant]
    assert shell.json("db", "check")["revision"] == made["schema"]


def test_a_backup_replaces_no_file_and_leaves_postgresql_to_its_own_tools(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    assert "taken" in shell.run("db", "backup", str(tmp_path / "taken"), code=3)
    assert "cannot be written" in shell.run("db", "backup", str(tmp_path / "absent" / "file"), code=2)
    (shell.data_dir / "tenantry.toml").write_text('database_url = "postgresql://nobody@127.0.0.1:1/none"\n')
    assert "pg_dump" in shell.run("db", "backup", str(tmp_path / "file"), code=2)


def test_of_a_database_that_a_later_version_made_each_command_says_so_and_changes_nothing(shell: Shell) -> None:
    database = apsw.Connection(str(shell.data_dir / "tenantry.db"))
    database.execute("UPDATE alembic_version SET version_num = 'r9999'")
    database.close()
    for words in (("tenant", "list"), ("db", "check"), ("db", "upgrade")):
        assert "A later version made it" in shell.run(*words, code=78)


def test_tenants_are_listed_by_pages(shell: Shell) -> None:
    made = sorted(shell.json("tenant", "create", f"T{n}", "--domain", f"t{n}.example")["tenant_id"] for n in range(5))
    seen: list[str] = []
    while page := shell.json("tenant", "list", "--limit", "2", *(("--after", seen[-1]) if seen else ())):
        seen += [row["id"] for row in page]
    assert seen == made


def test_a_tenant_is_disabled_worked_in_and_enabled(shell: Shell, tenant: str) -> None:
    disabled = shell.json("tenant", "disable", "contoso.example")
    assert disabled["tenant_id"] == tenant
    [row] = shell.json("tenant", "list")
    assert (row["id"], row["disabled_at"]) == (tenant, disabled["disabled_at"])
    assert "already" in shell.run("tenant", "disable", tenant, code=1)
    assert "is disabled" in shell.run("user", "create", "ann@contoso.example", "--tenant", tenant)
    assert "tenant.disabled" in shell.run("audit", "tail", "--tenant", tenant)
    assert shell.json("tenant", "enable", tenant) == {"tenant_id": tenant, "disabled_at": None}
    [row] = shell.json("tenant", "list")
    assert row["disabled_at"] is None
    assert "already" in shell.run("tenant", "enable", "contoso.example", code=1)
    assert "is disabled" not in shell.run("user", "list", "--tenant", tenant)
    for command in ("disable", "enable"):
        assert "absent.example" in shell.run("tenant", command, "absent.example", code=4)


def test_users_are_listed_by_pages(shell: Shell, tenant: str) -> None:
    names = [f"user{n}@contoso.example" for n in range(3)]
    for name in names:
        shell.run("user", "create", name, "--tenant", tenant)
    first = shell.json("user", "list", "--tenant", tenant, "--limit", "2")
    rest = shell.json("user", "list", "--tenant", tenant, "--after", first[-1]["user_principal_name"])
    assert [row["user_principal_name"] for row in [*first, *rest]] == names


def test_a_user_is_blocked_unblocked_and_given_an_enrolment_code(shell: Shell, tenant: str) -> None:
    name, inside = "ann@contoso.example", ("--tenant", tenant)
    shell.run("user", "create", name, *inside)
    shell.run("user", "block", name, *inside)
    assert "blocked already" in shell.run("user", "block", name, *inside, code=1)
    shell.run("user", "unblock", name, *inside)
    assert len(shell.json("user", "enrolment-code", name, *inside)["enrolment_code"]) == 13


def test_rotating_adds_a_key_and_gives_the_old_one_an_end(shell: Shell) -> None:
    (first,) = (row["id"] for row in shell.json("key", "list"))
    second = shell.json("key", "rotate")["key_id"]
    ends = {row["id"]: row["verifies_until"] for row in shell.json("key", "list")}
    assert ends.keys() == {first, second}
    assert [key for key, end in ends.items() if end is None] == [second]
    assert "private" not in shell.run("key", "list", "--json")
    assert "signing_key.rotated" in shell.run("audit", "tail", "--tenant", "system")


def test_a_trail_is_sealed_and_verified_until_somebody_has_changed_it(
    shell: Shell, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = ("--tenant", tenant)
    verify = ("audit", "verify", *inside)
    assert "no seals yet" in shell.run(*verify)
    assert shell.json("audit", "seal", *inside) == {"seals": 0, "head": None, "sealed_at": None}
    monkeypatch.setattr("tenantry.audit.seals.MARGIN", 0)
    assert shell.json("audit", "seal") == {"seals": 2}  # the tenant's, and that of signing keys
    first = shell.json(*verify)
    assert (first["holds"], first["seals"], first["broken_seals"], first["unsealed"]) == (True, 1, 0, 0)
    shell.run("tenant", "claim-domain", "shop.example", *inside)
    later = shell.json(*verify)
    assert (later["holds"], later["head"], later["unsealed"]) == (True, first["head"], 1)
    assert "Not sealed yet: 1, since" in shell.run(*verify)
    second = shell.json("audit", "seal", *inside)
    assert second["head"].startswith("2:")
    for head in (first["head"], second["head"]):
        assert f"Head, to keep elsewhere: {second['head']}" in shell.run(*verify, "--expect", head)
    assert "is not among them" in shell.run(*verify, "--expect", f"3:{'0' * 64}", code=1)
    shell.run(*verify, "--expect", "head", code=2)
    shell.run("audit", "verify", "--tenant", "system")

    def tamper(sql: str) -> None:
        database = apsw.Connection(str(shell.data_dir / "tenantry.db"))
        database.execute(sql)
        database.close()

    tamper("UPDATE audit_events SET actor = 'nobody' WHERE type = 'domain.proof_begun'")
    assert "The first is 2," in shell.run(*verify, code=1)
    tamper("DELETE FROM audit_events WHERE type = 'domain.proof_begun'")
    assert "events when it was made: 1, now: 0" in shell.run(*verify, code=1)
    tamper("DELETE FROM audit_seals WHERE number = 1")
    assert "it is missing" in shell.run(*verify, code=1)
    changed = json.loads(shell.run(*verify, "--expect", first["head"], "--json", code=1))
    assert (changed["holds"], changed["first_broken"]["number"], changed["head"]) == (False, 1, None)
    assert changed["expected_is_found"] is False


def test_an_export_is_compared_with_the_trail_it_was_made_from(
    shell: Shell, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenantry.audit.seals.MARGIN", 0)
    inside = ("--tenant", tenant)
    tenant_id = shell.json("audit", "verify", *inside)["tenant_id"]
    key = MasterKey.from_base64((shell.data_dir / "master.key").read_text().strip()).seal_keys()

    def export(head: Seal | None, of_tenant: str = tenant_id) -> str:
        path, file = tmp_path / "trail.jsonl", Export(key, TenantId(of_tenant), head)
        path.write_text(file.add('{"id":"1"}\n', 1) + file.end(lambda data: f'{{"data":{data}}}\n'))
        return str(path)

    verify = ("audit", "verify", *inside, "--export")
    assert "so it says nothing about the trail" in shell.run(*verify, export(None))
    number, _, digest = shell.json("audit", "seal", *inside)["head"].partition(":")
    head = Seal(int(number), "", 0, bytes.fromhex(digest), 0)
    assert "The export is as it was made. Events in it: 1." in shell.run(*verify, export(head))
    said = shell.json(*verify, export(head))
    assert (said["holds"], said["export"]["holds"], said["export"]["events"]) == (True, True, 1)
    assert "is not among them" in shell.run(*verify, export(head._replace(number=2)), code=1)
    shell.run(*verify, export(head, SYSTEM_TENANT), code=2)
    changed_file = Path(export(head))
    changed_file.write_text(changed_file.read_text().replace('"1"', '"2"'))
    assert "The export is not as it was made" in shell.run(*verify, str(changed_file), code=1)
    changed = json.loads(shell.run(*verify, str(changed_file), "--json", code=1))
    assert (changed["holds"], changed["export"], changed["expected_is_found"]) == (False, {"holds": False}, True)
    assert shell.json("audit", "verify", *inside)["export"] is None


def test_housekeeping_says_what_it_has_forgotten(shell: Shell, tenant: str) -> None:
    done = shell.json("housekeeping")
    assert set(done.values()) == {0}
    assert {"users", "groups", "refresh_tokens", "phone_pins"} <= done.keys()


def test_a_key_file_leads_to_the_port_of_the_server_and_says_when_clients_elsewhere_do_not_reach_it(
    shell: Shell, tenant: str
) -> None:
    inside, out = ("--tenant", tenant), shell.data_dir / "key.json"
    account = shell.json("service-account", "create", "emm", *inside)["service_account_id"]
    (shell.data_dir / "address").write_text("http://127.0.0.1:9123\n")  # as a server notes it
    said = shell.run("service-account", "add-key", account, *inside, "--out", str(out))
    assert json.loads(out.read_text())["token_uri"] == "http://127.0.0.1:9123/token"
    assert "public_url is not set, so the key file leads to http://127.0.0.1:9123." in said
    with (shell.data_dir / "tenantry.toml").open("a") as file:
        file.write('\npublic_url = "https://login.contoso.example"\n')
    out.unlink()
    said = shell.run("service-account", "add-key", account, *inside, "--out", str(out))
    assert json.loads(out.read_text())["token_uri"] == "https://login.contoso.example/token"
    assert "public_url" not in said
