"""What every builder uses: the caller that makes things, and numbers for names, so that two of a kind never collide."""

from __future__ import annotations

import itertools

from tenantry.core.caller import Origin, operator
from tenantry.core.ids import CorrelationId
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.secrets import SecretHasher
from tests.support.app import MASTER_KEY

OPERATOR = operator(Origin(CorrelationId("test"), ""))
"""The caller that makes things; it may do everything."""
KEY = MasterKey.from_base64(MASTER_KEY)
HASHER = SecretHasher(KEY.peppers())
"""The hasher that `an_app` has, too."""

counted = itertools.count(1)
