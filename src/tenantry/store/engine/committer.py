"""The thread that commits. A lock wakes it: an executor would make a future of each commit and take several locks."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Committer:
    """Runs `commit` in its thread once for each call of `start`; the next call only after that has ended."""

    def __init__(self, commit: Callable[[], None]) -> None:
        self._commit = commit
        self._is_over = False
        self._waits = threading.Lock()
        self._waits.acquire()
        self._thread = threading.Thread(target=self._run, name="commit", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Let the thread commit. Does not wait for it."""
        self._waits.release()

    def close(self) -> None:
        """End the thread, which must be idle."""
        self._is_over = True
        self._waits.release()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._waits.acquire()
            if self._is_over:
                return
            self._commit()
