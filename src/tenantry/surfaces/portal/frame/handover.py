"""What a developer gets for a connector: a `.env` file, and a command that can be run as it is."""

from __future__ import annotations


def env_file(title: str, **values: str | None) -> str:
    """`TENANTRY_NAME=value` lines beneath a comment. Values hold neither blanks nor quotes; None is left out."""
    lines = [f"TENANTRY_{name.upper()}={value}\n" for name, value in values.items() if value is not None]
    return f"# {' '.join(title.split())}\n{''.join(lines)}"


def exchange_command(issuer: str, connector_id: str, refresh_token: str = "$TENANTRY_REFRESH_TOKEN") -> str:
    """A curl command that trades the refresh token for an access token. The secret comes from the environment, where
    the `.env` file puts it.
    """
    return (
        f"curl {issuer}/kaizala/v1/accessToken \\\n"
        f'  -H "applicationId: {connector_id}" \\\n'
        '  -H "applicationSecret: $TENANTRY_CONNECTOR_SECRET" \\\n'
        f'  -H "refreshToken: {refresh_token}"'
    )
