"""What the operator's programs ask of the server, and what only a demo has."""

from tenantry.surfaces.operations import demo_receiver, inbox, watching
from tenantry.surfaces.operations.coat import OPERATIONS

__all__ = ["OPERATIONS", "demo_receiver", "inbox", "watching"]
