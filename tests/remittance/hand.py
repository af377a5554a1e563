"""How one payer writes: words and figures in their language, and the mail around them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP

from babel.dates import format_date

from tests.remittance.world import PHRASES, TODAY, Case, Payer, World
from worker.kernel.money import Money, digits_of
from worker.remittance import Item

_LOCALES = {"en": "en_GB", "sv": "sv", "ja": "ja"}
_SYMBOLS = {"GBP": "£", "EUR": "€", "JPY": "¥", "USD": "$"}
File = Callable[[], tuple[str, bytes]]
Line = tuple[Item, Money, Money]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is yet to be put together."""

    sender: str
    subject: str
    text: str
    reference: str
    is_answer: bool = False
    html: str | None = None
    files: tuple[File, ...] = ()

    def raw(self) -> bytes:
        """The mail as it arrives."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"Bea Payer <{self.sender}>"
        mail["To"] = "Seller <accounts@seller.example>"
        mail["Subject"] = self.subject
        mail["Date"] = f"{TODAY:%a, %d %b %Y} 11:20:00 +0100"
        mail["Message-ID"] = f"<{self.reference}@payer.example>"
        if self.is_answer:
            mail["In-Reply-To"] = "<invoice@seller.example>"
        mail.set_content(self.text + "\n")
        if self.html is not None:
            mail.set_content(self.html, subtype="html")
        for name, data in (make() for make in self.files):
            mail.add_attachment(data, "application", "octet-stream", filename=name)
        return mail.as_bytes()


class Hand:
    """One payer's hand, and what they still owe."""

    def __init__(self, world: World, payer: Payer) -> None:
        self._world = world
        self._payer = payer
        self._random = world.random
        self._phrases = PHRASES[payer.language]
        self._open = [i for i in payer.items if not i.is_settled and i.open.is_positive]
        [self._credit] = [i for i in payer.items if i.open.is_negative]

    def _plain(self, money: Money) -> str:
        digits = digits_of(money.currency)
        text = f"{abs(money.decimal):,.{digits}f}"
        if self._payer.language in ("en", "ja"):
            return text
        mark = {"fr": " ", "pl": " ", "sv": " "}.get(self._payer.language, ".")
        return text.replace(",", "|").replace(".", ",").replace("|", mark)

    def _styled(self, money: Money) -> str:
        plain, code = self._plain(money), money.currency
        symbol = _SYMBOLS.get(code)
        styles = [f"{plain} {code}", f"{code} {plain}"]
        if symbol:
            styles += [f"{symbol}{plain}" if code in ("GBP", "JPY", "USD") else f"{plain} {symbol}"]
        if code == "SEK":
            styles += [f"{plain} kr"]
        if code == "PLN":
            styles += [f"{plain} zł"]
        return self._random.choice(styles)

    def _date(self, day: dt.date, *, is_short: bool = False) -> str:
        locale = _LOCALES.get(self._payer.language, self._payer.language)
        if not is_short and self._random.random() < 0.6:
            return format_date(day, "long", locale)
        return {"en": f"{day:%d/%m/%Y}", "ja": f"{day:%Y/%m/%d}", "sv": f"{day:%Y-%m-%d}"}.get(
            self._payer.language, f"{day:%d.%m.%Y}"
        )

    def _when(self) -> tuple[str, dt.date]:
        if self._random.random() < 0.5:
            return self._random.choice(self._phrases["today"]), TODAY
        day = TODAY - dt.timedelta(days=self._random.randrange(1, 9))
        return self._random.choice(self._phrases["day"]).format(d=self._date(day)), day

    def _say(self, name: str, **values: str) -> str:
        text = str(self._random.choice(self._phrases[name])).format(**values)
        return text[0].upper() + text[1:]

    def _mail(
        self,
        text: str,
        subject: str = "Payment",
        *,
        quoted: Item | None = None,
        html: str | None = None,
        files: tuple[File, ...] = (),
    ) -> Letter:
        reference = f"{self._random.getrandbits(48):x}"
        if quoted is not None:
            text += _quotation(quoted, self._plain(quoted.open))
        return Letter(
            self._payer.address, subject, text, reference, quoted is not None, html, files
        )

    def _case(
        self,
        name: str,
        letter: Letter,
        expected: str = "review",
        *,
        lines: list[Line] | None = None,
        paid_on: dt.date | None = None,
        kind: str = "remittance",
    ) -> Case:
        truth = tuple((i.number, a.decimal, d.decimal) for i, a, d in lines or [])
        total = sum((amount for _, amount, _ in truth), Decimal(0))
        facts = (self._payer.currency, total, paid_on) if truth and expected == "apply" else None
        return Case(name, self._payer.language, letter.raw, kind, expected, truth, facts)

    def _quoted(self, about: Item) -> tuple[str, Item | None]:
        """Half of the mails answer the seller's own, and quote it."""
        if self._random.random() < 0.5:
            return f"Re: Invoice {about.number}", about
        return self._random.choice(["Payment", "money sent", "transfer"]), None

    def _pick(self, count: int = 1) -> list[Item]:
        return self._random.sample(self._open, count)


def _quotation(item: Item, plain: str) -> str:
    """Our own mail under the answer, with figures that are no payment."""
    return (
        "\n\nOn Mon, Oct 12, 2026 at 9:21 AM, Seller <accounts@seller.example> wrote:\n"
        f"> Invoice {item.number} of {item.issued_on} for {plain} is due.\n"
        "> Pay 2 % less within 10 days. Our reference 2026-9911, total 1.234,50 EUR.\n"
    )
