"""What happens by itself when its time has come: the one table of what timers do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from worker.sandbox import debits, disputes, refunds
from worker.sandbox.call import Call

_DOES: dict[str, Callable[[Call, str, str], object]] = {
    "debit": debits.on_time,
    "dispute": disputes.at_once,
    "refund": refunds.settle,
}


def happen(call: Call, timer: sqlite3.Row) -> None:
    _DOES[timer["what"]](call, timer["subject"], timer["outcome"])
