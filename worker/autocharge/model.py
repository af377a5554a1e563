"""Consent to charge a stored card, and what was charged on it.

A *mandate* is the recorded consent: text, time, limits, contracts, card. A *charge* is the intent
to take one amount for one open item without its owner; an *attempt* is one call to the gateway,
committed before it is made. A *run* is one day's planning of one business, done once.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.kernel.money import Money
from worker.store import Record

INVOICE = "invoice"


class ChargeState(StrEnum):
    """Where a charge is. `unknown`: a call left and we did not hear; only that is looked up.

    `ending`: it is not wanted any more and the gateway has not confirmed its end yet.
    """

    PLANNED = "planned"
    NOTICED = "noticed"
    HELD = "held"
    UNDER_WAY = "under_way"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    ENDING = "ending"
    NEEDS_CUSTOMER = "needs_customer"
    SETTLED = "settled"
    CANCELLED = "cancelled"


_S = ChargeState
CHARGE_MOVES: dict[ChargeState, frozenset[ChargeState]] = {
    _S.PLANNED: frozenset({_S.NOTICED, _S.HELD, _S.CANCELLED}),
    _S.NOTICED: frozenset({_S.HELD, _S.UNDER_WAY, _S.CANCELLED}),
    _S.HELD: frozenset({_S.NOTICED, _S.DECLINED, _S.ENDING, _S.SETTLED, _S.CANCELLED}),
    _S.UNDER_WAY: frozenset(
        {_S.UNKNOWN, _S.DECLINED, _S.NEEDS_CUSTOMER, _S.ENDING, _S.SETTLED, _S.CANCELLED}
    ),
    _S.UNKNOWN: frozenset(
        {_S.UNDER_WAY, _S.DECLINED, _S.NEEDS_CUSTOMER, _S.ENDING, _S.SETTLED, _S.CANCELLED}
    ),
    _S.DECLINED: frozenset({_S.UNDER_WAY, _S.HELD, _S.ENDING, _S.SETTLED, _S.CANCELLED}),
    _S.ENDING: frozenset({_S.NEEDS_CUSTOMER, _S.SETTLED, _S.CANCELLED}),
    _S.NEEDS_CUSTOMER: frozenset({_S.SETTLED}),
    # Money that comes all the same is booked: the fact wins.
    _S.CANCELLED: frozenset({_S.SETTLED}),
    _S.SETTLED: frozenset(),
}
ENDED = frozenset({_S.NEEDS_CUSTOMER, _S.SETTLED, _S.CANCELLED})
AT_THE_GATEWAY = frozenset({_S.UNDER_WAY, _S.UNKNOWN, _S.ENDING})


class Mandate(Record):
    """A customer's consent to have one stored card charged, as it was given."""

    __tablename__ = "mandate"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    consent: Mapped[str] = mapped_column(doc="The words that were agreed to.")
    consent_version: Mapped[str]
    given_at: Mapped[datetime]
    given_where: Mapped[str] = mapped_column(doc="checkout, portal, letter, phone, desk, …")
    given_how: Mapped[str] = mapped_column(doc="The evidence: a session, a file, who was there.")
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    currency: Mapped[str]
    per_charge_minor: Mapped[int | None]
    per_month_minor: Mapped[int | None]
    contracts: Mapped[list[str]] = mapped_column(JSON, doc="Empty: everything that is owed.")
    stripe_customer_id: Mapped[str]
    stripe_method_id: Mapped[str]
    brand: Mapped[str]
    last4: Mapped[str]
    expires_on: Mapped[date | None] = mapped_column(doc="The last day of the card's month.")
    fingerprint: Mapped[str] = mapped_column(doc="The same card has the same one, at any customer.")
    card_updated_at: Mapped[datetime | None] = mapped_column(doc="A network replaced the card.")
    stopped_at: Mapped[datetime | None] = mapped_column(doc="The bank wants no more tries on it.")
    stopped_because: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    revoked_because: Mapped[str | None]
    __table_args__ = (
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
    )

    @property
    def per_charge(self) -> Money | None:
        """The most that may be taken at once."""
        least = self.per_charge_minor
        return None if least is None else Money(least, self.currency)

    @property
    def per_month(self) -> Money | None:
        """The most that may be taken in a calendar month."""
        most = self.per_month_minor
        return None if most is None else Money(most, self.currency)

    @property
    def card(self) -> str:
        """The card as its owner knows it."""
        return f"{self.brand.capitalize()} •••• {self.last4}"


Index("ix_mandate_customer", Mandate.business, Mandate.customer_id)
Index("ix_mandate_fingerprint", Mandate.business, Mandate.fingerprint)


class CardLink(Record):
    """A hosted page on which a customer stores a card and consents; then it becomes a mandate."""

    __tablename__ = "card_link"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    consent: Mapped[str]
    consent_version: Mapped[str]
    currency: Mapped[str]
    per_charge_minor: Mapped[int | None]
    per_month_minor: Mapped[int | None]
    contracts: Mapped[list[str]] = mapped_column(JSON)
    stripe_customer_id: Mapped[str | None]
    key: Mapped[str]
    session_id: Mapped[str | None]
    url: Mapped[str | None]
    asked_by: Mapped[str]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    look_at: Mapped[datetime]
    looks: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    mandate_id: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "key"),
        UniqueConstraint("business", "session_id"),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
        ForeignKeyConstraint(["business", "mandate_id"], ["mandate.business", "mandate.id"]),
    )


class Charge(Record):
    """The intent to take one amount for one open item. It has at most one PaymentIntent, ever."""

    __tablename__ = "charge"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    item_kind: Mapped[str] = mapped_column(doc="invoice, or credit_request.")
    item_id: Mapped[str]
    customer_id: Mapped[str]
    mandate_id: Mapped[str]
    state: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    planned_at: Mapped[datetime]
    taken_by: Mapped[str | None] = mapped_column(doc="The staff who take it now, with no notice.")
    due_on: Mapped[date] = mapped_column(doc="The day that the customer is told.")
    noticed_at: Mapped[datetime | None] = mapped_column(doc="A mail server took the notice.")
    not_before: Mapped[datetime | None] = mapped_column(doc="The time to object ends here.")
    due_at: Mapped[datetime | None] = mapped_column(doc="When to do the next thing about it.")
    because: Mapped[str | None]
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None]
    stripe_intent_id: Mapped[str | None]
    unknown_since: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    payment_id: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    is_last: Mapped[bool] = mapped_column(
        default=False, doc="No other charge on the same mandate is planned for this item."
    )
    __table_args__ = (
        UniqueConstraint("business", "stripe_intent_id"),
        ForeignKeyConstraint(["business", "customer_id"], ["customer.business", "customer.id"]),
        ForeignKeyConstraint(["business", "mandate_id"], ["mandate.business", "mandate.id"]),
        ForeignKeyConstraint(["business", "payment_id"], ["payment.business", "payment.id"]),
    )

    @property
    def amount(self) -> Money:
        """What is to be taken."""
        return Money(self.amount_minor, self.currency)


_LIVE = text("state NOT IN ('needs_customer', 'settled', 'cancelled')")
_DUE = text("due_at IS NOT NULL")
Index(
    "uq_charge_live",
    Charge.business,
    Charge.item_kind,
    Charge.item_id,
    unique=True,
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)
Index("ix_charge_due", Charge.due_at, sqlite_where=_DUE, postgresql_where=_DUE)
Index("ix_charge_item", Charge.business, Charge.item_kind, Charge.item_id)
Index("ix_charge_mandate", Charge.business, Charge.mandate_id)


class Act(StrEnum):
    """What a call to the gateway is for."""

    CREATE = "create"
    CONFIRM = "confirm"
    CANCEL = "cancel"


class Outcome(StrEnum):
    """How a call came out. None while it is not known.

    `answered` (what became of it is to be looked up) and `not_made` (it may be made again, with
    the same key) are on the way; the others end it.
    """

    ANSWERED = "answered"
    NOT_MADE = "not_made"
    DONE = "done"
    DECLINED = "declined"
    REFUSED = "refused"
    NEVER_MADE = "never_made"


class Attempt(Record):
    """One call to the gateway with one key; asked again, it is the same call."""

    __tablename__ = "charge_attempt"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    charge_id: Mapped[str]
    act: Mapped[str]
    key: Mapped[str]
    request: Mapped[str] = mapped_column(doc="What is asked, in a few words: never changes.")
    fingerprint: Mapped[str]
    begun_at: Mapped[datetime]
    leased_until: Mapped[datetime | None] = mapped_column(doc="Somebody waits for the answer.")
    calls: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    gateway_charge_id: Mapped[str | None] = mapped_column(doc="The try as the gateway names it.")
    decline_code: Mapped[str | None]
    advice_code: Mapped[str | None]
    network_advice_code: Mapped[str | None]
    visa_code: Mapped[str | None] = mapped_column(doc="The issuer's own reason, of a Visa card.")
    problem: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("business", "key"),
        ForeignKeyConstraint(["business", "charge_id"], ["charge.business", "charge.id"]),
    )


Index("ix_charge_attempt_charge", Attempt.business, Attempt.charge_id)
Index("ix_charge_attempt_card", Attempt.business, Attempt.fingerprint, Attempt.begun_at)
_OPEN = text("ended_at IS NULL")
Index(
    "uq_charge_attempt_open",
    Attempt.business,
    Attempt.charge_id,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)


class ChargeRun(Record):
    """One day's planning of one business: done once, however many clocks tick."""

    __tablename__ = "charge_run"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    after: Mapped[str] = mapped_column(default="", doc="The last item looked at.")
    looked_at: Mapped[int] = mapped_column(default=0)
    planned: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]


class ChargePause(Record):
    """That a business charges nobody for now."""

    __tablename__ = "charge_pause"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    paused_at: Mapped[datetime]
    paused_by: Mapped[str]
    because: Mapped[str | None]
