"""uvicorn's HTTP protocol, with a bound on what a client may send that is no body.

The parser keeps a line of the head, or of a chunked body's trailer, until it ends, and copies it at each read: without
a bound, 100 MB in one header keep the whole server busy for 10 seconds, and any number of headers fills the memory.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 65_536
_LONGEST_FRAME = 16  # what a chunk of a body costs beside its content


class BoundedProtocol(HttpToolsProtocol):
    """Answers 400 and hangs up after LONGEST_HEAD bytes, and what the first read brought, that are no body."""

    _no_body = 0

    def on_message_begin(self) -> None:
        self._no_body = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        self._no_body = max(0, self._no_body - len(body) - _LONGEST_FRAME)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._no_body += len(data)
        super().data_received(data)
        if self._no_body > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")
