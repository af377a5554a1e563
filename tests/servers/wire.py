"""A wire to a real server that can be cut, frozen or garbled: faults that servers do not script."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial


class Wire:
    """Passes bytes between clients and a server on loopback.

    `edit` sees what the server says, as it comes off the socket. While `frozen` is set nothing
    passes and nobody is told: a half-open connection. `accepted` counts the connections made.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._thawed = threading.Event()
        self._thawed.set()
        self.port = int(self._listener.getsockname()[1])
        self.accepted = 0
        self.edit: Callable[[bytes], bytes] = lambda data: data
        self._spawn(self._accept)

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        # A copy: whoever is cut off may be back before the last of them is.
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Swallow everything from now on."""
        self._thawed.clear()

    def close(self) -> None:
        """End every connection and take no more."""
        self._thawed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(timeout=5)
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            server = socket.create_connection(("127.0.0.1", self._server_port))
            self._open += [client, server]
            self._spawn(partial(self._pass_on, client, server))
            self._spawn(partial(self._pass_on, server, client, edited=True))

    def _pass_on(
        self, source: socket.socket, target: socket.socket, *, edited: bool = False
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._thawed.wait()
                target.sendall(self.edit(data) if edited else data)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _spawn(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()


@contextmanager
def wire_to(server_port: int) -> Iterator[Wire]:
    """A wire to the server, gone at the end."""
    wire = Wire(server_port)
    try:
        yield wire
    finally:
        wire.close()
