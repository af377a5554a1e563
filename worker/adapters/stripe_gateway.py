"""The gateway port on Stripe: hosted Checkout, its sessions, its webhooks.

Metadata ties a session to our checkout and business; sessions without it belong to other software
on the same account and are left alone. Everything sent is a function of the order alone, so that
the same idempotency key always carries the same request.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import requests
import stripe
from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

from worker.adapters.stripe_amounts import from_stripe, to_stripe
from worker.adapters.stripe_calls import call
from worker.adapters.stripe_payouts import parts, payout
from worker.adapters.stripe_reversals import refund_params, reversals
from worker.adapters.stripe_webhooks import read, verify
from worker.kernel.errors import PermanentError
from worker.kernel.money import Money
from worker.payments.ports import (
    AccountFacts,
    CheckoutFacts,
    CheckoutOrder,
    CheckoutPage,
    GatewayEvent,
    PayoutFacts,
    PayoutPart,
    RefundOrder,
    Reversals,
)

T = TypeVar("T")

API_VERSION = "2026-10-28.endive"
DEADLINE_S = 30.0
_CONNECT_S, _READ_S = 5.0, 24.0
# Stripe takes 30 minutes to 24 hours from when it hears of the session. The margins leave room for
# clocks that differ, and for asking again with the same key when nothing was heard. An order asked
# again after a day, when Stripe has forgotten its key, has expired and makes no second page.
_SHORTEST = timedelta(minutes=40)
_LONGEST = timedelta(hours=23, minutes=50)
_KEY = re.compile(r"[sr]k_(test|live)_[!-~]+", re.ASCII)
_CHECKOUT, _BUSINESS = "tillmail_checkout", "tillmail_business"
_EXPANDED = "payment_intent.latest_charge"
_LOCALES = frozenset(
    {"bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "ja", "ko"}
    | {"lt", "lv", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "zh"}
)
_MAX_TITLE = 250
_FAILED = ("requires_payment_method", "canceled")

# Otherwise the library tells Stripe about this machine.
stripe.enable_telemetry = False


@dataclass(frozen=True, slots=True)
class StripeAccess:
    """One business's way to Stripe.

    `account` is a connected account on whose behalf the key of a platform asks; `expected_account`
    is whose key (or which connected account) it must be; `base_url` is a sandbox's, on loopback.
    Both a new and an old webhook secret may be given while one is rolled.
    """

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    expects_livemode: bool
    expected_account: str | None = None
    account: str | None = None
    base_url: str | None = None
    api_version: str = API_VERSION
    deadline_s: float = DEADLINE_S

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.api_key):
            raise PermanentError("A Stripe key is sk_… or rk_… without blanks: set the secret key.")
        if not all(self.webhook_secrets):
            raise PermanentError("A Stripe webhook secret is empty: anybody could sign with it.")
        if self.is_live != self.expects_livemode:
            wanted, other = ("live", "test") if self.expects_livemode else ("test", "live")
            raise PermanentError(
                f"Settings ask for Stripe's {wanted} mode; the key is a {other} key."
            )
        if self.base_url is None:
            return
        if self.is_live:
            raise PermanentError("A live key goes to Stripe only: remove the Stripe base URL.")
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise PermanentError("The Stripe base URL must be https:// or on this machine.")

    @property
    def is_live(self) -> bool:
        """Whether the key moves real money: `sk_live_…`, `rk_live_…`."""
        return self.api_key[2:].startswith("_live_")


class StripeGateway:
    """`Gateway` for one business; safe to share between threads."""

    def __init__(self, access: StripeAccess, *, http: stripe.HTTPClient | None = None) -> None:
        self._access = access
        self._account_is_checked = False
        self._checking = threading.Lock()
        self._client = client_of(access, http)

    def open_checkout(self, order: CheckoutOrder, *, key: str) -> CheckoutPage:
        params = _session_params(order)
        ends_at = time.monotonic() + self._access.deadline_s
        self._check_account()
        session = call(
            lambda: self._client.v1.checkout.sessions.create(params, {"idempotency_key": key}),
            what=f"open checkout {order.reference}",
            changes=True,
            deadline_s=ends_at - time.monotonic(),
        )
        if session.livemode != self._access.expects_livemode or not session.url:
            raise PermanentError(f"Stripe gave no page in the wanted mode for {order.reference}.")
        return CheckoutPage(session.id, session.url, _instant(session.expires_at))

    def look_up(self, session_id: str) -> CheckoutFacts:
        session = self._read(
            lambda: self._client.v1.checkout.sessions.retrieve(session_id, {"expand": [_EXPANDED]}),
            f"look up {session_id}",
        )
        return _facts(session)

    def expire(self, session_id: str, *, key: str) -> CheckoutFacts:
        try:
            session = call(
                lambda: self._client.v1.checkout.sessions.expire(
                    session_id, {"expand": [_EXPANDED]}, {"idempotency_key": key}
                ),
                what=f"expire {session_id}",
                changes=True,
                deadline_s=self._access.deadline_s,
            )
        except PermanentError:
            # Stripe refuses what is complete or expired already; anything else is a real refusal.
            facts = self.look_up(session_id)
            if facts.status == "open":
                raise
            return facts
        return _facts(session)

    def recent(self, *, since: datetime) -> list[CheckoutFacts]:
        def every() -> list[stripe.checkout.Session]:
            page = self._client.v1.checkout.sessions.list(
                {
                    "created": {"gte": int(since.timestamp())},
                    "limit": 100,
                    "expand": [f"data.{_EXPANDED}"],
                }
            )
            return list(page.auto_paging_iter())

        sessions = self._read(every, "list recent sessions")
        return [_facts(one) for one in sessions if _CHECKOUT in _metadata(one)]

    def refund(self, order: RefundOrder, *, key: str) -> str:
        params = refund_params(order)
        refund = call(
            lambda: self._client.v1.refunds.create(params, {"idempotency_key": key}),
            what=f"refund {order.reference}",
            changes=True,
            deadline_s=self._access.deadline_s,
        )
        return refund.id

    def reversals_of(self, intent_id: str) -> Reversals:
        return self._reversals({"payment_intent": intent_id}, f"reversals of {intent_id}")

    def recent_reversals(self, *, since: datetime) -> Reversals:
        wanted = {"created": {"gte": int(since.timestamp())}}
        return self._reversals(wanted, "list recent reversals")

    def payouts(self, *, since: datetime) -> list[PayoutFacts]:
        wanted: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        list_them = self._client.v1.payouts.list
        found = self._read(lambda: list(list_them(wanted).auto_paging_iter()), "list payouts")
        # Stripe names the last first.
        return [payout(one) for one in reversed(found)]

    def look_up_payout(self, payout_id: str) -> PayoutFacts:
        find = self._client.v1.payouts.retrieve
        return payout(self._read(lambda: find(payout_id), f"look up {payout_id}"))

    def parts_of(self, payout_id: str) -> list[PayoutPart]:
        wanted: Any = {"payout": payout_id, "limit": 100, "expand": ["data.source"]}
        list_them = self._client.v1.balance_transactions.list
        what = f"list what {payout_id} is made of"
        return parts(self._read(lambda: list(list_them(wanted).auto_paging_iter()), what))

    def open_event(self, raw: bytes, signature: str, *, at: datetime) -> GatewayEvent:
        verify(raw, signature, self._access.webhook_secrets, at=at)
        # A platform's endpoint hears of many accounts, and each event names its own; an account's
        # own endpoint hears of nobody else, and its events name nobody.
        own = None if self._access.account else self._access.expected_account
        return read(raw, own_account=own)

    def is_ours(self, event: GatewayEvent) -> bool:
        wanted = self._access.account or self._access.expected_account
        return event.account == wanted and event.livemode == self._access.expects_livemode

    def account(self) -> AccountFacts:
        account = self._read(self._client.v1.accounts.retrieve_current, "look up the account")
        response = account.last_response
        version = response.headers.get("stripe-version") if response else None
        return AccountFacts(
            account_id=account.id,
            livemode=self._access.is_live,
            api_version=version or "unknown",
            pinned_version=self._access.api_version,
            charges_enabled=account.charges_enabled is True,
        )

    def _check_account(self) -> None:
        """Once, before the first page: the money must go to the account in the settings."""
        wanted = self._access.account or self._access.expected_account
        if wanted is None:
            return
        with self._checking:
            if self._account_is_checked:
                return
            found = self.account().account_id
            if found != wanted:
                raise PermanentError(
                    f"The Stripe key belongs to {found}; settings expect {wanted}."
                    " Set the right key or account."
                )
            self._account_is_checked = True

    def _reversals(self, wanted: dict[str, Any], what: str) -> Reversals:
        params: Any = wanted | {"limit": 100}

        def every() -> Reversals:
            refunds = self._client.v1.refunds.list(params)
            disputes = self._client.v1.disputes.list(params)
            return reversals(list(refunds.auto_paging_iter()), list(disputes.auto_paging_iter()))

        return self._read(every, what)

    def _read(self, work: Callable[[], T], what: str) -> T:
        return call(work, what=what, changes=False, deadline_s=self._access.deadline_s)


def client_of(access: StripeAccess, http: stripe.HTTPClient | None = None) -> stripe.StripeClient:
    """Stripe's own client for this access; it retries nothing by itself."""
    addresses: dict[str, str] = {"api": access.base_url} if access.base_url else {}
    return stripe.StripeClient(
        access.api_key,
        stripe_account=access.account,
        stripe_version=access.api_version,
        base_addresses=cast(Any, addresses),
        max_network_retries=0,
        http_client=http or _http_client(),
    )


def _http_client() -> stripe.HTTPClient:
    session = requests.Session()
    # Without an authentication of its own, requests would let a .netrc replace our key.
    session.auth = _leave_as_is
    return stripe.RequestsClient(timeout=(_CONNECT_S, _READ_S), session=session)


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _session_params(order: CheckoutOrder) -> SessionCreateParams:
    metadata = {_CHECKOUT: order.reference, _BUSINESS: order.business}
    title = order.title[:_MAX_TITLE]
    params: SessionCreateParams = {
        "mode": "payment",
        # The payer pays the invoice's currency: Stripe must not offer to convert it.
        "adaptive_pricing": {"enabled": False},
        "allowed_payment_method_types": [cast(Any, order.method)],
        "cancel_url": order.cancel_url,
        "client_reference_id": order.reference,
        "expires_at": expiry(order.asked_at, order.expires_at),
        "line_items": [_line(title, order.amount)],
        "locale": locale(order.language),
        "metadata": metadata,
        "payment_intent_data": {"description": title, "metadata": metadata},
        "submit_type": "pay",
        "success_url": order.success_url,
    }
    if order.customer_email:
        params["customer_email"] = order.customer_email
    if order.fee is not None:
        params["line_items"].append(_line(order.fee_title[:_MAX_TITLE], order.fee))
    return params


def _line(name: str, amount: Money) -> SessionCreateParamsLineItem:
    return {
        "quantity": 1,
        "price_data": {
            "currency": amount.currency.lower(),
            "unit_amount": to_stripe(amount),
            "product_data": {"name": name},
        },
    }


def expiry(asked_at: datetime, wanted: datetime) -> int:
    """When a hosted page ends: as wanted, within what Stripe takes."""
    earliest, latest = asked_at + _SHORTEST, asked_at + _LONGEST
    return int(min(max(wanted, earliest), latest).timestamp())


def locale(language: str) -> str:
    """The language of a hosted page, as Stripe names it."""
    short = language.partition("-")[0].lower()
    return short if short in _LOCALES else "auto"


def _facts(session: stripe.checkout.Session) -> CheckoutFacts:
    """What a session says, once its PaymentIntent and charge are in it."""
    values: dict[str, Any] = session.to_dict()
    if values["mode"] != "payment":
        raise PermanentError(f"{values['id']} is not a payment of ours.")
    intent = _object(values.get("payment_intent"))
    charge = _object(intent.get("latest_charge"))
    is_paid = values["payment_status"] == "paid" and intent.get("status") == "succeeded"
    # Complete and not paid: the payer is done, and their bank takes days to decide.
    is_done = values["status"] == "complete" and not is_paid
    asked = from_stripe(values["amount_total"], values["currency"])
    taken = from_stripe(intent["amount_received"], intent["currency"]) if is_paid else asked
    metadata = _metadata(session)
    return CheckoutFacts(
        session_id=values["id"],
        status=values["status"],
        is_paid=is_paid,
        amount=taken,
        intent_id=intent.get("id"),
        reference=metadata.get(_CHECKOUT),
        business=metadata.get(_BUSINESS),
        livemode=values["livemode"],
        paid_at=_instant(charge["created"]) if is_paid and charge else None,
        url=values.get("url"),
        method=_object(charge.get("payment_method_details")).get("type"),
        is_processing=is_done and intent.get("status") == "processing",
        failure=_failure(intent) if is_done and intent.get("status") in _FAILED else None,
    )


def _failure(intent: dict[str, Any]) -> str:
    """Why a bank debit was not collected, in Stripe's words."""
    error = _object(intent.get("last_payment_error"))
    said = error.get("message") or error.get("code") or "the bank gave no reason"
    return str(said).rstrip(".")[:300]


def _object(value: Any) -> dict[str, Any]:
    """The object if it is there and expanded, else an empty one."""
    return value if isinstance(value, dict) else {}


def _metadata(session: stripe.checkout.Session) -> dict[str, str]:
    return session.metadata.to_dict() if session.metadata else {}


def _instant(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
