"""The payment service of the web's tests: it keeps count, and does only what pages ask for."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.autocharge import CardFacts, CardOrder, CardPage
from worker.autocharge.ports import ChargeFacts, ChargeOrder
from worker.payments import CheckoutFacts, CheckoutOrder, CheckoutPage, GatewayEvent
from worker.payments.ports import (
    AccountFacts,
    PayoutFacts,
    PayoutPart,
    RefundOrder,
    Reversals,
)

SECRET = "whsec_of_the_house"


def signature(raw: bytes, *, secret: str = SECRET, at: datetime | None = None) -> str:
    """What Stripe puts into its header."""
    moment = int((at or datetime.now(UTC)).timestamp())
    mac = hmac.new(secret.encode(), b"%d." % moment + raw, hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


@dataclass
class CountingGateway:
    """The gateway port without a network. Signatures and accounts are checked by the real one."""

    orders: list[tuple[str, CheckoutOrder]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    pages_at: str = "https://checkout.stripe.com/c/pay/"
    real: StripeGateway = field(
        default_factory=lambda: StripeGateway(
            StripeAccess(
                api_key="sk_test_house",
                webhook_secrets=(SECRET,),
                expects_livemode=False,
                expected_account="acct_house",
            )
        )
    )

    def open_checkout(self, order: CheckoutOrder, *, key: str) -> CheckoutPage:
        self.orders.append((key, order))
        if self.failures:
            raise self.failures.pop(0)
        name = _session(key)
        return CheckoutPage(name, f"{self.pages_at}{name}", order.expires_at)

    def look_up(self, session_id: str) -> CheckoutFacts:
        raise NotImplementedError

    def expire(self, session_id: str, *, key: str) -> CheckoutFacts:
        [order] = [o for k, o in self.orders if session_id == _session(k)]
        return CheckoutFacts(
            session_id=session_id,
            status="expired",
            is_paid=False,
            amount=order.amount,
            intent_id=None,
            reference=order.reference,
            business=order.business,
            livemode=False,
            paid_at=None,
            url=None,
            method=None,
        )

    def recent(self, *, since: datetime) -> list[CheckoutFacts]:
        raise NotImplementedError

    def refund(self, order: RefundOrder, *, key: str) -> str:
        raise NotImplementedError

    def reversals_of(self, intent_id: str) -> Reversals:
        raise NotImplementedError

    def recent_reversals(self, *, since: datetime) -> Reversals:
        raise NotImplementedError

    def payouts(self, *, since: datetime) -> list[PayoutFacts]:
        raise NotImplementedError

    def look_up_payout(self, payout_id: str) -> PayoutFacts:
        raise NotImplementedError

    def parts_of(self, payout_id: str) -> list[PayoutPart]:
        raise NotImplementedError

    def open_event(self, raw: bytes, signature: str, *, at: datetime) -> GatewayEvent:
        return self.real.open_event(raw, signature, at=at)

    def is_ours(self, event: GatewayEvent) -> bool:
        return self.real.is_ours(event)

    def account(self) -> AccountFacts:
        raise NotImplementedError

    @property
    def keys(self) -> set[str]:
        """The different idempotency keys that were used."""
        return {key for key, _ in self.orders}


def _session(key: str) -> str:
    return f"cs_{hashlib.sha256(key.encode()).hexdigest()[:16]}"


@dataclass
class CountingCards:
    """The port of stored cards as far as pages use it, without a network."""

    pages_at: str = "https://checkout.stripe.com/c/setup/"
    orders: list[tuple[str, CardOrder]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def open_page(self, order: CardOrder, *, key: str) -> CardPage:
        self.orders.append((key, order))
        if self.failures:
            raise self.failures.pop(0)
        name = _session(key)
        facts = (order.reference, order.business, False, "cus_1", None)
        return CardPage(name, f"{self.pages_at}{name}", "open", *facts)

    def page(self, session_id: str) -> CardPage:
        raise NotImplementedError

    def recent_pages(self, *, since: datetime) -> list[CardPage]:
        raise NotImplementedError

    def card(self, method_id: str) -> CardFacts:
        raise NotImplementedError

    def forget(self, method_id: str) -> None:
        raise NotImplementedError

    def create(self, order: ChargeOrder, *, key: str) -> str:
        raise NotImplementedError

    def confirm(self, intent_id: str, order: ChargeOrder, *, key: str) -> None:
        raise NotImplementedError

    def cancel(self, intent_id: str, *, key: str) -> None:
        raise NotImplementedError

    def charge(self, intent_id: str) -> ChargeFacts:
        raise NotImplementedError

    def recent(self, *, since: datetime, customer_id: str | None = None) -> list[ChargeFacts]:
        raise NotImplementedError
