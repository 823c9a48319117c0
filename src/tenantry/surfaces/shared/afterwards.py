"""What is left to do when an answer has been sent, so that how long the answer takes does not say what is done.

A server that shuts down waits for it as it does for answers. What it breaks off then is counted.
"""

from __future__ import annotations

from tenantry.core.caller import Origin
from tenantry.core.log import get_logger
from tenantry.surfaces.shared.hot import After

_log = get_logger()


class Afterwards:
    """Of one server process."""

    def __init__(self) -> None:
        self.under_way = 0
        self._broken_off = 0

    async def do(self, work: After, origin: Origin) -> None:
        """Raises nothing: nobody is left to tell but the log."""
        self.under_way += 1
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - logged in full
            _log.error("failed after the answer", correlation_id=origin.correlation_id, exc_info=error)
        except BaseException:  # the server ends
            self._broken_off += 1
            raise
        finally:
            self.under_way -= 1

    def close(self) -> None:
        """When no request is left."""
        left = self.under_way + self._broken_off
        if left:
            _log.warning("left undone after answers that were sent", count=left)
