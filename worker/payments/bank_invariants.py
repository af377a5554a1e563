"""What always holds of bank statements and their entries (RELIABILITY: invariant 7, row 40)."""

from __future__ import annotations

from sqlalchemy import and_, case, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from worker.ledger import Account, Entry, Posting
from worker.payments.applying import BANK_EVIDENCE
from worker.payments.bank_entries import BankEntry, BankStatement, Outcome
from worker.payments.model import Payment, PaymentState
from worker.payments.payouts import Payout

SHOWN = 50
_PAYOUT_SOURCES = ("payout:", "payout-fees:", "payout-returned:", "payout-failed:")
_MONEY = tuple(
    outcome.value
    for outcome in (
        Outcome.APPLIED,
        Outcome.UNAPPLIED,
        Outcome.UNIDENTIFIED,
        Outcome.PAYOUT,
        Outcome.RECOGNISED,
    )
)


def balances_chain(session: Session) -> list[str]:
    """A stretch begins with the balance that the one before it ended with."""
    before = aliased(BankStatement)
    rows = session.execute(
        select(BankStatement.business, BankStatement.id)
        .join(
            before,
            and_(before.business == BankStatement.business, before.id == BankStatement.after_id),
        )
        .where(
            or_(
                before.ends_minor != BankStatement.begins_minor,
                before.account != BankStatement.account,
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {statement} does not follow." for business, statement in rows]


def gaps_are_accepted_by_somebody(session: Session) -> list[str]:
    """Only the first stretch of an account follows nothing, unless staff vouched for a gap."""
    rows = session.execute(
        select(BankStatement.business, BankStatement.account)
        .where(
            BankStatement.begins_minor.is_not(None),
            BankStatement.after_id.is_(None),
            BankStatement.gap_accepted_by.is_(None),
        )
        .group_by(BankStatement.business, BankStatement.account)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: an account …{account[-4:]} has a gap." for business, account in rows]


def entries_make_their_balance(session: Session) -> list[str]:
    """The entries of a stretch are what lies between its balances."""
    rows = session.execute(
        select(BankStatement.business, BankStatement.id)
        .join(
            BankEntry,
            and_(
                BankEntry.business == BankStatement.business,
                BankEntry.statement_id == BankStatement.id,
            ),
        )
        .where(BankStatement.begins_minor.is_not(None))
        .group_by(
            BankStatement.business,
            BankStatement.id,
            BankStatement.begins_minor,
            BankStatement.ends_minor,
        )
        .having(
            func.sum(BankEntry.amount_minor)
            != BankStatement.ends_minor - BankStatement.begins_minor
        )
        .limit(SHOWN)
    )
    return [f"{business}: {statement} does not add up." for business, statement in rows]


def settled_entries_prove_one_payment(session: Session) -> list[str]:
    """Money that an entry brought is one payment of its amount; nothing else has one.

    That no payment has two entries is a key of the table.
    """
    of_payment = and_(Payment.business == BankEntry.business, Payment.id == BankEntry.payment_id)
    differs = or_(
        Payment.amount_minor != BankEntry.amount_minor, Payment.currency != BankEntry.currency
    )
    rows = session.execute(
        select(BankEntry.business, BankEntry.id)
        .outerjoin(Payment, of_payment)
        .where(
            or_(
                and_(BankEntry.outcome.in_(_MONEY), or_(Payment.id.is_(None), differs)),
                and_(
                    or_(BankEntry.outcome.is_(None), BankEntry.outcome.not_in(_MONEY)),
                    BankEntry.payment_id.is_not(None),
                ),
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: {entry} proves no payment of its own." for business, entry in rows]


def bank_payments_have_their_entry(session: Session) -> list[str]:
    """A payment on the bank's evidence names the entry that it came by."""
    rows = session.execute(
        select(Payment.business, Payment.id)
        .outerjoin(
            BankEntry,
            and_(
                BankEntry.business == Payment.business,
                BankEntry.id == Payment.evidence_id,
                BankEntry.payment_id == Payment.id,
            ),
        )
        .where(Payment.evidence_type == BANK_EVIDENCE, BankEntry.id.is_(None))
        .limit(SHOWN)
    )
    return [f"{business}: {payment} has no bank entry." for business, payment in rows]


def unidentified_cash_follows_from_payments(session: Session) -> list[str]:
    """Unidentified cash is what the bank told of and nobody's yet, but for what was paid out."""
    came = select(Payment.business, Payment.currency, Payment.amount_minor.label("minor")).where(
        Payment.evidence_type == BANK_EVIDENCE,
        Payment.state == PaymentState.SETTLED.value,
        Payment.customer_id.is_(None),
    )
    booked = select(Posting.business, Posting.currency, Posting.amount_minor.label("minor")).where(
        Posting.account == Account.UNIDENTIFIED_CASH.value
    )
    paid_out = select(
        Payout.business, Payout.currency, (-Payout.amount_minor).label("minor")
    ).where(
        Payout.reconciled_at.is_not(None),
        Payout.returned_at.is_(None),
        Payout.failed_at.is_(None),
    )
    every = union_all(booked, came, paid_out).subquery()
    rows = session.execute(
        select(every.c.business, every.c.currency, func.sum(every.c.minor))
        .group_by(every.c.business, every.c.currency)
        .having(func.sum(every.c.minor) != 0)
        .limit(SHOWN)
    )
    return [
        f"{business}: unidentified cash is off by {minor} {code}." for business, code, minor in rows
    ]


def payouts_are_posted_as_they_stand(session: Session) -> list[str]:
    """A payout took from the gateway what is at the bank, and what was kept once that is known."""
    is_met, failed = Payout.reconciled_at.is_not(None), Payout.failed_at.is_not(None)
    is_back = or_(failed, Payout.returned_at.is_not(None))
    cost = func.coalesce(Payout.cost_minor, 0)
    wanted = case((and_(is_met, ~is_back), Payout.amount_minor), else_=0) + case(
        (or_(is_met, failed), cost), else_=0
    )
    taken = case(
        (Posting.account == Account.GATEWAY_CLEARING.value, -Posting.amount_minor), else_=0
    )
    of_payout = and_(
        Entry.business == Payout.business,
        Entry.source.in_([source + Payout.id for source in _PAYOUT_SOURCES]),
    )
    rows = session.execute(
        select(Payout.business, Payout.id)
        .outerjoin(Entry, of_payout)
        .outerjoin(Entry.postings)
        .group_by(Payout.business, Payout.id)
        .having(func.coalesce(func.sum(taken), 0) != wanted)
        .limit(SHOWN)
    )
    return [f"{business}: payout {payout} is not posted as it stands." for business, payout in rows]


INVARIANTS = (
    balances_chain,
    gaps_are_accepted_by_somebody,
    entries_make_their_balance,
    settled_entries_prove_one_payment,
    bank_payments_have_their_entry,
    unidentified_cash_follows_from_payments,
    payouts_are_posted_as_they_stand,
)
