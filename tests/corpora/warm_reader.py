"""`tillmail read --json`, kept warm: the scorer asks in batches, and each start costs seconds.

A batch is answered by the command's own functions and the same reader children; what the command
adds around them is tested in tests/commands/test_read.py.
"""

from __future__ import annotations

import shlex
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.app import make_reader
from worker.commands.read import json_lines, proposer

# Run by the scorer for every batch; needs nothing but the standard library, so it starts at once.
_CLIENT = """
import socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.connect(sys.argv[1])
asked.sendall("\\0".join(sys.argv[2:]).encode("utf-8", "surrogateescape"))
asked.shutdown(socket.SHUT_WR)
while answer := asked.recv(1 << 16):
    sys.stdout.buffer.write(answer)
"""


@contextmanager
def warm_reader(folder: Path) -> Iterator[str]:
    """The command line that reads the paths appended to it, while this context lasts."""
    reader = make_reader(size=2)
    reader.start()

    class Batch(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.read().decode("utf-8", "surrogateescape")
            paths = [Path(path) for path in asked.split("\0")]
            finish = None
            if paths[0] == Path("--open-items"):
                finish, paths = proposer(paths[1]), paths[2:]
            for line in json_lines(paths, reader, finish):
                self.wfile.write(line.encode() + b"\n")

    place = folder / "reader"
    with socketserver.ThreadingUnixStreamServer(str(place), Batch) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield shlex.join([sys.executable, "-S", "-c", _CLIENT, str(place)])
        finally:
            server.shutdown()
            thread.join()
            reader.close()
