"""The payments that a mail or a file states, from its parts as other readers opened them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime

from worker.readers import remittance_advice, remittance_days, remittance_figures, tables
from worker.readers.model import Part, Reply
from worker.readers.opening import OpenedMail
from worker.readers.page_layout import Layout
from worker.readers.remittance_advice import Advice, Attached, Written
from worker.readers.remittance_words import flattened, folded, says
from worker.readers.tables import NoTable, Table

_SHEETS = frozenset(
    {
        "text/csv",
        "text/tab-separated-values",
        "text/plain",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/zip",
        "application/octet-stream",
    }
)
_MAX_ROWS = 5_000
_SUM_LINES = 4


def of_mail(
    opened: OpenedMail, reply: Reply | None, pages: Mapping[int, tuple[Layout, bool]]
) -> Advice:
    """What the mail says was paid. `pages` are its parts' words, and whether they are a scan's."""
    envelope = opened.envelope
    written = Written(
        subject=envelope.subject,
        text=_new_words(reply) if reply is not None else "",
        sent_on=_day(opened.headers.first("date")),
        is_reply=remittance_advice.is_answer(envelope.subject, envelope.in_reply_to),
    )
    parts = [(part, data) for part, data in opened.parts if part.is_attachment]
    return remittance_advice.read(written, _attached(parts, pages))


def of_file(part: Part, data: bytes, pages: tuple[Layout, bool] | None) -> Advice | None:
    """What a file says was paid; None where it does not say itself that it is an advice."""
    known = {part.index: pages} if pages is not None else {}
    attached = _attached([(part, data)], known)
    if not any(remittance_advice.names_itself(each) for each in attached):
        return None
    advice = remittance_advice.read(Written(), attached)
    return advice if advice.remittances else None


def promised_on(opened: OpenedMail, promise: str) -> dt.date | None:
    """The day by which a mail promises to pay."""
    sent_on = _day(opened.headers.first("date"))
    return remittance_days.promised_day(promise, sent_on) if sent_on is not None else None


def lists_payments(part: Part, data: bytes) -> bool:
    """Whether a table with days and amounts is an advice rather than a bank's list.

    A bank prints no sum under the references; a payer does, or says what the sheet is.
    """
    return any(remittance_advice.is_summed(each) for each in _attached([(part, data)], {}))


def brings_list(opened: OpenedMail) -> bool:
    """Whether a mail of few words brings a table of invoices that were paid on one day.

    A list of what is still open has as many days as lines.
    """
    sent_on = _day(opened.headers.first("date"))
    parts = [(part, data) for part, data in opened.parts if part.is_attachment]
    advice = remittance_advice.read(Written(sent_on=sent_on), _attached(parts, {}))
    return any(each.lines and each.paid_on is not None for each in advice.remittances)


def _attached(
    parts: Iterable[tuple[Part, bytes]], pages: Mapping[int, tuple[Layout, bool]]
) -> list[Attached]:
    found: list[Attached] = []
    for part, data in parts:
        name = part.name or f"part {part.index + 1}"
        if part.index in pages:
            layout, is_scan = pages[part.index]
            found.append(Attached(name, layout=layout, is_scan=is_scan))
        elif part.media_type in _SHEETS:
            found += _sheets(name, data)
    return found


def _sheets(name: str, data: bytes) -> list[Attached]:
    """The tables in a part; a part that holds none is no advice, and no error."""
    try:
        read = tables.tables(data)
    except NoTable:
        return []
    return [_sheet(name, table) for table in read]


def _sheet(name: str, table: Table) -> Attached:
    return Attached(name, rows=table.rows[:_MAX_ROWS], has_formulas=_counts_on_formulas(table))


def _counts_on_formulas(table: Table) -> bool:
    """Whether an amount of a line was calculated; a sum may be, as the lines must make it."""
    last = len(table.rows) - 1
    return any(row < last for row, _ in table.formulas)


def _new_words(reply: Reply) -> str:
    """The new text, and the sum under a ruled line, which ends a text like a signature's does."""
    below = reply.signature.splitlines()[:_SUM_LINES]
    for place, line in enumerate(below):
        words = flattened(line)
        if says("total", folded(words)) and remittance_figures.figures(words):
            return "\n".join([reply.text, *below[: place + 1]])
    return reply.text


def _day(date: str) -> dt.date | None:
    """The day on the sender's own clock: "today" is what it was where the mail was written."""
    try:
        return parsedate_to_datetime(date).date()
    except (ValueError, TypeError, OverflowError):
        return None
