"""The port of stored cards on Stripe: Checkout in setup mode, and PaymentIntents off-session.

Metadata ties an object to our charge or card link and business. Source of the recipe:
docs.stripe.com/payments/save-and-reuse and /payments/payment-intents.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import stripe

from worker.adapters.stripe_amounts import from_stripe, to_stripe
from worker.adapters.stripe_calls import call
from worker.adapters.stripe_gateway import StripeAccess, client_of, expiry, locale
from worker.adapters.stripe_webhooks import CARD_LINK, CHARGE
from worker.autocharge.declines import Decline
from worker.autocharge.ports import CardFacts, CardOrder, CardPage, ChargeFacts, ChargeOrder
from worker.kernel.errors import PermanentError

T = TypeVar("T")

BUSINESS = "tillmail_business"
_MAX_TITLE = 250
_MAX_CONSENT = 1_200
_ENDED = ("succeeded", "canceled")


class StripeStoredCards:
    """`StoredCards` for one business; safe to share between threads."""

    def __init__(self, access: StripeAccess, *, http: stripe.HTTPClient | None = None) -> None:
        self._access = access
        self._client = client_of(access, http)

    def open_page(self, order: CardOrder, *, key: str) -> CardPage:
        params = _page_params(order)
        session = self._write(
            lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": key}),
            f"open card page {order.reference}",
        )
        return _page(session)

    def page(self, session_id: str) -> CardPage:
        return _page(
            self._read(
                lambda: self._client.v1.checkout.sessions.retrieve(
                    session_id, {"expand": ["setup_intent"]}
                ),
                f"look up {session_id}",
            )
        )

    def recent_pages(self, *, since: datetime) -> list[CardPage]:
        def every() -> list[stripe.checkout.Session]:
            created = {"gte": int(since.timestamp())}
            wanted: Any = {"created": created, "limit": 100, "expand": ["data.setup_intent"]}
            return list(self._client.v1.checkout.sessions.list(wanted).auto_paging_iter())

        found = self._read(every, "list recent card pages")
        return [_page(one) for one in found if CARD_LINK in _metadata(one.to_dict())]

    def card(self, method_id: str) -> CardFacts:
        found = self._read(
            lambda: self._client.v1.payment_methods.retrieve(method_id), f"look up {method_id}"
        )
        values: dict[str, Any] = found.to_dict()
        card = values.get("card")
        if card is None:
            raise PermanentError(
                f"{method_id} is a {values.get('type')}, not a card: only cards are charged by "
                "themselves. A bank debit is begun by its owner, on the payment page."
            )
        return CardFacts(
            method_id=values["id"],
            customer_id=values.get("customer"),
            brand=card["brand"],
            last4=card["last4"],
            expires_on=_last_day(card.get("exp_year"), card.get("exp_month")),
            fingerprint=card.get("fingerprint") or values["id"],
        )

    def forget(self, method_id: str) -> None:
        def detach() -> None:
            found = self._client.v1.payment_methods.retrieve(method_id)
            if found.customer is not None:
                self._client.v1.payment_methods.detach(method_id)

        self._write(detach, f"forget {method_id}")

    def create(self, order: ChargeOrder, *, key: str) -> str:
        params: Any = {
            "amount": to_stripe(order.amount),
            "allowed_payment_method_types": ["card"],
            "currency": order.amount.currency.lower(),
            "customer": order.customer_id,
            "description": order.title[:_MAX_TITLE],
            "metadata": {CHARGE: order.reference, BUSINESS: order.business},
            "payment_method": order.method_id,
        }
        made = self._write(
            lambda: self._client.v1.payment_intents.create(params, {"idempotency_key": key}),
            f"open charge {order.reference}",
        )
        if made.livemode != self._access.expects_livemode:
            raise PermanentError(f"Stripe made charge {order.reference} in the other mode.")
        return made.id

    def confirm(self, intent_id: str, order: ChargeOrder, *, key: str) -> None:
        params: Any = {"off_session": True, "payment_method": order.method_id}

        def confirm() -> None:
            try:
                self._client.v1.payment_intents.confirm(intent_id, params, {"idempotency_key": key})
            except stripe.CardError:
                # The bank said no. That is an answer, and the look that follows tells all of it.
                return

        self._write(confirm, f"confirm {intent_id}")

    def cancel(self, intent_id: str, *, key: str) -> None:
        try:
            self._write(
                lambda: self._client.v1.payment_intents.cancel(
                    intent_id, {}, {"idempotency_key": key}
                ),
                f"cancel {intent_id}",
            )
        except PermanentError:
            # Stripe refuses what has ended already; anything else is a real refusal.
            if self.charge(intent_id).status not in _ENDED:
                raise

    def charge(self, intent_id: str) -> ChargeFacts:
        return _facts(
            self._read(
                lambda: self._client.v1.payment_intents.retrieve(
                    intent_id, {"expand": ["latest_charge"]}
                ),
                f"look up {intent_id}",
            )
        )

    def recent(self, *, since: datetime, customer_id: str | None = None) -> list[ChargeFacts]:
        wanted: Any = {
            "created": {"gte": int(since.timestamp())},
            "limit": 100,
            "expand": ["data.latest_charge"],
        }
        if customer_id is not None:
            wanted["customer"] = customer_id

        def every() -> list[stripe.PaymentIntent]:
            return list(self._client.v1.payment_intents.list(wanted).auto_paging_iter())

        found = self._read(every, "list recent charges")
        return [_facts(one) for one in found if CHARGE in _metadata(one.to_dict())]

    def _read(self, work: Callable[[], T], what: str) -> T:
        return call(work, what=what, changes=False, deadline_s=self._access.deadline_s)

    def _write(self, work: Callable[[], T], what: str) -> T:
        return call(work, what=what, changes=True, deadline_s=self._access.deadline_s)


def _page_params(order: CardOrder) -> Any:
    metadata = {CARD_LINK: order.reference, BUSINESS: order.business}
    params: dict[str, Any] = {
        "mode": "setup",
        "allowed_payment_method_types": ["card"],
        "cancel_url": order.cancel_url,
        "client_reference_id": order.reference,
        "currency": order.currency.lower(),
        "custom_text": {"submit": {"message": order.consent[:_MAX_CONSENT]}},
        "expires_at": expiry(order.asked_at, order.expires_at),
        "locale": locale(order.language),
        "metadata": metadata,
        "setup_intent_data": {"metadata": metadata},
        "success_url": order.success_url,
    }
    if order.customer_id is not None:
        return params | {"customer": order.customer_id}
    params["customer_creation"] = "always"
    return params | ({"customer_email": order.customer_email} if order.customer_email else {})


def _page(session: stripe.checkout.Session) -> CardPage:
    values: dict[str, Any] = session.to_dict()
    metadata = _metadata(values)
    setup = values.get("setup_intent")
    method = setup.get("payment_method") if isinstance(setup, dict) else None
    return CardPage(
        session_id=values["id"],
        url=values.get("url"),
        status=values["status"],
        reference=metadata.get(CARD_LINK),
        business=metadata.get(BUSINESS),
        livemode=values["livemode"],
        customer_id=values.get("customer"),
        method_id=method,
    )


def _facts(intent: stripe.PaymentIntent) -> ChargeFacts:
    values: dict[str, Any] = intent.to_dict()
    metadata = _metadata(values)
    charge, error = values.get("latest_charge"), values.get("last_payment_error")
    tried = charge if isinstance(charge, dict) else {"id": charge, "created": values["created"]}
    is_taken = values["status"] == "succeeded"
    minor = values["amount_received"] if is_taken else values["amount"]
    return ChargeFacts(
        intent_id=values["id"],
        status=values["status"],
        amount=from_stripe(minor, values["currency"]),
        reference=metadata.get(CHARGE),
        business=metadata.get(BUSINESS),
        livemode=values["livemode"],
        try_id=tried["id"],
        decline=_decline(error, tried) if error else None,
        taken_at=datetime.fromtimestamp(tried["created"], UTC) if is_taken else None,
    )


def _decline(error: dict[str, Any], tried: dict[str, Any]) -> Decline:
    card = (tried.get("payment_method_details") or {}).get("card") or {}
    is_visa = (card.get("network") or card.get("brand")) == "visa"
    # Stripe gives some reasons as the error's code alone: expired_card, incorrect_cvc.
    return Decline(
        decline_code=error.get("decline_code") or error.get("code"),
        advice_code=error.get("advice_code"),
        network_advice_code=error.get("network_advice_code"),
        visa_code=error.get("network_decline_code") if is_visa else None,
    )


def _metadata(values: dict[str, Any]) -> dict[str, str]:
    return values.get("metadata") or {}


def _last_day(year: int | None, month: int | None) -> date | None:
    if not year or not month:
        return None
    return date(year, month, calendar.monthrange(year, month)[1])
