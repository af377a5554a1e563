"""What payments needs from outside: a gateway that takes card payments on a hosted page.

Amounts are minor units. Every mutating call has its own idempotency key, committed before the
call. A lost answer is OutcomeUnknown: the same key is used again within 23 h, else the object is
looked up. TransientError: refused connection, 429, 409; PermanentError: a request that can never
work (and says why), a wrong key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from worker.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """One hosted payment page for one amount. `reference` is our checkout id, kept as metadata.

    `method` is the only one the page takes, as the gateway names it; `fee` is a line of its own on
    top of `amount`. `asked_at` is kept with the order, so that asking again with the same key is
    the same request to the letter; the gateway moves `expires_at` into what it allows, counted from
    `asked_at`.
    """

    reference: str
    business: str
    amount: Money
    title: str
    customer_email: str | None
    language: str
    success_url: str
    cancel_url: str
    asked_at: datetime
    expires_at: datetime
    method: str = "card"
    fee: Money | None = None
    fee_title: str = ""


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """A hosted page that now exists."""

    session_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutFacts:
    """What the gateway says of a session when asked: the only evidence that settles money.

    `status`: open, complete or expired. `is_paid` only when the gateway says the money is taken;
    `amount` is then what was taken, before that what is asked. `is_processing`: the payer is done
    and their bank is not; `failure` is why it came to nothing then.
    """

    session_id: str
    status: str
    is_paid: bool
    amount: Money
    intent_id: str | None
    reference: str | None
    business: str | None
    livemode: bool
    paid_at: datetime | None
    url: str | None
    method: str | None
    is_processing: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Part of a payment to give back to the instrument it came from; `reference` is our id."""

    reference: str
    business: str
    intent_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What the gateway says of a refund, ours or one made at its dashboard (no `reference`).

    `status`: pending, requires_action, succeeded, failed or canceled.
    """

    refund_id: str
    status: str
    amount: Money
    intent_id: str
    reference: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """What the gateway says of a dispute, in its own words for status and reason.

    `fees` are what it took for it, or gave back (less than nothing), each with its movement's id.
    """

    dispute_id: str
    status: str
    amount: Money
    intent_id: str
    reason: str | None
    created_at: datetime
    answer_by: datetime | None
    fees: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class Reversals:
    """Money that went back, or is disputed."""

    refunds: tuple[RefundFacts, ...] = ()
    disputes: tuple[DisputeFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    """Money that the gateway sent to the bank. `is_paid`: it is on its way or there, and did not
    fail. `has_failed`: the bank did not take it, or it was called off, also days after it was paid;
    `failure` is why. `is_itemised`: the gateway says what it is made of, or will when
    `is_being_itemised`. `reference`: what the bank may say.
    """

    payout_id: str
    amount: Money
    is_paid: bool
    is_itemised: bool
    arrives_on: date
    reference: str | None = None
    has_failed: bool = False
    failure: str | None = None
    is_being_itemised: bool = False


@dataclass(frozen=True, slots=True)
class PayoutPart:
    """One movement in a payout, signed as the account sees it: `net` is `amount` less `fee`.

    `type` is the gateway's word. `source_id` is the charge, refund or dispute it is of, `intent_id`
    the payment behind it. `is_exchanged`: it was taken in another currency.
    """

    part_id: str
    type: str
    amount: Money
    fee: Money
    net: Money
    source_id: str | None = None
    intent_id: str | None = None
    is_exchanged: bool = False


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """A webhook whose signature holds. It is a hint to go and look; it settles nothing.

    `reversed_intent_id` is the payment of which money went back or is disputed; `charge_id` and
    `card_link_id` are our own, of a stored card that was charged or is to be stored.
    The signature says who sent it, not whose it is: ask `Gateway.is_ours` before acting on it.
    """

    event_id: str
    type: str
    object_id: str
    account: str | None
    livemode: bool
    created_at: datetime
    session_id: str | None
    reversed_intent_id: str | None = None
    charge_id: str | None = None
    card_link_id: str | None = None
    method_id: str | None = None


class BadSignature(Exception):
    """The webhook was not signed with any of this business's secrets, not now, or is no event."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Whose key this is, for `doctor`."""

    account_id: str
    livemode: bool
    api_version: str
    pinned_version: str
    charges_enabled: bool


class Gateway(Protocol):
    """One business's account at the gateway; each call ends within 30 s."""

    def open_checkout(self, order: CheckoutOrder, *, key: str) -> CheckoutPage:
        """The hosted page; the same key gives the same page."""
        ...

    def look_up(self, session_id: str) -> CheckoutFacts:
        """How the session stands now."""
        ...

    def expire(self, session_id: str, *, key: str) -> CheckoutFacts:
        """End an open session. One already complete or expired is given back as it stands."""
        ...

    def recent(self, *, since: datetime) -> list[CheckoutFacts]:
        """All sessions made since then, for the sweep that finds what no webhook told."""
        ...

    def refund(self, order: RefundOrder, *, key: str) -> str:
        """Give money back; gives the refund's id. The same key gives it back once."""
        ...

    def reversals_of(self, intent_id: str) -> Reversals:
        """Every refund and dispute of one payment, as they stand now."""
        ...

    def recent_reversals(self, *, since: datetime) -> Reversals:
        """All refunds and disputes made since then, for the sweep."""
        ...

    def payouts(self, *, since: datetime) -> list[PayoutFacts]:
        """All payouts made since then, the first first."""
        ...

    def look_up_payout(self, payout_id: str) -> PayoutFacts:
        """How one payout stands now."""
        ...

    def parts_of(self, payout_id: str) -> list[PayoutPart]:
        """The movements that a payout is made of, without the payout itself."""
        ...

    def open_event(self, raw: bytes, signature: str, *, at: datetime) -> GatewayEvent:
        """The event in a webhook's raw body. Raises BadSignature."""
        ...

    def is_ours(self, event: GatewayEvent) -> bool:
        """Whether an event is of this business's account and mode; any other is refused."""
        ...

    def account(self) -> AccountFacts:
        """Whose account this is."""
        ...
