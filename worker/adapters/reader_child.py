"""The trade of a reader child: what untrusted bytes are and say. Runs in the zygote's children.

The answer travels as JSON made by the contract's own types, so that the worker validates every
field of it again: a child that was taken over can lie, but only in the contract's words.
"""

from __future__ import annotations

from typing import Any

from worker import readers
from worker.adapters.zygote_frames import Frame

# The smallest mail there is: reading it once loads what the first document would wait for.
_WARM_MAIL = b"From: a@example.com\r\nSubject: warm\r\n\r\nwarm\r\n"


def warm(_facts: dict[str, Any]) -> None:
    """Import every parser, before the children are forked."""
    readers.examine(_WARM_MAIL).model_dump_json()


def begin(_facts: dict[str, Any]) -> None:
    """Nothing is left to do: all of it was imported before the fork."""


def answer(request: Frame) -> Frame:
    """An Examined as JSON; to `take_apart` adds the parts that carry invoices."""
    data = request.blobs[0]
    hints = readers.Hints.model_validate(request.head.get("hints", {}))
    parts: dict[int, bytes] = {}
    if request.head["op"] == "take_apart":
        examined, parts = readers.take_apart(data, hints)
    else:
        examined = readers.examine(data, hints)
    text = examined.model_dump_json().encode("utf-8")
    return Frame({"parts": list(parts)}, (text, *parts.values()))
