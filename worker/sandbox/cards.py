"""Stripe's test cards and what each does (docs.stripe.com/testing). No other number is taken.

Whatever else is typed into the page is refused and thrown away, so that no real card is ever kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from worker.sandbox.declines import Decline, decline


@dataclass(frozen=True, slots=True)
class Card:
    """A test card. `does` names on the page what it does.

    `refuses` is the decline code of every charge, and of saving the card unless `saves`. `asks`:
    `always`, only `on_session`, or off-session as well `until_saved`. `refund` is what becomes of a
    refund; `dispute` the reason for which the payer's bank takes the money back at once.
    """

    number: str
    brand: str
    token: str
    does: str = "pays"
    refuses: str | None = None
    saves: bool = True
    asks: str | None = None
    refund: str = "pays"
    dispute: str | None = None

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for the same number, as Stripe's is."""
        return fingerprint(self.number)

    @property
    def decline(self) -> Decline | None:
        return decline(self.refuses) if self.refuses else None

    def asks_now(self, *, off_session: bool, saved: bool) -> bool:
        """Whether the bank wants to hear from the cardholder before it pays."""
        if not off_session:
            return self.asks is not None
        return self.asks == "always" or (self.asks == "until_saved" and not saved)


def fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode("ascii")).hexdigest()[:16]


def _refusing(number: str, token: str, code: str, brand: str = "visa") -> Card:
    return Card(number, brand, token, code, refuses=code, saves=False)


TEST_CARDS = (
    Card("4242424242424242", "visa", "pm_card_visa"),
    Card("5555555555554444", "mastercard", "pm_card_mastercard"),
    Card("378282246310005", "amex", "pm_card_amex"),
    Card(
        "4000002500003155",
        "visa",
        "pm_card_authenticationRequiredOnSetup",
        "authenticates",
        asks="until_saved",
    ),
    Card(
        "4000002760003184",
        "visa",
        "pm_card_authenticationRequired",
        "authenticates_always",
        asks="always",
    ),
    Card(
        "4000003800000446",
        "visa",
        "pm_card_authenticationRequiredSetupForOffSession",
        "authenticates_here",
        asks="on_session",
    ),
    Card(
        "4000008260003178",
        "visa",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "authenticates_then_insufficient_funds",
        refuses="insufficient_funds",
        asks="on_session",
    ),
    _refusing("4000000000000002", "pm_card_visa_chargeDeclined", "generic_decline"),
    _refusing(
        "4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"
    ),
    _refusing("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired_card"),
    _refusing("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "lost_card"),
    _refusing("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "stolen_card"),
    _refusing("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
    _refusing("4000000000000119", "pm_card_chargeDeclinedProcessingError", "processing_error"),
    _refusing(
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        "card_velocity_exceeded",
    ),
    _refusing("4100000000000019", "pm_card_radarBlock", "highest_risk_level"),
    Card(
        "4000000000000341",
        "visa",
        "pm_card_chargeCustomerFail",
        "saves_then_generic_decline",
        refuses="generic_decline",
    ),
    Card("4000000000007726", "visa", "pm_card_pendingRefund", "refunds_later", refund="pays_later"),
    Card("4000000000005126", "visa", "pm_card_refundFail", "refund_fails", refund="fails_later"),
    Card("4000000000000259", "visa", "pm_card_createDispute", "is_disputed", dispute="fraudulent"),
    Card(
        "4000000000002685",
        "visa",
        "pm_card_createDisputeProductNotReceived",
        "is_disputed",
        dispute="product_not_received",
    ),
    Card(
        "4000000000001976",
        "visa",
        "pm_card_createDisputeInquiry",
        "is_asked_about",
        dispute="inquiry",
    ),
)

_BY_NUMBER = {card.number: card for card in TEST_CARDS}
_BY_TOKEN = {card.token: card for card in TEST_CARDS}


def by_number(number: str) -> Card | None:
    return _BY_NUMBER.get(number)


def by_token(token: str) -> Card | None:
    return _BY_TOKEN.get(token)


def passes_luhn(number: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1 annex B)."""
    if not (12 <= len(number) <= 19 and number.isascii() and number.isdigit()):
        return False
    doubled = "0246813579"
    odd = sum(int(digit) for digit in number[-1::-2])
    even = sum(int(doubled[int(digit)]) for digit in number[-2::-2])
    return (odd + even) % 10 == 0
