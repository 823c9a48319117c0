"""The token endpoints, in the forms that AAD's, Google's and plain OAuth's clients know, and discovery."""

from tenantry.surfaces.oauth import assertion, generate_token, token, well_known
from tenantry.surfaces.oauth.coat import OAUTH

__all__ = ["OAUTH", "assertion", "generate_token", "token", "well_known"]
