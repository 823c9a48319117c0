"""A process of its own: others who use the server, each in a thread, and how long each of their requests takes.

Standard input: a line of JSON (`others_asking` writes it); another line ends it. Standard output: `ready`, then a line
of JSON. It imports nothing but the standard library, so that it starts at once.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
_BY_LOOP_ALONE = ("/healthz", "/readyz")


def not_run(process: str) -> float:
    """Seconds in which the thread was ready and the machine did not let it run (Linux: schedstat's second number)."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


class NotRun:
    """Seconds since it was made in which the server or this thread was ready and did not run.

    Of the server that is its event loop, and of its other threads the one that was held up longest: a password is
    hashed in one of them, a commit waits for the disk in another.
    """

    def __init__(self, pid: str, *, threads: bool) -> None:
        self._pid, self._threads = pid, threads
        self._before = self._look()

    def seconds(self) -> float:
        now = self._look()
        of_threads = [now[each] - before for each, before in self._before.items() if "task" in each and each in now]
        own = sum(now[each] - self._before[each] for each in (self._pid, "self"))
        return own + max(of_threads, default=0.0)

    def _look(self) -> dict[str, float]:
        found = {self._pid: not_run(self._pid), "self": not_run("thread-self")}
        if self._threads:
            for thread in Path(f"/proc/{self._pid}/task").iterdir():
                if thread.name != self._pid:
                    found[f"{self._pid}/task/{thread.name}"] = not_run(f"{self._pid}/task/{thread.name}")
        return found


class Bystander:
    """Does one thing every `pause` seconds until told to end."""

    def __init__(self, watch: dict[str, Any], kind: str, pause: float, end: threading.Event) -> None:
        self._server = str(watch["pid"])
        self._facts = watch[kind]
        self._act = getattr(self, f"_{kind}")
        self._pause = pause
        self._end = end
        self._connection = http.client.HTTPConnection("127.0.0.1", watch["port"], timeout=60)
        self.waits: list[tuple[float, float]] = []
        self.bad: list[tuple[str, int | str]] = []
        for _ in range(3):  # what is loaded and prepared once
            self._act()
        self.waits.clear()

    def run(self) -> None:
        self._act()
        while not self._end.wait(self._pause):
            self._act()

    def _ask(self, method: str, path: str, expected: int, headers: dict[str, str], body: str | None = None) -> Any:
        not_run, began = NotRun(self._server, threads=path not in _BY_LOOP_ALONE), time.perf_counter()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.bad.append((path, type(error).__name__))
            return None, b""
        took = time.perf_counter() - began
        self.waits.append((max(took - not_run.seconds(), 0.0), took))
        if answer.status != expected:
            self.bad.append((path, answer.status))
        return answer, text

    def _health(self) -> None:
        self._ask("GET", "/healthz", 200, {})

    def _ready(self) -> None:
        self._ask("GET", "/readyz", 200, {})

    def _exchange(self) -> None:
        self._ask("GET", "/kaizala/v1/accessToken", 200, self._facts)

    def _page(self) -> None:
        self._ask("GET", "/groups", 200, self._facts)

    def _sign_in(self) -> None:
        page, text = self._ask("GET", "/sign-in", 200, {})
        if page is None or page.status != 200:
            return
        token = _TOKEN.search(text.decode())
        assert token is not None
        headers = {
            "cookie": page.headers["set-cookie"].partition(";")[0],
            "content-type": "application/x-www-form-urlencoded",
        }
        self._ask("POST", "/sign-in", 303, headers, urlencode({"form_token": token[1], **self._facts}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    watch, end = json.loads(sys.stdin.readline()), threading.Event()
    people = {kind: Bystander(watch, kind, pause, end) for kind, pause in watch["pauses"].items()}
    threads = [threading.Thread(target=each.run) for each in people.values()]
    for thread in threads:
        thread.start()
    _say("ready")
    sys.stdin.readline()
    end.set()
    for thread in threads:
        thread.join()
    _say(json.dumps({kind: {"waits": each.waits, "bad": each.bad} for kind, each in people.items()}))


if __name__ == "__main__":
    main()
