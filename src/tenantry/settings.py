"""Settings: `tenantry.toml` in the data directory, overridden by `TENANTRY_*` in the environment."""

from __future__ import annotations

import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

CONFIG_FILE = "tenantry.toml"
DATABASE_FILE = "tenantry.db"

AssertionAudiences = Literal["own", "vendor", "any"]


class Settings(BaseSettings):
    """Every setting, with its default. Lifetimes carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="TENANTRY_", extra="forbid")

    # Where
    data_dir: Path = Field(Path("var"), description="Directory of the SQLite file, the key file and the demo's facts.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(
        None, description="The address clients use, without a final slash. Unset: http://HOST:PORT. Also the issuer."
    )
    host_roots: dict[str, str] = Field(
        default_factory=dict, description='Host names that show one surface at `/`: {"kms.example.com": "/kaizala"}.'
    )
    demo: bool = Field(False, description="Demo tenants, an inbox page instead of SMS. Never for real data.")
    demo_on_any_address: bool = Field(
        False, description="Let the demo listen where others reach it, and show them its inbox with every PIN."
    )

    # Store
    database_url: str | None = Field(
        None,
        repr=False,
        description="postgresql://… for PostgreSQL. Unset: tenantry.db in the data directory (SQLite).",
    )
    store_wait_seconds: float = Field(2.0, gt=0, description="How long a request waits for the store before a 503.")
    postgres_connections: int = Field(10, ge=1, description="Connections a server process opens at most.")

    # Secrets
    master_key: SecretStr | None = Field(
        None, description="32 bytes in base64: encrypts signing keys, keys the hashes of secrets. Unset: the key file."
    )
    master_key_file: Path | None = Field(None, description="File with the master key. Unset: master.key in data_dir.")

    # Lifetimes
    refresh_token_days: int = Field(365, ge=1, description="Validity of a refresh token.")
    kaizala_access_token_hours: int = Field(24, ge=1, description="Validity of a Kaizala access token.")
    access_token_minutes: int = Field(60, ge=5, description="Validity of every other access token.")
    authorization_code_minutes: int = Field(5, ge=1, le=10, description="Validity of an authorization code.")
    device_token_minutes: int = Field(5, ge=1, le=15, description="Validity of a device token.")
    pin_minutes: int = Field(5, ge=1, le=15, description="Validity of a PIN.")
    session_hours: int = Field(12, ge=1, le=720, description="How long a sign-in to the portal lasts.")
    tenant_restorable_days: int = Field(30, ge=0, le=3650, description="How long a deleted tenant can be restored.")
    audit_seal_minutes: int = Field(60, ge=1, le=1440, description="How often the trail is sealed.")
    clock_leeway_seconds: int = Field(60, ge=0, le=300, description="Clock skew between servers that tokens survive.")

    # Limits
    rate_limits: Literal["on", "off"] = Field("on", description="`off` turns every rate limit off, for load tests.")
    device_limit: int = Field(10, ge=1, description="Live devices of one managed account.")
    pin_tries: int = Field(5, ge=1, le=100, description="Wrong PINs before a PIN is dead.")
    pins_per_number_per_hour: int = Field(10, ge=1, le=1000, description="PINs sent to one phone number.")
    pins_per_address_per_hour: int = Field(240, ge=1, description="PINs asked for, or tried, from one client address.")
    refusals_per_address_per_minute: int = Field(
        1200, ge=1, description="Bad credentials from one client address, at each surface, before it has to wait."
    )
    refusals_per_client_per_minute: int = Field(
        300, ge=1, description="Bad credentials for one client_id from one address, before it has to wait."
    )
    kaizala_calls_per_connector_per_minute: int = Field(100, ge=1, description="Kaizala calls of one connector.")
    kaizala_calls_per_tenant_per_minute: int = Field(300, ge=1, description="Kaizala calls of one tenant.")
    relationship_requests_per_hour: int = Field(
        20, ge=1, description="Requests for roles that one partner sends to customers in the portal."
    )
    webhook_events_waiting: int = Field(
        10_000, ge=100, description="Events that may wait for one webhook. With more of them it is disabled."
    )
    connections_per_address: int = Field(
        256, ge=1, description="Connections of one client address; with more, the one idle for longest is closed."
    )
    head_seconds: float = Field(15.0, gt=0, description="How long a client may take to send the head of a request.")
    keep_alive_seconds: int = Field(
        75, ge=1, description="How long an idle connection is kept; longer than a proxy in front keeps it."
    )
    body_limit_bytes: int = Field(1_048_576, ge=1024, description="Largest request body.")
    json_depth_limit: int = Field(32, ge=4, description="Deepest nesting of a JSON body.")

    # Edges
    message_urls: list[str] = Field(
        default_factory=list, repr=False, description="Apprise URLs for SMS; {phone} stands for the number."
    )
    assertion_audiences: AssertionAudiences = Field(
        "vendor",
        description="What an assertion may be for: `own` token addresses, `vendor`'s too, `any`: the bare issuer too.",
    )
    cors_origins: list[str] = Field(default_factory=lambda: ["*"], description="Origins that browsers may call from.")
    trusted_proxies: list[str] = Field(
        default_factory=list, description="Proxy addresses whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    outgoing_private_addresses: bool = Field(
        False, description="Let identity providers and webhooks be in private networks, and on plain http."
    )
    log_format: Literal["pretty", "json"] = Field("pretty", description="How log lines look.")
    metrics: bool = Field(True, description="Serve /metrics.")
    metrics_from: list[IPv4Network | IPv6Network] = Field(
        default_factory=list, description="Networks beside this machine from which /metrics may be read."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _name_proxies(cls, proxies: list[str]) -> list[str]:
        """Refuse to trust every address, since then clients choose theirs, and misspelt ones, which trust nobody."""
        for proxy in proxies:
            try:
                width = ip_network(proxy).prefixlen
            except ValueError:
                width = 0
            if not width:
                raise ValueError(
                    f"{proxy} is no address and no network of proxies. Name what the proxies' addresses are, such as "
                    "10.0.0.2 or 10.0.0.0/24: of anybody else such headers are not believed."
                )
        return proxies

    @property
    def address_is_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        host = self.host.strip("[]")
        if host == "localhost":
            return True
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def sqlite_file(self) -> Path | None:
        """The file of the database; None when the database is a PostgreSQL."""
        return None if self.database_url else self.data_dir / DATABASE_FILE

    @property
    def issuer(self) -> str:
        """The `iss` of tokens and the root of every URL we hand out; no final slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def address_file(self) -> Path:
        """The file in which a server notes the address that it was last reached at."""
        return self.data_dir / "address"

    @property
    def known_address(self) -> str:
        """The server's address for a command that does not serve: `public_url`, else the address that the server noted,
        since it may have been started on another port.
        """
        try:
            noted = self.address_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            noted = ""
        return self.issuer if self.public_url or not noted.startswith("http") else noted

    @property
    def store_url(self) -> str:
        """The address of the database, as `open_store` takes it."""
        return self.database_url or f"sqlite:///{(self.data_dir / DATABASE_FILE).absolute()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let arguments win over the environment, and the environment over the file."""
        values = {**env_settings(), **init_settings()}
        file = Path(values.get("data_dir", "var")) / CONFIG_FILE
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)


def load(**overrides: object) -> Settings:
    """Read the file and the environment; `overrides` that are None count as not given. Raises ValidationError."""
    return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]


def file_with_secrets(data_dir: Path) -> Path | None:
    """The settings file, if it holds a secret."""
    values = _in_file(data_dir)
    address = urlsplit(str(values.get("database_url") or ""))
    has_password = bool(address.password) or "password=" in address.query
    is_secret = has_password or values.get("master_key") or values.get("message_urls")
    return data_dir / CONFIG_FILE if is_secret else None


def says_demo(data_dir: Path) -> bool:
    """Whether the settings file itself asks for a demo."""
    return _in_file(data_dir).get("demo") is True


def _in_file(data_dir: Path) -> dict[str, object]:
    try:
        return tomllib.loads((data_dir / CONFIG_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return {}
