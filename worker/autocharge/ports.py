"""What autocharge needs from outside: cards that the gateway keeps, and taking money from them.

Every mutating call has its own idempotency key, committed before the call. `create` and `confirm`
give no outcome: what became of a charge is what the gateway says when it is asked (`charge`). A
lost answer is OutcomeUnknown. TransientError: nothing was done, and it may work later;
PermanentError: a request that can never work, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from worker.autocharge.declines import Decline
from worker.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A stored card as the gateway knows it. `customer_id` is the gateway's, None when nobody's."""

    method_id: str
    customer_id: str | None
    brand: str
    last4: str
    expires_on: date | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class CardOrder:
    """One hosted page to store a card on. `reference` is our card link's id, kept as metadata."""

    reference: str
    business: str
    currency: str
    consent: str
    customer_id: str | None
    customer_email: str | None
    language: str
    success_url: str
    cancel_url: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CardPage:
    """What the gateway says of such a page. `status`: open, complete or expired."""

    session_id: str
    url: str | None
    status: str
    reference: str | None
    business: str | None
    livemode: bool
    customer_id: str | None
    method_id: str | None


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """What to take from which card; the same charge always gives the same order."""

    reference: str
    business: str
    amount: Money
    customer_id: str
    method_id: str
    title: str


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """What the gateway says of a charge when asked: the only evidence that settles money.

    `status` is the gateway's: requires_payment_method, requires_confirmation, requires_action,
    processing, succeeded or canceled. `try_id` names the latest try, `decline` why it was refused.
    """

    intent_id: str
    status: str
    amount: Money
    reference: str | None
    business: str | None
    livemode: bool
    try_id: str | None = None
    decline: Decline | None = None
    taken_at: datetime | None = None


class StoredCards(Protocol):
    """One business's stored cards at the gateway; each call ends within 30 s."""

    def open_page(self, order: CardOrder, *, key: str) -> CardPage:
        """A hosted page to store a card on; the same key gives the same page."""
        ...

    def page(self, session_id: str) -> CardPage:
        """How such a page stands now."""
        ...

    def recent_pages(self, *, since: datetime) -> list[CardPage]:
        """Our pages made since then."""
        ...

    def card(self, method_id: str) -> CardFacts:
        """A stored card, as it stands now."""
        ...

    def forget(self, method_id: str) -> None:
        """See to it that a stored card can never be charged again; one that is gone stays gone."""
        ...

    def create(self, order: ChargeOrder, *, key: str) -> str:
        """A PaymentIntent that takes nothing yet; gives its id. The same key gives the same one."""
        ...

    def confirm(self, intent_id: str, order: ChargeOrder, *, key: str) -> None:
        """One try at the card without its owner. The same key tries once."""
        ...

    def cancel(self, intent_id: str, *, key: str) -> None:
        """See to it that a PaymentIntent never takes money; one that has ended stays as it is."""
        ...

    def charge(self, intent_id: str) -> ChargeFacts:
        """How a charge stands now."""
        ...

    def recent(self, *, since: datetime, customer_id: str | None = None) -> list[ChargeFacts]:
        """Our charges made since then, of one of the gateway's customers or of all."""
        ...
