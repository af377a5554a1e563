"""The list of payments that are announced and not confirmed, as an email to finance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from worker import review
from worker.delivery.letters import Paper
from worker.delivery.plain_values import fields_of
from worker.delivery.questions import asked, choices
from worker.delivery.queueing import Letter
from worker.delivery.wording import Choice, SenderFace
from worker.kernel.money import Money, total
from worker.review import WorkItem


@dataclass(frozen=True, slots=True)
class ListedPayment:
    """A line of the list: `number` is what an answer calls it, `days` since it was announced."""

    number: int
    customer: str
    amount: Money
    days: int
    invoices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListNotice:
    """All that is announced and not confirmed, to finance. Template folder `remittance_list`.

    `totals`: by currency; `more` are announced and not on the list. `reply_to` is where an answer
    counts, or empty; `reference` is the work item's id.
    """

    business: SenderFace
    reference: str
    payments: tuple[ListedPayment, ...]
    totals: tuple[Money, ...]
    words: tuple[Choice, ...]
    more: int = 0
    reply_to: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


def list_letters(item: WorkItem, paper: Paper) -> list[Letter]:
    """The list of a work item to everybody in finance."""
    rows = tuple(_payment(row) for row in item.evidence["waiting"])
    notice = ListNotice(
        business=paper.sender,
        reference=item.id,
        payments=rows,
        totals=totals(rows),
        words=choices(review.words_of(item), item.kind),
        more=int(item.evidence.get("more", 0)),
    )
    return [
        Letter(
            kind="remittance_list",
            subject_id=item.id,
            recipient=person.address,
            language=paper.rules.language,
            template_set=paper.set_hash,
            context=notice.context(),
        )
        for person in asked(paper.rules, item.kind, None)
    ]


def totals(payments: Iterable[ListedPayment]) -> tuple[Money, ...]:
    """What the payments come to, in each of their currencies."""
    every = [one.amount for one in payments]
    codes = dict.fromkeys(amount.currency for amount in every)
    return tuple(total((a for a in every if a.currency == code), code) for code in codes)


def _payment(row: dict[str, Any]) -> ListedPayment:
    return ListedPayment(
        number=int(row["number"]),
        customer=str(row["customer"]),
        amount=Money(int(row["minor"]), str(row["currency"])),
        days=int(row["days"]),
        invoices=tuple(row["invoices"]),
    )
