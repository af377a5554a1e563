"""In which ways customers may pay on the business's pages, and what a way costs them.

A convenience fee is off until the owner sets one and confirms that it is lawful where they trade:
the EU forbids one on consumers' cards (directive 2015/2366, article 62), others cap it at cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.kernel.money import Money, NotMoney, zero

Scheme = Literal["sepa_debit", "bacs_debit", "us_bank_account"]
_SCHEMES: dict[str, Scheme] = {
    "EUR": "sepa_debit",
    "GBP": "bacs_debit",
    "USD": "us_bank_account",
}
_MILLION = 1_000_000
# Working days until a debit under a new mandate is decided, as the gateway names them (2026-11);
# banks may take longer, so pages and mails say "usually".
BANK_DAYS: dict[str, int] = {"sepa_debit": 5, "bacs_debit": 7, "us_bank_account": 4}


class Way(StrEnum):
    """How somebody pays: on the gateway's page by card or bank debit, by transfer, from balance."""

    CARD = "card"
    DEBIT = "debit"
    TRANSFER = "transfer"
    BALANCE = "balance"


class PayerKind(StrEnum):
    """Who pays. Whoever is not known to be a business is a consumer."""

    CONSUMER = "consumer"
    BUSINESS = "business"


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeeRule(_Rules):
    """What is added for a way of paying; amounts are in the business's currency."""

    fixed: Decimal = Field(default=Decimal(0), ge=0, le=10_000)
    percent: Decimal = Field(default=Decimal(0), ge=0, le=20, decimal_places=4)
    minimum: Decimal = Field(default=Decimal(0), ge=0, le=10_000)
    cap: Decimal | None = Field(default=None, gt=0, le=100_000)

    @model_validator(mode="after")
    def _cap_is_above_minimum(self) -> FeeRule:
        if self.cap is not None and self.cap < self.minimum:
            raise ValueError("minimum is more than cap")
        return self

    @property
    def is_charged(self) -> bool:
        """Whether it ever adds anything."""
        return bool(self.fixed or self.percent or self.minimum)


class FeeRules(_Rules):
    """The fee by kind of payer."""

    consumer: FeeRule = FeeRule()
    business: FeeRule = FeeRule()


class MethodRules(_Rules):
    """Whether a way is offered, and for which amounts, in the business's currency."""

    offered: bool = True
    at_least: Decimal | None = Field(default=None, gt=0)
    at_most: Decimal | None = Field(default=None, gt=0)

    def takes(self, amount: Money, *, currency: str) -> bool:
        """Whether an amount is within the limits; of another currency than theirs any is."""
        if amount.currency != currency:
            return True
        small, large = self.at_least, self.at_most
        if small is not None and amount < _money(small, currency):
            return False
        return large is None or amount <= _money(large, currency)


class CardRules(MethodRules):
    """Cards, on the gateway's page."""

    fee: FeeRules = FeeRules()


class DebitRules(MethodRules):
    """Bank debits, on the gateway's page: which scheme follows from the currency."""

    offered: bool = False
    schemes: tuple[Scheme, ...] = Field(default=tuple(_SCHEMES.values()), min_length=1)
    fee: FeeRules = FeeRules()


class Methods(_Rules):
    """The ways to pay. See docs/payments.md."""

    fees_confirmed_by: str = Field(
        default="", description="Who has checked that the fees are lawful where the business trades"
    )
    card: CardRules = CardRules()
    debit: DebitRules = DebitRules()
    transfer: MethodRules = MethodRules()
    balance: MethodRules = MethodRules()

    @model_validator(mode="after")
    def _fees_are_confirmed(self) -> Methods:
        charged = [
            f"{way}.fee.{kind}"
            for way, fees in (("card", self.card.fee), ("debit", self.debit.fee))
            for kind in PayerKind
            if getattr(fees, kind).is_charged
        ]
        if charged and not self.fees_confirmed_by.strip():
            raise ValueError(
                f"{charged[0]} adds a fee, which the law forbids in many places: check that it is "
                'lawful where you trade, and write fees_confirmed_by = "who checked it, and when"'
            )
        return self

    def check(self, currency: str) -> None:
        """Raises ValueError where an amount is finer than the smallest unit of the currency."""
        for way in Way:
            for kind in PayerKind:
                self.tariff(way, kind, currency, currency)
            self.offers(way, Money(1, currency), currency=currency)

    def method_of(self, way: Way, currency: str) -> str | None:
        """The gateway's own name for a way in a currency; None where it has none."""
        if way is Way.CARD:
            return "card"
        scheme = _SCHEMES.get(currency) if way is Way.DEBIT else None
        return scheme if scheme in self.debit.schemes else None

    def offers(self, way: Way, amount: Money, *, currency: str) -> bool:
        """Whether so much may be paid in this way; `currency` is the business's own."""
        rules = {
            Way.CARD: self.card,
            Way.DEBIT: self.debit,
            Way.TRANSFER: self.transfer,
            Way.BALANCE: self.balance,
        }[way]
        if way is Way.DEBIT and self.method_of(way, amount.currency) is None:
            return False
        return rules.offered and rules.takes(amount, currency=currency)

    def tariff(self, way: Way, kind: PayerKind, currency: str, own: str) -> Tariff:
        """What a way costs in a currency; nothing in another than the business's `own`."""
        if currency != own or way not in (Way.CARD, Way.DEBIT):
            return Tariff(currency)
        fees = self.card.fee if way is Way.CARD else self.debit.fee
        rule: FeeRule = getattr(fees, kind)
        return Tariff(
            currency,
            fixed_minor=_money(rule.fixed, own).minor,
            per_million=int(rule.percent * _MILLION / 100),
            least_minor=_money(rule.minimum, own).minor,
            most_minor=None if rule.cap is None else _money(rule.cap, own).minor,
        )


@dataclass(frozen=True, slots=True)
class Tariff:
    """A fee rule in whole minor units, so that a page's script and we get the same to the cent."""

    currency: str
    fixed_minor: int = 0
    per_million: int = 0
    least_minor: int = 0
    most_minor: int | None = None

    @property
    def is_free(self) -> bool:
        """Whether it never adds anything."""
        return not (self.fixed_minor or self.per_million or self.least_minor)

    def fee_on(self, amount: Money) -> Money:
        """What is added to an amount: half a minor unit counts as a whole one."""
        if not amount.is_positive:
            return zero(amount.currency)
        part = (amount.minor * self.per_million + _MILLION // 2) // _MILLION
        fee = max(self.fixed_minor + part, self.least_minor)
        most = fee if self.most_minor is None else self.most_minor
        return Money(min(fee, most), amount.currency)


def _money(amount: Decimal, currency: str) -> Money:
    try:
        return Money.of(amount, currency)
    except NotMoney as e:
        raise ValueError(f"{amount} is no amount of {currency}.") from e
