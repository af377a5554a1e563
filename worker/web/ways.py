"""The ways to pay that a page offers, what each adds, and which one was chosen.

A form says which fee its page showed. Only that fee is ever charged: whoever saw another one, or
none because no script runs, is shown the right one and asked once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.businesses import PayerKind, Rules, Tariff, Way
from worker.customers import Customer
from worker.kernel.money import Money, zero
from worker.payments import By

_IN_ORDER = (Way.CARD, Way.DEBIT, Way.BALANCE)


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to pay with the page's button; `method` is the gateway's name for it."""

    way: Way
    method: str
    tariff: Tariff
    balance: Money | None = None

    def fee_on(self, amount: Money) -> Money:
        """What it adds to an amount."""
        return self.tariff.fee_on(amount)

    def by(self, amount: Money) -> By:
        """The page to open for an amount."""
        return By(self.method, self.fee_on(amount).minor)

    def takes(self, amount: Money) -> bool:
        """Whether it can be paid so: only a balance is too small for that."""
        return self.balance is None or amount <= self.balance


def offered(rules: Rules, customer: Customer | None, amount: Money, balance: Money) -> list[Offer]:
    """The ways in which so much may be paid by this customer, the usual one first."""
    methods, own = rules.methods, rules.currency
    is_business = customer is not None and customer.is_business
    kind = PayerKind.BUSINESS if is_business else PayerKind.CONSUMER
    found = []
    for way in _IN_ORDER:
        if not amount.is_positive or not methods.offers(way, amount, currency=own):
            continue
        if way is Way.BALANCE and not balance.is_positive:
            continue
        tariff = methods.tariff(way, kind, amount.currency, own)
        has = balance if way is Way.BALANCE else None
        method = methods.method_of(way, amount.currency) or way.value
        found.append(Offer(way, method, tariff, has))
    return found


def chosen_offer(offers: Sequence[Offer], form: Mapping[str, str]) -> Offer | None:
    """The way that a form names; the first where it names none."""
    if "way" not in form:
        return offers[0] if offers else None
    return next((offer for offer in offers if offer.way == form["way"]), None)


def is_agreed(fee: Money, form: Mapping[str, str]) -> bool:
    """Whether this is the fee that the payer saw before they pressed."""
    return fee.is_zero or form.get("fee", "") == str(fee.minor)


def takes_transfers(rules: Rules, amount: Money) -> bool:
    """Whether the bank details are shown for so much."""
    return rules.methods.offers(Way.TRANSFER, amount, currency=rules.currency)


def faces(offers: Sequence[Offer], amount: Money, form: Mapping[str, str]) -> dict[str, object]:
    """The ways as a page shows them, and the fee and sum of the one that is chosen."""
    picked = chosen_offer(offers, form) or (offers[0] if offers else None)
    fee = picked.fee_on(amount) if picked is not None else zero(amount.currency)
    return {
        "ways": [_face(offer, amount, is_picked=offer is picked) for offer in offers],
        "has_fees": any(not offer.tariff.is_free for offer in offers),
        "adds": {
            "way": picked.way.value if picked is not None else "",
            "fee": _plain(fee),
            "whole": _plain(amount + fee),
        },
    }


def _face(offer: Offer, amount: Money, *, is_picked: bool) -> dict[str, object]:
    tariff, balance = offer.tariff, offer.balance
    percent = (Decimal(tariff.per_million) / 10_000).normalize()
    return {
        "way": offer.way.value,
        "method": offer.method,
        "is_picked": is_picked,
        "fee": None if tariff.is_free else _plain(offer.fee_on(amount)),
        "uses": None if balance is None else _plain(min(balance, amount)),
        "balance": None if balance is None else _plain(balance),
        "percent": f"{percent:f}" if tariff.per_million else "",
        "fixed": _plain(Money(tariff.fixed_minor, tariff.currency)),
        "least": _plain(Money(tariff.least_minor, tariff.currency)),
        "most": None
        if tariff.most_minor is None
        else _plain(Money(tariff.most_minor, tariff.currency)),
        "per_million": tariff.per_million,
    }


def _plain(amount: Money) -> dict[str, object]:
    return {"minor": amount.minor, "currency": amount.currency}
