"""Payouts: what the gateway sent to the bank, as rows, and the questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from worker import review, store
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.payments.bank_entries import BankEntry, Outcome
from worker.payments.model import Payment, PaymentState
from worker.payments.ports import PayoutFacts
from worker.store import Record

# What a person is asked about a payout that does not add up.
MISMATCH = "payout_mismatch"
# A paid one fails within some five business days (docs.stripe.com/api/payouts/object#status), and
# arrives within two weeks of the day it is made.
_LISTED_BACK, _ON_WAY = timedelta(days=30), timedelta(days=14)


class Payout(Record):
    """Money that the gateway sent to the bank. `cost_minor` is what it kept of what it took.

    `problem`: why it is not what the books say. `entry_id` is the bank's line; with it, it is
    posted. `returned_at`: the bank took it back. `failed_at`: the gateway says, maybe days after
    it was paid, that the bank did not take it, and `failure` why.
    """

    __tablename__ = "payout"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True, doc="The gateway's own.")
    currency: Mapped[str]
    amount_minor: Mapped[int]
    cost_minor: Mapped[int | None]
    arrives_on: Mapped[date]
    reference: Mapped[str | None] = mapped_column(doc="What the bank may say of it.")
    problem: Mapped[str | None]
    told_at: Mapped[datetime]
    entry_id: Mapped[str | None]
    reconciled_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "entry_id"),
        ForeignKeyConstraint(["business", "entry_id"], ["bank_entry.business", "bank_entry.id"]),
    )

    @property
    def amount(self) -> Money:
        """What reaches the bank."""
        return Money(self.amount_minor, self.currency)

    @property
    def cost(self) -> Money | None:
        """What the gateway kept; None while it does not add up."""
        return None if self.cost_minor is None else Money(self.cost_minor, self.currency)

    @property
    def came_back(self) -> bool:
        """Whether the gateway has the money again, by the bank's word or its own."""
        return self.returned_at is not None or self.failed_at is not None

    @property
    def is_at_bank(self) -> bool:
        """Whether the books hold that the bank's line is this payout."""
        return self.reconciled_at is not None and not self.came_back


def payout_state(payout: Payout) -> str:
    """How a payout stands, in a word or two."""
    if payout.failed_at is not None:
        return "failed"
    if payout.returned_at is not None:
        return "returned"
    if payout.reconciled_at is not None:
        return "reconciled"
    return "waits for the bank" if payout.cost_minor is not None else "does not add up"


def payouts(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Payout]:
    """The last payouts, newest first."""
    return session.scalars(
        select(Payout)
        .where(Payout.business == business)
        .order_by(Payout.arrives_on.desc(), Payout.id)
        .limit(limit)
    ).all()


def to_weigh(
    session: Session, business: BusinessKey, listed: Iterable[PayoutFacts]
) -> list[PayoutFacts]:
    """Those of the gateway's payouts that are not known to add up yet, or not to have failed."""
    every = {facts.payout_id: facts for facts in listed}
    rows = select(Payout).where(Payout.business == business, Payout.id.in_(every))
    known = {payout.id: payout for payout in session.scalars(rows)}
    return [facts for facts in every.values() if not _is_weighed(facts, known.get(facts.payout_id))]


def _is_weighed(facts: PayoutFacts, payout: Payout | None) -> bool:
    if not facts.has_failed:
        return not facts.is_paid or (payout is not None and payout.cost_minor is not None)
    if payout is None or payout.failed_at is None:
        return False
    # Of one made by hand nothing tells what it held; it moved nothing, so nobody needs it.
    return payout.cost_minor is not None or not facts.is_itemised


def listed_since(session: Session, business: BusinessKey, *, at: datetime) -> datetime:
    """Since when to ask for the gateway's list: longer ago where nobody has asked for long."""
    newest = session.scalar(select(func.max(Payout.arrives_on)).where(Payout.business == business))
    usual = at - _LISTED_BACK
    return usual if newest is None else min(usual, datetime.combine(newest, time(), UTC) - _ON_WAY)


def to_follow(
    session: Session, business: BusinessKey, listed: Iterable[PayoutFacts], *, at: datetime
) -> list[str]:
    """Payouts to look up one by one: no list has them any more, and they still do not add up.

    Each once a day, until it adds up or a person has answered for it.
    """
    asked = {item.subject for item in review.open_of_kind(session, business, MISMATCH)}
    older = sorted(asked - {facts.payout_id for facts in listed})
    rows = select(Payout.id).where(
        Payout.business == business, Payout.id.in_(older), Payout.cost_minor.is_(None)
    )
    return [
        payout_id
        for payout_id in session.scalars(rows.order_by(Payout.arrives_on, Payout.id))
        if store.once.is_first(session, business, f"payout-looked:{payout_id}:{at.date()}", at=at)
    ]


def kept(session: Session, business: BusinessKey, facts: PayoutFacts, *, at: datetime) -> Payout:
    """The row of a payout, made now if it is new; locked."""
    row = Payout(
        business=business,
        id=facts.payout_id,
        currency=facts.amount.currency,
        amount_minor=facts.amount.minor,
        arrives_on=facts.arrives_on,
        reference=facts.reference,
        told_at=at,
    )
    store.once.add_once(session, row)
    return store.lock(session, Payout, business, facts.payout_id) or row


def line_of(session: Session, payout: Payout) -> BankEntry | None:
    """The bank's line that a payout was met with."""
    return store.get(session, BankEntry, BusinessKey(payout.business), payout.entry_id or "")


def of_payment(session: Session, business: BusinessKey, payment_id: str) -> Payout | None:
    """The payout that the bank's line of a payment was met with, also if it came back since."""
    return session.scalar(
        select(Payout)
        .join(
            BankEntry,
            (BankEntry.business == Payout.business) & (BankEntry.id == Payout.entry_id),
        )
        .where(Payout.business == business, BankEntry.payment_id == payment_id)
    )


def by_id(session: Session, business: BusinessKey, payout_id: str) -> Payout | None:
    """One payout."""
    return store.get(session, Payout, business, payout_id)


def failed_alike(session: Session, entry: BankEntry) -> Sequence[Payout]:
    """Failed payouts of a line's amount that no line was met with."""
    return session.scalars(
        select(Payout)
        .where(
            Payout.business == entry.business,
            Payout.currency == entry.currency,
            Payout.amount_minor == entry.amount_minor,
            Payout.failed_at.is_not(None),
            Payout.entry_id.is_(None),
        )
        .order_by(Payout.arrives_on, Payout.id)
    ).all()


def bank_told_until(session: Session, business: BusinessKey, currency: str) -> date | None:
    """The last day that a line of the bank in this currency is of."""
    return session.scalar(
        select(func.max(BankEntry.booked_on)).where(
            BankEntry.business == business, BankEntry.currency == currency
        )
    )


def waiting(session: Session, business: BusinessKey) -> Sequence[Payout]:
    """Those that no line of the bank is yet, also what does not add up; the earliest first, locked.

    A line may be one that does not add up: so it is surely another only where these are known.
    """
    return session.scalars(
        select(Payout)
        .where(Payout.business == business, Payout.entry_id.is_(None), Payout.failed_at.is_(None))
        .order_by(Payout.arrives_on, Payout.id)
        .with_for_update()
    ).all()


def unmet_lines(session: Session, business: BusinessKey) -> list[BankEntry]:
    """The bank's lines that say they are a payout, and that are none yet.

    Their payments are locked: nobody finds an owner for what becomes a payout at the same moment.
    """
    met = select(Payout.entry_id).where(Payout.business == business, Payout.entry_id.is_not(None))
    return list(
        session.scalars(
            select(BankEntry)
            .join(
                Payment,
                (Payment.business == BankEntry.business) & (Payment.id == BankEntry.payment_id),
            )
            .where(
                BankEntry.business == business,
                BankEntry.outcome == Outcome.PAYOUT.value,
                BankEntry.id.not_in(met),
                # Staff may have said meanwhile whose money it is, and the bank taken it back.
                Payment.state == PaymentState.SETTLED.value,
                Payment.customer_id.is_(None),
            )
            .order_by(BankEntry.booked_on, BankEntry.id)
            .with_for_update(of=Payment)
        )
    )
