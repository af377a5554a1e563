"""What people are asked about advices: is it this, has it come, and what was taken off it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import customers, invoices, payments, review
from worker.kernel.ids import BusinessKey
from worker.remittance import records
from worker.remittance.advices import Advice, ProposedLine

_QUOTED_CHARACTERS = 1500
_LINES_SHOWN = 30
LINE = "pays INVOICE AMOUNT"


def ask_review(session: Session, advice: Advice, words: str, *, at: datetime) -> None:
    """Is the proposal right? Nothing is noted before somebody says so."""
    has_lines = bool(records.lines_of(session, advice))
    review.ask(
        session,
        BusinessKey(advice.business),
        review.Question(
            kind="remittance_review",
            subject=advice.id,
            text=(
                f"Somebody says that {_amount(advice)} was paid. Nothing is noted yet: "
                f"{advice.why} A yes takes the proposal; other lines, such as “INV-7 120.00”, take "
                "its place; a no puts it aside."
                if has_lines
                else f"Somebody says that {_amount(advice)} was paid. Nothing is noted yet: "
                f"{advice.why} Say what it pays in lines such as “INV-7 120.00”, or no."
            ),
            evidence=_evidence(session, advice) | {"they_write": words[:_QUOTED_CHARACTERS]},
            choices=[
                *(["yes"] if has_lines else []),
                LINE,
                "no",
                f"tillmail remittances show {advice.id}",
            ],
        ),
        at=at,
    )


def ask_received(session: Session, advice: Advice, *, at: datetime) -> None:
    """Has the money come? Who says so is the evidence that settles it."""
    review.ask(
        session,
        BusinessKey(advice.business),
        review.Question(
            kind="remittance_received",
            subject=advice.id,
            text=(
                f"{_amount(advice)} is announced. Look at the bank account: has it come? Your "
                "answer settles it. If it paid something else, say what, in lines such as "
                "“INV-7 120.00”. A bank file answers this by itself."
            ),
            evidence=_evidence(session, advice),
            choices=["received", "not received", LINE],
        ),
        at=at,
    )


def ask_deductions(session: Session, advice: Advice, *, at: datetime) -> None:
    """What was taken off is still owed, until somebody decides: a question for each line."""
    business = BusinessKey(advice.business)
    for line in records.lines_of(session, advice):
        if line.deduction is None or line.decided_at is not None:
            continue
        item = invoices.by_id(session, business, line.item_id)
        number = item.number if item else line.item_id
        reason = line.deduction_reason or "no reason"
        bearer = payments.bearer_of(line.deduction_reason).value.replace("_", " ")
        question = review.Question(
            kind="remittance_deduction",
            subject=records.line_id(line),
            text=(
                f"{line.deduction} was taken off {number} ({reason}), and is still owed. A yes "
                f"accepts it: it is posted to {bearer}. A no leaves it owed."
            ),
            evidence=_evidence(session, advice) | {"invoice": number},
            choices=["yes", "no"],
        )
        review.ask(session, business, question, at=at)


def ask_lapsed(session: Session, advice: Advice, *, at: datetime) -> None:
    """A claim that nothing proved: its items are owed as before."""
    review.ask(
        session,
        BusinessKey(advice.business),
        review.Question(
            kind="remittance_lapsed",
            subject=advice.id,
            text=(
                f"{_amount(advice)} was announced and did not come in time. The claim has lapsed, "
                "and its invoices are owed as before."
            ),
            evidence=_evidence(session, advice),
            choices=["done"],
        ),
        at=at,
    )


def proposal(session: Session, advice: Advice) -> list[dict[str, Any]]:
    """The lines of an advice as people read them."""
    business = BusinessKey(advice.business)
    found = []
    for line in records.lines_of(session, advice):
        item = invoices.by_id(session, business, line.item_id)
        found.append(
            {
                "invoice": item.number if item else line.item_id,
                "amount": line.amount,
                "deduction": line.deduction,
                "reason": line.deduction_reason,
                "why": list(line.reasons),
                "rivals": list(line.rivals),
            }
        )
    return found


def _evidence(session: Session, advice: Advice) -> dict[str, Any]:
    business = BusinessKey(advice.business)
    customer = customers.by_id(session, business, advice.customer_id or "")
    lines = records.lines_of(session, advice)
    shown = {
        f"line_{nth}": _line(session, line) for nth, line in enumerate(lines[:_LINES_SHOWN], 1)
    }
    if len(lines) > _LINES_SHOWN:
        shown["more_lines"] = str(len(lines) - _LINES_SHOWN)
    return {
        "customer": customer.name if customer else "not on file",
        "from": advice.written_by,
        "amount": _amount(advice),
        "paid_on": advice.paid_on.isoformat() if advice.paid_on else None,
        "payer_reference": advice.reference,
        **shown,
        "doubts": _joined(advice.doubts),
        "mail": advice.mail_id,
    }


def _line(session: Session, line: ProposedLine) -> str:
    item = invoices.by_id(session, BusinessKey(line.business), line.item_id)
    off = (
        f", {line.deduction} off ({line.deduction_reason or 'no reason'})"
        if line.deduction is not None
        else ""
    )
    rivals = f" It may also be {', '.join(line.rivals)}." if line.rivals else ""
    number = item.number if item else line.item_id
    return f"{number}: {line.amount}{off}. {_joined(line.reasons)}{rivals}".strip()


def _amount(advice: Advice) -> str:
    return str(advice.amount) if advice.amount is not None else "an amount that is not clear"


def _joined(sentences: Sequence[str]) -> str:
    return " ".join(sentences)
