"""An SMTP server that accepts everything, as cheaply as Python can (RFC 5321).

What is measured shares its cores with whoever receives. The tests' server takes a message apart
line by line, which costs 8 ms of processor time for each: a fifteenth of all that an invoice takes.
"""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_REPLIES = {b"EHLO": b"250-bench\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n", b"QUIT": b"221 bye\r\n"}
_END = b"\r\n.\r\n"


class Receiver(socketserver.ThreadingTCPServer):
    """Counts the messages that it accepted."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.port: int = self.server_address[1]
        self.accepted = 0
        self.counting = threading.Lock()

    def await_messages(self, count: int, *, timeout_s: float) -> None:
        """Return when so many were accepted."""
        deadline = time.monotonic() + timeout_s
        while self.accepted < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.accepted} of {count} messages after {timeout_s} s")
            time.sleep(0.05)


class _Session(socketserver.BaseRequestHandler):
    server: Receiver

    def handle(self) -> None:
        self.request.sendall(b"220 bench\r\n")
        while command := self._until(b"\r\n"):
            verb = command[:4].upper()
            if verb == b"DATA":
                self.request.sendall(b"354 go on\r\n")
                if not self._until(_END):
                    return
                with self.server.counting:
                    self.server.accepted += 1
            self.request.sendall(_REPLIES.get(verb, b"250 accepted\r\n"))

    def _until(self, end: bytes) -> bytes:
        """What the client says next; nothing once it is gone. It waits for each answer."""
        said = bytearray()
        while not said.endswith(end):
            piece = self.request.recv(1 << 18)
            if not piece:
                return b""
            said += piece
        return bytes(said)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
