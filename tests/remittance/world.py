"""A small world of payers with items, and what a mail of theirs should come to.

`World(seed)` has the traps: twins of one amount, numbers one slip apart, numbers that other payers
have, too, settled ones.
"""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from worker.kernel.money import Money, digits_of
from worker.remittance import Item, OpenItems, Row

PHRASES = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))
LANGUAGES = tuple(PHRASES)
TODAY = dt.date(2026, 11, 20)
_CURRENCIES = {"en": "GBP", "pl": "PLN", "sv": "SEK", "ja": "JPY"}
_STYLES = (
    "INV-2026-{:04}", "RE2026-10-{:03}", "F-{:05}", "26/{:04}", "45{:05}", "TS-26-{:04}",
    "FV/2026/10/{:03}", "R-10{:04}", "{:04}/A", "FT 2026/{:03}", "GM/26-{:04}", "SI{:06}",
)  # fmt: skip
Facts = tuple[str, Decimal, dt.date | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A mail with its truth. `lines` are number, cash and deduction, where it should be applied."""

    name: str
    language: str
    write: Callable[[], bytes]
    kind: str
    expected: str
    lines: tuple[tuple[str, Decimal, Decimal], ...] = ()
    facts: Facts | None = None

    @property
    def data(self) -> bytes:
        """The mail, written when it is asked for: of a thousand a test reads a few."""
        return self.write()


@dataclass
class Payer:
    """A payer with the items of one seller."""

    name: str
    address: str
    language: str
    currency: str
    style: str
    items: list[Item] = field(default_factory=list)

    def number(self, serial: int) -> str:
        return self.style.format(serial)


class World:
    """Payers and their items, and the mails that they write."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.payers = [self._payer(i, language) for i, language in enumerate(LANGUAGES * 2)]

    @property
    def open_items(self) -> OpenItems:
        return OpenItems([Row(p.name, p.address, i) for p in self.payers for i in p.items])

    def _payer(self, place: int, language: str) -> Payer:
        currency = _CURRENCIES.get(language, "EUR")
        payer = Payer(
            name=f"{self.random.choice(['Adler', 'Birch', 'Corvo', 'Delft', 'Elm'])} Works {place}",
            address=f"ap@payer-{place}.example",
            language=language,
            currency=currency,
            style=_STYLES[(place * 5 + self.random.randrange(3)) % len(_STYLES)],
        )
        # Serials overlap between payers of one style on purpose.
        serial = self.random.randrange(101, 140)
        months = (8, 9, 9, 10, 10, 10, 11, 11)
        for month in months:
            serial += self.random.randrange(1, 9)
            issued = dt.date(2026, month, self.random.randrange(1, 28 if month < 11 else 9))
            self._item(payer, serial, self._amount(payer), issued)
        twin = payer.items[2]
        self._item(payer, serial + 13, twin.open, dt.date(2026, 10, 21))
        for back in (30, 41):
            self._item(payer, serial + back, zero(payer), dt.date(2026, 7, 3), is_settled=True)
        credit = Money(-self._amount(payer).minor // 7, payer.currency)
        payer.items.append(
            Item(f"CN-{serial + 60}", credit, dt.date(2026, 10, 9), dt.date(2026, 10, 9))
        )
        return payer

    def _item(
        self, payer: Payer, serial: int, amount: Money, issued: dt.date, *, is_settled: bool = False
    ) -> None:
        due = issued + dt.timedelta(days=30)
        payer.items.append(Item(payer.number(serial), amount, issued, due, is_settled))

    def _amount(self, payer: Payer) -> Money:
        unit = 10 ** digits_of(payer.currency)
        whole = self.random.randrange(80, 9000)
        cents = self.random.choice([0, 0, 25, 50, 99, 37]) if unit > 1 else 0
        return Money(whole * unit + cents, payer.currency)


def zero(payer: Payer) -> Money:
    """Nothing, in the payer's currency."""
    return Money(0, payer.currency)
