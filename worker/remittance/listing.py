"""The list of all that is announced and not confirmed: asked once a week, answered by its numbers.

The list is one question. What it says stands in its work item, so that an answer means the lines as
they were sent, whatever was announced since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from worker import customers, invoices, review
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.readers.answers import Said, Word
from worker.readers.listed import numbers
from worker.remittance import records
from worker.remittance.advices import Advice, AdviceState
from worker.review import Answer, WorkItem
from worker.store import once

LIST = "remittance_list"
SHOWN = 100
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# What an answer says of numbers, as it is said of one payment.
_PLAIN = {Word.RECEIVED_THESE: Word.RECEIVED, Word.NOT_RECEIVED_THESE: Word.NOT_RECEIVED}
_SUPERSEDED = "A newer list took its place."


@dataclass(frozen=True, slots=True)
class Weekly:
    """When the list goes out: from this hour of this weekday on, in this zone."""

    weekday: str
    hour: int
    zone: str

    def week(self, at: datetime) -> str | None:
        """The week whose list is due by now, such as `2026-W48`; None before its hour.

        A list whose hour was missed is still due for the rest of its week.
        """
        now = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        year, week, _ = now.isocalendar()
        monday = datetime.fromisocalendar(year, week, 1)
        due_at = monday + timedelta(days=_WEEKDAYS.index(self.weekday), hours=self.hour)
        return f"{year}-W{week:02}" if now >= due_at else None


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What an answer says of one line of a list, as if it had been asked about that alone."""

    number: int
    advice_id: str
    answer: Answer


def ask_weekly(
    session: Session, business: BusinessKey, weekly: Weekly, *, at: datetime
) -> WorkItem | None:
    """The list of this week, asked now; None where it is not due, was asked, or is empty."""
    week = weekly.week(at)
    if week is None or not once.is_first(session, business, f"remittance-list:{week}", at=at):
        return None
    return ask_list(session, business, week, weekly.zone, at=at)


def ask_list(
    session: Session, business: BusinessKey, name: str, zone: str, *, at: datetime
) -> WorkItem | None:
    """A question about all that is announced; it takes the place of the list before."""
    for item in review.open_of_kind(session, business, LIST):
        review.settle(session, business, item.subject, answer=_SUPERSEDED, by="tillmail", at=at)
    waiting = records.announced(session, business)
    if not waiting:
        return None
    rows = [
        {"number": number} | _facts(session, advice, zone, day_in(zone, at))
        for number, advice in enumerate(waiting[:SHOWN], start=1)
    ]
    more = len(waiting) - len(rows)
    question = review.Question(
        kind=LIST,
        subject=name,
        text=(
            f"{len(waiting)} payments are announced and not confirmed. Look at the bank account: "
            "which of them have come? Your answer settles those."
        ),
        evidence={f"line_{row['number']}": _said(row) for row in rows}
        | {"waiting": rows, "more": more},
        choices=["received", "received numbers", "not received", "not received numbers"],
    )
    return review.ask(session, business, question, at=at)


def decided(item: WorkItem, answer: Answer) -> list[LineAnswer]:
    """What an answer says of each line of a list, in its order. Pure.

    Raises Refused where it names a line that the list has not.
    """
    listed = {int(row["number"]): str(row["advice"]) for row in item.evidence["waiting"]}
    found: dict[int, Said] = {}
    for one in answer.said:
        of_some = one.word in _PLAIN
        for number in (numbers(one.value) or ()) if of_some else listed:
            if number not in listed:
                raise Refused(f"The list has no number {number}: it ends with {len(listed)}.")
            found[number] = Said(_PLAIN[one.word]) if of_some else one
    return [
        LineAnswer(number, listed[number], Answer((said,), answer.by, answer.mail_id))
        for number, said in sorted(found.items())
    ]


def is_answered(session: Session, item: WorkItem, done: Collection[str]) -> bool:
    """Whether no line of a list waits any more, now that these advices are decided."""
    left = {str(row["advice"]) for row in item.evidence["waiting"]} - {*done}
    found = [records.by_id(session, BusinessKey(item.business), one) for one in left]
    return all(advice is None or advice.state != AdviceState.ANNOUNCED for advice in found)


def _facts(session: Session, advice: Advice, zone: str, today: date) -> dict[str, Any]:
    """A claim as plain JSON, as it stands when the list is made."""
    business = BusinessKey(advice.business)
    customer = customers.by_id(session, business, advice.customer_id or "")
    return {
        "advice": advice.id,
        "customer": customer.name if customer else "",
        "invoices": _numbers(session, advice),
        "amount": str(advice.amount),
        "minor": advice.amount_minor,
        "currency": advice.currency,
        "days": (today - day_in(zone, advice.read_at)).days,
    }


def _numbers(session: Session, advice: Advice) -> list[str]:
    business = BusinessKey(advice.business)
    ids = dict.fromkeys(line.item_id for line in records.lines_of(session, advice))
    return [item.number for i in ids if (item := invoices.by_id(session, business, i))]


def _said(row: Mapping[str, Any]) -> str:
    about = f" for {', '.join(row['invoices'])}" if row["invoices"] else ""
    return f"{row['customer']}: {row['amount']}{about}, told {row['days']} days ago"
