"""Payouts: what the gateway sent to the bank, as rows, and the questions about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from worker import store
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.payments.bank_entries import BankEntry, Outcome
from worker.payments.model import Payment, PaymentState
from worker.payments.ports import PayoutFacts
from worker.store import Record


class Payout(Record):
    """Money that the gateway sent to the bank. `cost_minor` is what it kept of what it took.

    `problem`: why it is not what the books say. `entry_id` is the bank's line; with it, it is
    posted. `returned_at`: the bank took it back.
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


def payout_state(payout: Payout) -> str:
    """How a payout stands, in a word or two."""
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
    """Those of the gateway's payouts that are not known to add up yet."""
    done = set(
        session.scalars(
            select(Payout.id).where(Payout.business == business, Payout.cost_minor.is_not(None))
        )
    )
    return [facts for facts in listed if facts.is_paid and facts.payout_id not in done]


def of_payment(session: Session, business: BusinessKey, payment_id: str) -> Payout | None:
    """The payout that a payment of the bank's line is."""
    return session.scalar(
        select(Payout)
        .join(
            BankEntry,
            (BankEntry.business == Payout.business) & (BankEntry.id == Payout.entry_id),
        )
        .where(
            Payout.business == business,
            BankEntry.payment_id == payment_id,
            Payout.returned_at.is_(None),
        )
    )


def that_came_back(session: Session, business: BusinessKey, payout_id: str) -> bool:
    """Whether the bank's line of a payout was taken back, in the books too."""
    payout = store.get(session, Payout, business, payout_id)
    return payout is not None and payout.returned_at is not None


def waiting(session: Session, business: BusinessKey) -> Sequence[Payout]:
    """Those that no line of the bank is yet, also what does not add up; the earliest first, locked.

    A line may be one that does not add up: so it is surely another only where these are known.
    """
    return session.scalars(
        select(Payout)
        .where(Payout.business == business, Payout.entry_id.is_(None))
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
