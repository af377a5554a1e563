"""Setting credit notes and the balance against what is owed.

A credit note lowers what its invoice asks for; what is more than that becomes balance, and a person
is told, since the customer may want it back. A hosted page that is open for the old amount is ended
first: until then the note waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from worker import invoices, ledger, review
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.events import CreditNoteApplied, ItemCredited
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, zero
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import (
    STRIPE_EVIDENCE,
    Application,
    apply,
    balance,
    locked,
    note_allocation,
    payable,
    reserve,
    unwanted_checkout,
)
from worker.payments.checkout import PageOpen, Wanted, asked_of, live_pages
from worker.payments.model import Allocation
from worker.store import tell


def apply_credit_note(
    session: Session, business: BusinessKey, note_id: str, *, at: datetime
) -> bool:
    """Whether the credit note is set against its invoice or the balance now; once and for all."""
    note = invoices.by_id(session, business, note_id)
    if note is None or note.customer_id is None:
        raise PermanentError(f"Credit note {note_id} is missing.")
    about = [note.id, *([note.credits_id] if note.credits_id else [])]
    locked(session, business, note.customer_id, *about)
    good_for = -invoices.still_to_pay(session, note)
    if not good_for.is_positive:
        return True
    item = invoices.by_id(session, business, note.credits_id or "")
    if item is not None and unwanted_checkout(session, business, [item.id]):
        return False
    applied = min(payable(session, item, note.currency), good_for) if item else zero(note.currency)
    _post(session, note, item, applied, good_for - applied, at=at)
    if item is not None and applied.is_positive:
        credited = Application(item, applied, credit_note=note)
        allocation = note_allocation(session, credited, at=at)
        tell(session, ItemCredited(business, allocation.id))
    if (good_for - applied).is_positive and item is not None:
        _offer_refund(session, note, item, good_for - applied, at=at)
    tell(session, CreditNoteApplied(business, note.id))
    return True


def resume_credits(session: Session, business: BusinessKey, item_id: str, *, at: datetime) -> None:
    """Set against an item what waited for its hosted page to end."""
    for note in invoices.credits_waiting(session, business, item_id):
        apply_credit_note(session, business, note.id, at=at)


def pay_from_balance(
    session: Session, item: Invoice, amount: Money | None, *, by: str, at: datetime
) -> Allocation:
    """Pay an item, or so much of it, from its customer's balance.

    Raises Refused when there is not that much to pay or to pay with, or a hosted page is open.
    """
    business = BusinessKey(item.business)
    if item.customer_id is None:
        raise Refused(f"Invoice {item.number} is not issued yet: release it first.")
    if item.is_credit_request:
        raise Refused(f"{item.number} asks for credit: it cannot be paid with credit.")
    locked(session, business, item.customer_id, item.id)
    owed = payable(session, item, item.currency)
    have = balance(session, business, item.customer_id, item.currency)
    wanted = min(owed, have) if amount is None else amount
    if not owed.is_positive:
        raise Refused(f"Nothing is to be paid of invoice {item.number}.")
    if not wanted.is_positive or wanted > owed or wanted > have:
        raise Refused(
            f"{owed} is to be paid of invoice {item.number} and the balance is {have}: "
            "name an amount that is no more than either."
        )
    reserve(session, item, at=at)
    allocation = apply(session, Application(item, wanted, by=by), at=at)
    tell(session, ItemCredited(business, allocation.id))
    return allocation


def spend_balance(
    session: Session, wanted: Sequence[Wanted], *, by: str, at: datetime
) -> list[Allocation]:
    """Pay items of one customer, or so much of each, from the balance: in this order, as it lasts.

    Raises Refused when less is to be paid of one, when there is no balance, or while a bank or a
    stored card pays one; and PageOpen when a hosted page would take the same money.
    """
    first = wanted[0].item
    business, who = BusinessKey(first.business), first.customer_id or ""
    locked(session, business, who)
    asked = asked_of(session, wanted)
    live = live_pages(session, business, asked)
    if live:
        raise PageOpen(business, [checkout.id for checkout in live])
    applied = []
    for each in wanted:
        if each.item.is_credit_request:
            # It asks for credit: that cannot be paid with credit.
            continue
        reserve(session, each.item, at=at)
        left = balance(session, business, who, first.currency)
        amount = min(asked[each.item.id], left)
        if amount.is_positive:
            applied.append(apply(session, Application(each.item, amount, by=by), at=at))
            tell(session, ItemCredited(business, applied[-1].id))
    if not applied:
        raise Refused("Nothing is left on the balance.")
    return applied


def use_balance_at_issue(
    session: Session, business: BusinessKey, item_id: str, *, at: datetime
) -> Allocation | None:
    """Pay a new invoice from the balance, as far as that goes; None when there is none."""
    item = invoices.by_id(session, business, item_id)
    if item is None or item.customer_id is None:
        return None
    locked(session, business, item.customer_id, item.id)
    have = balance(session, business, item.customer_id, item.currency)
    wanted = min(have, payable(session, item, item.currency))
    if not wanted.is_positive:
        return None
    return apply(session, Application(item, wanted, by="balance rule"), at=at)


def _post(
    session: Session,
    note: Invoice,
    item: Invoice | None,
    applied: Money,
    rest: Money,
    *,
    at: datetime,
) -> None:
    who = note.customer_id
    legs = [
        ledger.debit(Account.RECEIVABLE, applied + rest, customer_id=who, item_id=note.id),
    ]
    if item is not None and applied.is_positive:
        legs.append(ledger.credit(Account.RECEIVABLE, applied, customer_id=who, item_id=item.id))
    if rest.is_positive:
        legs.append(ledger.credit(Account.CUSTOMER_BALANCE, rest, customer_id=who))
    source = f"credit-note-applied:{note.id}"
    ledger.post(session, BusinessKey(note.business), source=source, legs=legs, at=at)


def _offer_refund(
    session: Session, note: Invoice, item: Invoice, rest: Money, *, at: datetime
) -> None:
    business = BusinessKey(note.business)
    paid_by = [
        payment
        for allocation in records.allocated_to(session, business, item.id)
        if (payment := records.by_id(session, business, allocation.payment_id or ""))
    ]
    by_card = [p for p in paid_by if p.evidence_type == STRIPE_EVIDENCE]
    back = [f"tillmail payments refund {p.id} {min(rest, p.amount).text()}" for p in by_card]
    review.ask(
        session,
        business,
        review.Question(
            kind="credit_on_paid",
            subject=note.id,
            text=(
                f"Credit note {note.number} gives {rest} more back than was still to pay of "
                f"invoice {item.number}. It stands on the customer's balance now: leave it there "
                "for the next invoice, or give it back."
            ),
            evidence={"credit_note": note.number, "invoice": item.number, "to_balance": str(rest)},
            choices=[*back, "tillmail credits apply INVOICE"],
        ),
        at=at,
    )
