"""documents.ports.Press and delivery.ports.EmailPress on a pool of press children (DESIGN 5.10)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from worker.adapters.press_samples import warming_orders
from worker.adapters.zygote import Limits, Pool, Trade
from worker.adapters.zygote_frames import Frame
from worker.adapters.zygote_isolation import Isolation
from worker.delivery.ports import EmailOrder, EmailWords
from worker.documents.ports import Printed, PrintOrder

_SHIPPED = str(Path(__file__).parents[2] / "templates")
PRESS_LIMITS = Limits(wall_s=90.0, cpu_s=30.0, memory_bytes=1 << 30, documents_per_child=2000)


class ZygotePress:
    """Prints documents and composes emails in child processes, one per core.

    `start` it early, before the process has threads. Children warm up by printing samples with the
    templates in `warm_with`, those shipped unless told otherwise: fonts are shared by content, so
    that serves every published set with the same fonts.
    """

    def __init__(
        self,
        *,
        size: int | None = None,
        limits: Limits = PRESS_LIMITS,
        warm_with: str | None = None,
    ) -> None:
        samples = [_print_head(order) for order in warming_orders(warm_with or _SHIPPED)]
        trade = Trade("press", "worker.adapters.press_child", {"samples": samples})
        self._pool = Pool(trade, size=size or len(os.sched_getaffinity(0)), limits=limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Exec the zygote and come back at once."""
        self._pool.start()

    def wait_until_ready(self) -> None:
        """Return once it is warm."""
        self._pool.wait_until_ready()

    def close(self) -> None:
        """End the zygote and its children."""
        self._pool.close()

    @property
    def isolation(self) -> Isolation:
        """What the children are shut in by; the caller decides whether that is enough."""
        return self._pool.isolation

    def print_pdf(self, order: PrintOrder) -> Printed:
        """The PDF of an order."""
        blobs = [blob for blob in (order.behind, order.xmp) if blob is not None]
        blobs += [file.content for file in order.attachments]
        answer = self._pool.call(Frame(_print_head(order), tuple(blobs)))
        missing = tuple(str(text) for text in answer.head["missing"])
        return Printed(answer.blobs[0], int(answer.head["pages"]), missing)

    def compose(self, order: EmailOrder) -> EmailWords:
        """The words of one email."""
        head = _head("compose", order) | {"context": order.context | {"language": order.language}}
        answer = self._pool.call(Frame(head))
        html, text = (blob.decode("utf-8") for blob in answer.blobs)
        return EmailWords(str(answer.head["subject"]), html, text)

    def check(self, template_dir: str, set_hash: str) -> tuple[str, ...]:
        """The faults of every template in a folder that cannot even be compiled, file and line.

        What is wrong only with values in place shows when samples are printed and composed.
        """
        folder = str(Path(template_dir).absolute())
        order = {"op": "check", "template_dir": folder, "set_hash": set_hash}
        return tuple(str(fault) for fault in self._pool.call(Frame(order)).head["faults"])


def _head(op: str, order: PrintOrder | EmailOrder) -> dict[str, Any]:
    return {
        "op": op,
        "template": order.template,
        "template_dir": str(Path(order.template_dir).absolute()),
        "set_hash": order.set_hash,
        "context": order.context,
    }


def _print_head(order: PrintOrder) -> dict[str, Any]:
    return _head("print", order) | {
        "qr_text": order.qr_text,
        "has_behind": order.behind is not None,
        "has_xmp": order.xmp is not None,
        "must_show": list(order.must_show),
        "must_link": order.must_link,
        "attachments": [
            {"name": file.name, "relationship": file.relationship, "description": file.description}
            for file in order.attachments
        ],
    }
