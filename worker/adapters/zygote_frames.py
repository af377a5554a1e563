"""What passes between the worker and a child: one JSON object and some bytes, lengths first.

Never pickle: the other end may be a process that a hostile document has taken over. So every
length is checked before anything is read or allocated, and every wait has an end.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

_LENGTHS = struct.Struct(">IQ")
_CHUNK = 1 << 20
MAX_HEAD_BYTES = 8 << 20


class Broken(Exception):
    """The other end is gone, or what it says is no frame."""


class Flooded(Broken):
    """The other end announced more than it may send."""


class Overdue(Broken):
    """The other end did not finish in time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: `head` is plain JSON, `blobs` are bytes that JSON cannot carry."""

    head: dict[str, Any]
    blobs: tuple[bytes, ...] = field(default=())


Pause = Callable[[], None]


def send(channel: socket.socket, frame: Frame, *, deadline: float | None = None) -> None:
    """Write the frame; raises Broken when the other end is gone or does not take it in time."""
    head = frame.head | {"blobs": [len(blob) for blob in frame.blobs]}
    text = json.dumps(head, separators=(",", ":")).encode("utf-8")
    body = sum(len(blob) for blob in frame.blobs)
    channel.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
    try:
        channel.sendall(_LENGTHS.pack(len(text), body) + text)
        for blob in frame.blobs:
            channel.sendall(blob)
    except TimeoutError as error:
        raise Overdue("It does not take what it is sent.") from error
    except OSError as error:
        raise Broken(str(error)) from error


def receive(
    channel: socket.socket, *, max_bytes: int, on_pause: Pause | None = None, pause_s: float = 1.0
) -> Frame:
    """The next frame.

    Between pieces that take longer than `pause_s` it calls `on_pause`, which raises to give up:
    that is where the watchdog looks at time and processor. Raises Broken at end of file.
    """
    channel.settimeout(pause_s if on_pause else None)
    head_bytes, body_bytes = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size, on_pause))
    if head_bytes > MAX_HEAD_BYTES or head_bytes + body_bytes > max_bytes:
        raise Flooded(f"It would send {head_bytes + body_bytes} bytes; {max_bytes} are allowed.")
    try:
        head = json.loads(_exactly(channel, head_bytes, on_pause))
        sizes = head["blobs"]
        if sum(sizes) != body_bytes or any(size < 0 for size in sizes):
            raise Broken("The lengths in its frame do not add up.")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Broken("It answered with something that is no frame.") from error
    body = memoryview(_exactly(channel, body_bytes, on_pause))
    return Frame(head, tuple(_cut(body, sizes)))


def _cut(body: memoryview, sizes: Sequence[int]) -> list[bytes]:
    blobs, start = [], 0
    for size in sizes:
        blobs.append(bytes(body[start : start + size]))
        start += size
    return blobs


def _exactly(channel: socket.socket, size: int, on_pause: Pause | None) -> bytearray:
    """`size` bytes. Grows as they come, so that an announced length alone costs no memory."""
    data = bytearray()
    while len(data) < size:
        try:
            piece = channel.recv(min(_CHUNK, size - len(data)))
        except TimeoutError:
            piece = None
        except OSError as error:
            raise Broken(str(error)) from error
        if piece == b"":
            raise Broken("It closed the connection.")
        if piece:
            data += piece
        if on_pause:
            on_pause()
    return data
