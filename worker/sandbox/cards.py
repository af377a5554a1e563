"""Stripe's test cards and what each does (docs.stripe.com/testing). No other number is taken.

Whatever else is typed into the page is refused and thrown away, so that no real card is ever kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """A test card. `decline` is Stripe's decline code; `code` its error code."""

    number: str
    brand: str
    token: str
    label: str
    code: str | None = None
    decline: str | None = None
    authenticates: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for the same number, as Stripe's is."""
        return hashlib.sha256(self.number.encode("ascii")).hexdigest()[:16]


TEST_CARDS = (
    Card("4242424242424242", "visa", "pm_card_visa", "pays"),
    Card("5555555555554444", "mastercard", "pm_card_mastercard", "pays"),
    Card(
        "4000002500003155",
        "visa",
        "pm_card_authenticationRequired",
        "asks for authentication",
        authenticates=True,
    ),
    Card(
        "4000000000000002",
        "visa",
        "pm_card_visa_chargeDeclined",
        "is declined",
        "card_declined",
        "generic_decline",
    ),
    Card(
        "4000000000009995",
        "visa",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "has insufficient funds",
        "card_declined",
        "insufficient_funds",
    ),
    Card(
        "4000000000000069",
        "visa",
        "pm_card_chargeDeclinedExpiredCard",
        "has expired",
        "expired_card",
        "expired_card",
    ),
)

_BY_NUMBER = {card.number: card for card in TEST_CARDS}
_BY_TOKEN = {card.token: card for card in TEST_CARDS}

REASONS = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
}


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
