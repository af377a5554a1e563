"""What always holds of payments and checkouts (RELIABILITY: invariants 5, 6, 7, 10, 15, 17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    exists,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.invoices import CREDIT_REQUEST, EFFECT_MINOR, Invoice
from worker.ledger import Account, Entry, Posting
from worker.payments.applying import STRIPE_EVIDENCE, UNAPPLIED_EVIDENCE
from worker.payments.checkout_invariants import INVARIANTS as OF_CHECKOUTS
from worker.payments.checkout_invariants import SHOWN
from worker.payments.deducting import DEDUCTION_ACCOUNTS
from worker.payments.model import (
    Allocation,
    Payment,
    PaymentState,
)
from worker.payments.reversals import Dispute, Refund, RefundState

Movements: TypeAlias = Select[*tuple[Any, ...]]

_CASH = tuple(
    account.value
    for account in (
        Account.GATEWAY_CLEARING,
        Account.BANK,
        Account.CASH,
        Account.OTHER_CLEARING,
    )
)
_SETTLED = "payment-settled:"


def no_payment_is_applied_twice(session: Session) -> list[str]:
    """What a payment was applied to is no more than it brought, and only settled money counts."""
    applied = _applied_by(Allocation.payment_id)
    rows = session.execute(
        select(Payment.business, Payment.id)
        .join(applied, and_(applied.c.business == Payment.business, applied.c.id == Payment.id))
        .where(
            or_(
                applied.c.minor > Payment.amount_minor - Payment.fee_minor,
                Payment.state != PaymentState.SETTLED.value,
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {payment} is applied beyond its amount." for business, payment in rows]


def no_item_is_paid_twice(session: Session) -> list[str]:
    """What was applied to an item is no more than its total."""
    applied = _applied_by(Allocation.item_id)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .join(applied, and_(applied.c.business == Invoice.business, applied.c.id == Invoice.id))
        .where(applied.c.minor > Invoice.total_minor)
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} is paid beyond its total." for business, invoice in rows]


def money_stays_in_its_currency(session: Session) -> list[str]:
    """Payment, allocation and item are in one currency."""
    rows = session.execute(
        select(Allocation.business, Allocation.id)
        .join(Payment, _same(Payment.business, Payment.id, Allocation.payment_id))
        .join(Invoice, _same(Invoice.business, Invoice.id, Allocation.item_id))
        .where(
            or_(
                Allocation.currency != Payment.currency,
                Allocation.currency != Invoice.currency,
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {allocation} changes currency." for business, allocation in rows]


def paid_follows_from_allocations(session: Session) -> list[str]:
    """What is still to pay of an invoice is its total less what was applied to it."""
    applied = _applied_by(Allocation.item_id)
    owed = (
        select(Posting.business, Posting.item_id, func.sum(Posting.amount_minor).label("minor"))
        .where(Posting.account == Account.RECEIVABLE.value)
        .group_by(Posting.business, Posting.item_id)
        .subquery()
    )
    rest = Invoice.total_minor - func.coalesce(applied.c.minor, 0)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .outerjoin(
            applied, and_(applied.c.business == Invoice.business, applied.c.id == Invoice.id)
        )
        .outerjoin(owed, and_(owed.c.business == Invoice.business, owed.c.item_id == Invoice.id))
        .where(
            Invoice.issued_at.is_not(None),
            Invoice.corrected_at.is_(None),
            EFFECT_MINOR >= 0,
            # Of a credit request that was ended nothing more is to be paid.
            or_(Invoice.voided_at.is_(None), Invoice.doc_type != CREDIT_REQUEST),
            func.coalesce(owed.c.minor, 0) != rest,
        )
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} owes another amount." for business, invoice in rows]


def a_credit_note_gives_no_more_than_it_says(session: Session) -> list[str]:
    """What a credit note was set against is no more than it gives, and of its own customer."""
    applied = _applied_by(Allocation.credit_note_id)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .join(applied, and_(applied.c.business == Invoice.business, applied.c.id == Invoice.id))
        .where(or_(EFFECT_MINOR >= 0, applied.c.minor > func.abs(Invoice.total_minor)))
        .limit(SHOWN)
    )
    return [f"{business}: {note} gives more than it says." for business, note in rows]


def balances_follow_from_what_came_in(session: Session) -> list[str]:
    """A customer's balance is what came in and was credited, less what was used and given back."""
    came = [
        _of_payments(STRIPE_EVIDENCE),
        _of_allocations(or_(Payment.evidence_type == STRIPE_EVIDENCE, Payment.id.is_(None))),
        *_of_credit_notes(),
        _of_credit_requests(),
        *_gone_back(),
    ]
    return _differences(session, Account.CUSTOMER_BALANCE, came)


def unapplied_cash_follows_from_payments(session: Session) -> list[str]:
    """Unapplied cash is what staff registered or a bank told of, less what it was applied to."""
    came = [
        _of_payments(*UNAPPLIED_EVIDENCE).where(Payment.customer_id.is_not(None)),
        _of_allocations(Payment.evidence_type.in_(UNAPPLIED_EVIDENCE)),
    ]
    return _differences(session, Account.UNAPPLIED_CASH, came)


def deductions_follow_from_what_was_accepted(session: Session) -> list[str]:
    """The accounts that bear deductions hold what was accepted of each item, and nothing else."""
    borne = [account.value for account in DEDUCTION_ACCOUNTS]
    posted = select(
        Posting.business, Posting.item_id, Posting.account, Posting.amount_minor.label("minor")
    ).where(Posting.account.in_(borne))
    accepted = select(
        Allocation.business,
        Allocation.item_id,
        Allocation.bearer,
        (-Allocation.amount_minor).label("minor"),
    ).where(Allocation.bearer.is_not(None), Allocation.undone_at.is_(None))
    every = union_all(posted, accepted).subquery()
    about = (every.c.business, every.c.item_id, every.c.account)
    rows = session.execute(
        select(*about).group_by(*about).having(func.sum(every.c.minor) != 0).limit(SHOWN)
    )
    return [
        f"{business}: {account} of {item} is not as accepted." for business, item, account in rows
    ]


def nothing_more_goes_back_than_came(session: Session) -> list[str]:
    """What was refunded or lost of a payment is no more than it brought."""
    back = union_all(*_gone_back()).subquery()
    rows = session.execute(
        select(Payment.business, Payment.id)
        .join(back, and_(back.c.business == Payment.business, back.c.payment_id == Payment.id))
        .group_by(Payment.business, Payment.id, Payment.amount_minor, Payment.fee_minor)
        .having(func.sum(back.c.minor) + Payment.amount_minor - Payment.fee_minor < 0)
        .limit(SHOWN)
    )
    return [f"{business}: more than {payment} brought went back." for business, payment in rows]


def settled_money_is_posted_on_evidence(session: Session) -> list[str]:
    """A settled payment names its evidence and is posted whole; nothing else is posted."""
    posted = _cash_posted()
    is_settled = or_(
        Payment.state == PaymentState.SETTLED.value,
        # A bank debit that came to nothing was never ours.
        and_(Payment.state == PaymentState.RETURNED.value, Payment.settled_at.is_not(None)),
    )
    lacks = or_(
        Payment.evidence_type.is_(None),
        Payment.evidence_id.is_(None),
        func.coalesce(posted.c.minor, 0) != Payment.amount_minor,
    )
    rows = session.execute(
        select(Payment.business, Payment.id)
        .outerjoin(
            posted,
            and_(
                posted.c.business == Payment.business,
                posted.c.source == _SETTLED + Payment.id,
            ),
        )
        .where(or_(and_(is_settled, lacks), and_(~is_settled, posted.c.minor.is_not(None))))
        .limit(SHOWN)
    )
    return [f"{business}: {payment} is not posted as proved." for business, payment in rows]


def posted_money_has_a_payment(session: Session) -> list[str]:
    """No cash stands in the ledger as settled without the payment that proves it."""
    # The id is cut out of the source, not the source put together, so that the key's index serves.
    payment_id = func.substr(Entry.source, len(_SETTLED) + 1)
    there = exists().where(Payment.business == Entry.business, Payment.id == payment_id)
    rows = session.execute(
        select(Entry.business, Entry.source)
        .where(Entry.source.startswith(_SETTLED), ~there)
        .limit(SHOWN)
    )
    return [f"{business}: {source} has no payment." for business, source in rows]


def _applied_by(target: InstrumentedAttribute[str | None]) -> Subquery:
    return (
        select(
            Allocation.business,
            target.label("id"),
            func.sum(Allocation.amount_minor).label("minor"),
        )
        .where(Allocation.undone_at.is_(None))
        .group_by(Allocation.business, target)
        .subquery()
    )


def _cash_posted() -> Subquery:
    return (
        select(Entry.business, Entry.source, func.sum(Posting.amount_minor).label("minor"))
        .join(Entry.postings)
        .where(Posting.account.in_(_CASH), Entry.source.startswith(_SETTLED))
        .group_by(Entry.business, Entry.source)
        .subquery()
    )


def _same(
    business: InstrumentedAttribute[str],
    key: InstrumentedAttribute[str],
    target: InstrumentedAttribute[Any],
) -> ColumnElement[bool]:
    return and_(business == Allocation.business, key == target)


def _of_payments(*evidence: str) -> Movements:
    return select(
        Payment.business,
        Payment.customer_id,
        Payment.currency,
        (Payment.amount_minor - Payment.fee_minor).label("minor"),
        Payment.id.label("payment_id"),
    ).where(Payment.evidence_type.in_(evidence), Payment.state == PaymentState.SETTLED.value)


def _of_allocations(wanted: ColumnElement[bool]) -> Movements:
    of_item = and_(Invoice.business == Allocation.business, Invoice.id == Allocation.item_id)
    of_payment = and_(Payment.business == Allocation.business, Payment.id == Allocation.payment_id)
    return (
        select(
            Allocation.business,
            Invoice.customer_id,
            Allocation.currency,
            (-Allocation.amount_minor).label("minor"),
            Allocation.payment_id,
        )
        .join(Invoice, of_item)
        .outerjoin(Payment, of_payment)
        .where(Allocation.undone_at.is_(None), Allocation.bearer.is_(None), wanted)
    )


def _of_credit_notes() -> list[Movements]:
    """What credit notes give, less what of it waits to be set against something."""
    given = select(
        Invoice.business,
        Invoice.customer_id,
        Invoice.currency,
        func.abs(Invoice.total_minor).label("minor"),
        null().label("payment_id"),
    ).where(EFFECT_MINOR < 0, Invoice.issued_at.is_not(None))
    of_note = and_(Posting.business == Invoice.business, Posting.item_id == Invoice.id)
    waiting = (
        select(
            Posting.business,
            Posting.customer_id,
            Posting.currency,
            Posting.amount_minor.label("minor"),
            null().label("payment_id"),
        )
        .join(Invoice, of_note)
        .where(Posting.account == Account.RECEIVABLE.value, EFFECT_MINOR < 0)
    )
    return [given, waiting]


def _of_credit_requests() -> Movements:
    """What was paid of credit requests, by whatever way it came."""
    of_item = and_(Invoice.business == Allocation.business, Invoice.id == Allocation.item_id)
    return (
        select(
            Allocation.business,
            Invoice.customer_id,
            Allocation.currency,
            Allocation.amount_minor.label("minor"),
            null().label("payment_id"),
        )
        .join(Invoice, of_item)
        .where(Allocation.undone_at.is_(None), Invoice.doc_type == CREDIT_REQUEST)
    )


def _gone_back() -> list[Movements]:
    booked = and_(Refund.booked_at.is_not(None), Refund.state != RefundState.FAILED.value)
    refunded = Refund.amount_minor - Refund.fee_minor - Refund.loss_minor
    lost = Dispute.amount_minor - Dispute.fee_minor - Dispute.loss_minor
    return [
        _back(Refund, refunded, booked),
        _back(Dispute, lost, Dispute.status == "lost"),
    ]


def _back(
    kind: type[Refund] | type[Dispute], minor: ColumnElement[int], wanted: ColumnElement[bool]
) -> Movements:
    of_payment = and_(Payment.business == kind.business, Payment.id == kind.payment_id)
    return (
        select(
            kind.business,
            Payment.customer_id,
            kind.currency,
            (-minor).label("minor"),
            kind.payment_id,
        )
        .join(Payment, of_payment)
        .where(wanted)
    )


def _differences(session: Session, account: Account, came: Sequence[Movements]) -> list[str]:
    """Customers of whom an account (its credits negative) holds other than what came."""
    booked = select(
        Posting.business,
        Posting.customer_id,
        Posting.currency,
        Posting.amount_minor.label("minor"),
        null().label("payment_id"),
    ).where(Posting.account == account.value)
    every = union_all(booked, *came).subquery()
    about = (every.c.business, every.c.customer_id, every.c.currency)
    rows = session.execute(
        select(*about, func.sum(every.c.minor))
        .group_by(*about)
        .having(func.sum(every.c.minor) != 0)
        .limit(SHOWN)
    )
    return [
        f"{business}: {account.value} of {customer} is off by {minor} minor units of {code}."
        for business, customer, code, minor in rows
    ]


INVARIANTS = (
    no_payment_is_applied_twice,
    no_item_is_paid_twice,
    money_stays_in_its_currency,
    paid_follows_from_allocations,
    a_credit_note_gives_no_more_than_it_says,
    balances_follow_from_what_came_in,
    unapplied_cash_follows_from_payments,
    deductions_follow_from_what_was_accepted,
    nothing_more_goes_back_than_came,
    settled_money_is_posted_on_evidence,
    posted_money_has_a_payment,
    *OF_CHECKOUTS,
)
