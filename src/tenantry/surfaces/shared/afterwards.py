"""Work that is done after an answer has been sent, so that the time of the answer does not tell what was done.

A server that shuts down waits for this work as it does for answers. It counts what it breaks off then.
"""

from __future__ import annotations

from tenantry.core.caller import Origin
from tenantry.core.log import get_logger
from tenantry.surfaces.shared.answers import After

_log = get_logger()


class Afterwards:
    """The work that one server process has still to do."""

    def __init__(self) -> None:
        self.under_way = 0
        self._broken_off = 0

    async def do(self, work: After, origin: Origin) -> None:
        """Do the work. Raises nothing: errors go to the log, since the client has its answer."""
        self.under_way += 1
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - logged in full
            _log.error("failed after the answer", correlation_id=origin.correlation_id, exc_info=error)
        except BaseException:  # the server is shutting down
            self._broken_off += 1
            raise
        finally:
            self.under_way -= 1

    def close(self) -> None:
        """Finish the work. Call it when no request is running any more."""
        left = self.under_way + self._broken_off
        if left:
            _log.warning("left undone after answers that were sent", count=left)
