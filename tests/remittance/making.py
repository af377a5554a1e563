"""Remittance mails by the hundred, with the truth of each by construction.

`World(seed)` has payers with items, among them the traps: twins of one amount, numbers one slip
apart, numbers that other payers have, too, settled ones. `cases` writes mails about them.
"""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from babel.dates import format_date

from tests.remittance import papers
from worker.kernel.money import Money, digits_of
from worker.remittance import Item, OpenItems, Row

PHRASES = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))
LANGUAGES = tuple(PHRASES)
TODAY = dt.date(2026, 11, 20)
_LOCALES = {"en": "en_GB", "sv": "sv", "ja": "ja"}
_CURRENCIES = {"en": "GBP", "pl": "PLN", "sv": "SEK", "ja": "JPY"}
_SYMBOLS = {"GBP": "£", "EUR": "€", "JPY": "¥", "USD": "$"}
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
    data: bytes
    kind: str
    expected: str
    lines: tuple[tuple[str, Decimal, Decimal], ...] = ()
    facts: Facts | None = None


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


def cases(world: World, rounds: int = 1) -> Iterator[Case]:
    """Mails of every payer, about every matter."""
    for number in range(rounds):
        for payer in world.payers:
            yield from _Writer(world, payer, number).cases()


class _Writer:
    """One payer's mails."""

    def __init__(self, world: World, payer: Payer, number: int) -> None:
        self._world = world
        self._payer = payer
        self._random = world.random
        self._phrases = PHRASES[payer.language]
        self._number = number
        self._open = [i for i in payer.items if not i.is_settled and i.open.is_positive]
        [self._credit] = [i for i in payer.items if i.open.is_negative]

    # -- how this payer writes ------------------------------------------------------------------

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

    # -- mails ----------------------------------------------------------------------------------

    def _mail(
        self,
        text: str,
        subject: str = "Payment",
        *,
        quoted: Item | None = None,
        files: tuple[tuple[str, bytes], ...] = (),
        html: str | None = None,
        sender: str | None = None,
    ) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"Bea Payer <{sender or self._payer.address}>"
        mail["To"] = "Seller <accounts@seller.example>"
        mail["Subject"] = subject
        mail["Date"] = f"{TODAY:%a, %d %b %Y} 11:20:00 +0100"
        mail["Message-ID"] = f"<{self._random.getrandbits(48):x}@payer.example>"
        if quoted is not None:
            mail["In-Reply-To"] = "<invoice@seller.example>"
            text += _quotation(quoted, self._plain(quoted.open))
        mail.set_content(text + "\n")
        if html is not None:
            mail.set_content(html, subtype="html")
        for name, data in files:
            mail.add_attachment(data, "application", "octet-stream", filename=name)
        return mail.as_bytes()

    def _case(
        self,
        name: str,
        data: bytes,
        expected: str = "review",
        *,
        lines: list[tuple[Item, Money, Money]] | None = None,
        paid_on: dt.date | None = None,
        kind: str = "remittance",
    ) -> Case:
        truth = tuple((i.number, a.decimal, d.decimal) for i, a, d in lines or [])
        total = sum((amount for _, amount, _ in truth), Decimal(0))
        facts = (self._payer.currency, total, paid_on) if truth and expected == "apply" else None
        return Case(name, self._payer.language, data, kind, expected, truth, facts)

    def _quoted(self, about: Item) -> tuple[str, Item | None]:
        """Half of the mails answer the seller's own, and quote it."""
        if self._random.random() < 0.5:
            return f"Re: Invoice {about.number}", about
        return self._random.choice(["Payment", "money sent", "transfer"]), None

    def cases(self) -> Iterator[Case]:
        """All matters once; those that a language has no phrase for are left out."""
        yield from self._plain_cases()
        yield from self._list_cases()
        yield from self._deduction_cases()
        yield from self._total_cases()
        yield from self._number_cases()
        yield from self._doubt_cases()
        yield from self._other_kinds()
        yield from self._files()

    def _pick(self, count: int = 1) -> list[Item]:
        return self._random.sample(self._open, count)

    def _plain_cases(self) -> Iterator[Case]:
        for _ in range(3):
            [item] = self._pick()
            when, day = self._when()
            text = self._say("single", n1=item.number, s1=self._styled(item.open), when=when)
            subject, quoted = self._quoted(item)
            lines = [(item, item.open, zero(self._payer))]
            data = self._mail(text, subject, quoted=quoted)
            yield self._case("single", data, "apply", lines=lines, paid_on=day)
        one, other = self._pick(2)
        when, day = self._when()
        values = {
            "n1": one.number, "s1": self._styled(one.open), "n2": other.number,
            "s2": self._styled(other.open), "t": self._styled(one.open + other.open),
        }  # fmt: skip
        data = self._mail(self._say("two", when=when, **values))
        lines = [(item, item.open, zero(self._payer)) for item in (one, other)]
        yield self._case("two", data, "apply", lines=lines, paid_on=day)

    def _list_cases(self) -> Iterator[Case]:
        items = self._pick(3)
        whole = sum((i.open.minor for i in items), 0)
        listed = "\n".join(f"{i.number}   {self._plain(i.open)}" for i in items)
        for name, off in (("list", 0), ("list-sum-off", 900)):
            when, day = self._when()
            total = self._styled(Money(whole + off, self._payer.currency))
            subject, quoted = self._quoted(self._pick()[0])
            data = self._mail(self._say("list", lines=listed, t=total, when=when), "Payment")
            del subject, quoted
            lines = [(i, i.open, zero(self._payer)) for i in items]
            expected = "review" if off else "apply"
            yield self._case(name, data, expected, lines=lines, paid_on=day)

    def _deduction_cases(self) -> Iterator[Case]:
        if "discount" not in self._phrases:
            return
        recent = max(self._open, key=lambda item: str(item.issued_on))
        old = min(self._open, key=lambda item: str(item.issued_on))
        for name, item, rate, phrase, expected in (
            ("discount", recent, "0.02", "discount", "apply"),
            ("discount-late", old, "0.02", "discount", "review"),
            ("fee", old, "0.01", "fee", "apply"),
            ("fee-high", old, "0.06", "fee", "review"),
            ("withheld", recent, "0.15", "withheld", "review"),
            ("returned", recent, "0.11", "returned", "review"),
            ("price", recent, "0.08", "price", "review"),
        ):
            taken_off = item.open.rate(Decimal(rate))
            paid = item.open - taken_off
            if name == "discount":
                when, day = self._random.choice(self._phrases["today"]), TODAY
            else:
                when, day = self._when()
            is_late = item.issued_on is not None and (day - item.issued_on).days > 10
            text = self._say(
                phrase, n1=item.number, g=self._styled(item.open), k=self._styled(taken_off),
                s1=self._styled(paid), when=when,
            )  # fmt: skip
            subject, quoted = self._quoted(item)
            lines = [(item, paid, taken_off)]
            data = self._mail(text, subject, quoted=quoted)
            wanted = "review" if name == "discount" and is_late else expected
            yield self._case(name, data, wanted, lines=lines, paid_on=day)
        yield from self._credit_and_part()

    def _credit_and_part(self) -> Iterator[Case]:
        big = max(self._open, key=lambda item: item.open)
        when, day = self._when()
        text = self._say(
            "credit", n1=big.number, s1=self._styled(big.open), n2=self._credit.number,
            s2=self._styled(-self._credit.open), t=self._styled(big.open + self._credit.open),
            when=when,
        )  # fmt: skip
        lines = [(i, i.open, zero(self._payer)) for i in (big, self._credit)]
        yield self._case("credit", self._mail(text), "apply", lines=lines, paid_on=day)
        paid = big.open.rate(Decimal("0.4"))
        when, day = self._when()
        text = self._say(
            "part", n1=big.number, s1=self._styled(paid), r=self._styled(big.open - paid), when=when
        )
        lines = [(big, paid, zero(self._payer))]
        yield self._case("part", self._mail(text), "apply", lines=lines, paid_on=day)

    def _total_cases(self) -> Iterator[Case]:
        everything = [i for i in self._payer.items if not i.is_settled]
        before = [i for i in everything if i.issued_on and i.issued_on < dt.date(2026, 10, 1)]
        month = format_date(dt.date(2026, 9, 1), "MMMM", self._payer.language)
        for name, items in (("all", everything), ("until", before)):
            if name not in self._phrases:
                continue
            when, day = self._when()
            whole = Money(sum(i.open.minor for i in items), self._payer.currency)
            text = self._say(name, t=self._styled(whole), m=month, when=when)
            lines = [(i, i.open, zero(self._payer)) for i in items]
            yield self._case(name, self._mail(text), "apply", lines=lines, paid_on=day)
            off = Money(whole.minor + 100, self._payer.currency)
            text = self._say(name, t=self._styled(off), m=month, when=when)
            yield self._case(f"{name}-off", self._mail(text))
        for name in ("oldest", "account"):
            if name in self._phrases:
                when, _ = self._when()
                text = self._say(name, t=self._styled(self._pick()[0].open), when=when)
                yield self._case(name, self._mail(text))

    def _single_mail(
        self, written: str, amount: Money, *, answers: Item | None = None
    ) -> tuple[bytes, dt.date]:
        when, day = self._when()
        text = self._say("single", n1=written, s1=self._styled(amount), when=when)
        subject = f"Re: {answers.number}" if answers else "Payment"
        return self._mail(text, subject, quoted=answers), day

    def _number_cases(self) -> Iterator[Case]:
        # One of the twins, miswritten, might be the other; a person decides then.
        sums = [i.open for i in self._open]
        item = next(i for i in self._pick(5) if sums.count(i.open) == 1)
        number = item.number
        variants = {
            "O-for-0": number.replace("0", "O", 1),
            "separators": number.replace("-", " ").replace("/", " "),
            "zeros": "".join(number.replace("-0", "-").replace("/0", "/")),
            "prefix-lost": number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ -"),
        }
        known = {i.number.replace("/", "-") for p in self._world.payers for i in p.items}
        for name, written in variants.items():
            if written.replace("/", "-") in known:
                continue
            if written == number or not any(c.isdigit() for c in written):
                continue
            if name == "separators" and not written[0].isalpha():
                continue
            data, day = self._single_mail(written, item.open, answers=item)
            lines = [(item, item.open, zero(self._payer))]
            yield self._case(name, data, "apply", lines=lines, paid_on=day)
        for name, written in (("slip", self._slip(number)), ("exchanged", self._exchanged(number))):
            if written != number and written.replace("/", "-") not in known:
                yield self._case(name, self._single_mail(written, item.open)[0])
        settled = next(i for i in self._payer.items if i.is_settled)
        yield self._case("settled", self._single_mail(settled.number, item.open)[0])
        yield from self._foreign()
        yield from self._range()

    def _foreign(self) -> Iterator[Case]:
        own = {i.number for i in self._payer.items}
        other = next(p for p in self._world.payers if p is not self._payer)
        foreign = next(i for i in other.items if i.number not in own)
        amount = Money(abs(foreign.open.minor), self._payer.currency)
        yield self._case("foreign", self._single_mail(foreign.number, amount)[0])
        [item] = self._pick()
        data, _ = self._single_mail(item.number, item.open)
        moved = data.replace(self._payer.address.encode(), b"someone@nowhere.example")
        yield self._case("unknown-sender", moved)

    def _range(self) -> Iterator[Case]:
        if "range" not in self._phrases or not self._payer.style.endswith("}"):
            return
        ordered = sorted(self._open, key=lambda i: i.number)
        low, high = ordered[1], ordered[4]
        inside = [i for i in self._payer.items if low.number <= i.number <= high.number]
        inside = [i for i in inside if i.number.startswith(low.number[:-3])]
        if any(i.is_settled for i in inside):
            return
        for off in (0, 5):
            when, day = self._when()
            whole = Money(sum(i.open.minor for i in inside) + off, self._payer.currency)
            text = self._say(
                "range", n1=low.number, n2=high.number, t=self._styled(whole), when=when
            )
            lines = [(i, i.open, zero(self._payer)) for i in inside]
            expected = "review" if off else "apply"
            yield self._case(
                "range-off" if off else "range",
                self._mail(text),
                expected,
                lines=lines,
                paid_on=day,
            )

    def _slip(self, number: str) -> str:
        places = [i for i, c in enumerate(number) if c.isdigit()]
        place = self._random.choice(places[-3:])
        digit = str((int(number[place]) + self._random.randrange(1, 10)) % 10)
        return number[:place] + digit + number[place + 1 :]

    def _exchanged(self, number: str) -> str:
        places = [i for i in range(len(number) - 1) if number[i : i + 2].isdigit()]
        place = self._random.choice(places[-2:])
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    def _doubt_cases(self) -> Iterator[Case]:
        [item] = self._pick()
        off = Money(item.open.minor - 1, self._payer.currency)
        yield self._case("cents-off", self._single_mail(item.number, off)[0])
        more = Money(item.open.minor + 10_000, self._payer.currency)
        yield self._case("too-much", self._single_mail(item.number, more)[0])
        foreign = Money(item.open.minor, "CHF")
        yield self._case("other-currency", self._single_mail(item.number, foreign)[0])
        twin = self._open[2]
        for name in ("over", "correction"):
            if name in self._phrases:
                when, _ = self._when()
                text = self._say(
                    name, n1=item.number, s1=self._styled(more if name == "over" else item.open),
                    g=self._styled(item.open), when=when,
                )  # fmt: skip
                yield self._case(name, self._mail(text))
        when, _ = self._when()
        bare = self._say("single", n1="", s1=self._styled(twin.open), when=when)
        yield self._case("total-only", self._mail(bare, quoted=self._pick()[0]))
        if "resent" in self._phrases:
            text = self._say("resent", n1=item.number, s1=self._styled(item.open))
            yield self._case("resent", self._mail(text), "none")

    def _other_kinds(self) -> Iterator[Case]:
        for name, kind in (
            ("promise", "promise"), ("question", "question"), ("dispute", "dispute"),
            ("copy", "copy_request"), ("thanks", "acknowledgement"), ("auto", "auto_reply"),
            ("fraud", "suspicious"),
        ):  # fmt: skip
            if name not in self._phrases:
                continue
            [item] = self._pick()
            text = self._say(name, n1=item.number, s1=self._styled(item.open))
            subject = f"Re: Invoice {item.number}"
            data = self._mail(text, subject, quoted=item if self._random.random() < 0.6 else None)
            yield self._case(name, data, "none", kind=kind)

    # -- files ----------------------------------------------------------------------------------

    def _paper(
        self, lines: list[tuple[Item, Money, Money]], day: dt.date, off: int = 0
    ) -> papers.Paper:
        total = Money(sum(a.minor for _, a, _ in lines) + off, self._payer.currency)
        return papers.Paper(
            payer=self._payer.name,
            seller="Seller Ltd",
            words=papers.words(self._payer.language),
            reference=str(self._random.randrange(100_000, 999_999)),
            day=self._date(day, is_short=True),
            currency=self._payer.currency,
            entries=[self._entry(*line) for line in lines],
            total=self._plain(total),
        )

    def _entry(self, item: Item, amount: Money, taken_off: Money) -> papers.Entry:
        sign = "-" if amount.is_negative else ""
        return papers.Entry(
            number=item.number,
            day=self._date(item.issued_on or TODAY, is_short=True),
            gross=sign + self._plain(amount + taken_off),
            deduction=self._plain(taken_off),
            paid=sign + self._plain(amount),
        )

    def _files(self) -> Iterator[Case]:
        for layout, draw in papers.PDFS.items():
            if self._payer.language not in ("ja", "pl"):
                yield from self._file(
                    f"pdf-{layout}", lambda paper, draw=draw: ("advice.pdf", draw(paper))
                )  # type: ignore[misc]
        for separator, charset in ((";", "utf-8-sig"), (",", "utf-8"), ("\t", "utf-16")):
            name = f"csv-{charset}"
            yield from self._file(
                name,
                lambda p, s=separator, c=charset: ("avis.csv", papers.listed(papers.rows(p), s, c)),  # type: ignore[misc]
            )
        yield from self._file("xlsx", lambda p: ("avis.xlsx", papers.sheet(papers.rows(p))))
        yield from self._file(
            "xlsx-bare", lambda p: ("paid.xlsx", papers.sheet(papers.bare_rows(p)))
        )
        yield from self._html()

    def _lines(self, count: int) -> list[tuple[Item, Money, Money]]:
        lines = [(i, i.open, zero(self._payer)) for i in self._pick(count)]
        whole = sum(amount.minor for _, amount, _ in lines)
        if self._random.random() < 0.3 and whole > -self._credit.open.minor:
            lines.append((self._credit, self._credit.open, zero(self._payer)))
        return lines

    def _file(self, name: str, made) -> Iterator[Case]:  # type: ignore[no-untyped-def]
        day = TODAY - dt.timedelta(days=self._random.randrange(0, 3))
        title = papers.words(self._payer.language)["title"]
        lines = self._lines(self._random.choice([1, 2, 4]))
        data = self._mail(f"{title}.", title, files=(made(self._paper(lines, day)),))
        yield self._case(name, data, "apply", lines=lines, paid_on=day)
        bare = name == "xlsx-bare"
        if self._random.random() < 0.5 and not bare:
            data = self._mail(f"{title}.", title, files=(made(self._paper(lines, day, off=700)),))
            yield self._case(f"{name}-sum-off", data)
        elif not bare:
            when, _ = self._when()
            other = Money(sum(a.minor for _, a, _ in lines) + 1_000, self._payer.currency)
            text = self._say("single", n1=lines[0][0].number, s1=self._styled(other), when=when)
            data = self._mail(text, title, files=(made(self._paper(lines, day)),))
            yield self._case(f"{name}-differs", data)

    def _html(self) -> Iterator[Case]:
        day = TODAY
        lines = self._lines(3)
        paper = self._paper(lines, day)
        cells = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for row in papers.rows(paper)
        )
        html = f"<html><body><p>{paper.words['title']}</p><table>{cells}</table></body></html>"
        data = self._mail("", paper.words["title"], html=html)
        yield self._case("html", data, "apply", lines=lines, paid_on=day)


def _quotation(item: Item, plain: str) -> str:
    """Our own mail under the answer, with figures that are no payment."""
    return (
        "\n\nOn Mon, Oct 12, 2026 at 9:21 AM, Seller <accounts@seller.example> wrote:\n"
        f"> Invoice {item.number} of {item.issued_on} for {plain} is due.\n"
        "> Pay 2 % less within 10 days. Our reference 2026-9911, total 1.234,50 EUR.\n"
    )
