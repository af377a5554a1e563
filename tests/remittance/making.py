"""Remittance mails by the hundred, with the truth of each by construction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from babel.dates import format_date

from tests.remittance.attaching import Attaching
from tests.remittance.hand import Hand, Letter
from tests.remittance.world import TODAY, Case, World, zero
from worker.kernel.money import Money
from worker.remittance import Item


def cases(world: World) -> Iterator[Case]:
    """Mails of every payer, about every matter."""
    for payer in world.payers:
        yield from _Writing(world, payer).cases()
        yield from Attaching(world, payer).cases()


class _Writing(Hand):
    """What a payer says in the mail itself."""

    def cases(self) -> Iterator[Case]:
        """All matters once; those that a language has no phrase for are left out."""
        yield from self._plain_cases()
        yield from self._list_cases()
        yield from self._deduction_cases()
        yield from self._total_cases()
        yield from self._number_cases()
        yield from self._doubt_cases()
        yield from self._other_kinds()

    def _plain_cases(self) -> Iterator[Case]:
        for _ in range(3):
            [item] = self._pick()
            when, day = self._when()
            text = self._say("single", n1=item.number, s1=self._styled(item.open), when=when)
            subject, quoted = self._quoted(item)
            lines = [(item, item.open, zero(self._payer))]
            letter = self._mail(text, subject, quoted=quoted)
            yield self._case("single", letter, "apply", lines=lines, paid_on=day)
        one, other = self._pick(2)
        when, day = self._when()
        values = {
            "n1": one.number, "s1": self._styled(one.open), "n2": other.number,
            "s2": self._styled(other.open), "t": self._styled(one.open + other.open),
        }  # fmt: skip
        letter = self._mail(self._say("two", when=when, **values))
        lines = [(item, item.open, zero(self._payer)) for item in (one, other)]
        yield self._case("two", letter, "apply", lines=lines, paid_on=day)

    def _list_cases(self) -> Iterator[Case]:
        items = self._pick(3)
        whole = sum((i.open.minor for i in items), 0)
        listed = "\n".join(f"{i.number}   {self._plain(i.open)}" for i in items)
        for name, off in (("list", 0), ("list-sum-off", 900)):
            when, day = self._when()
            total = self._styled(Money(whole + off, self._payer.currency))
            subject, quoted = self._quoted(self._pick()[0])
            letter = self._mail(self._say("list", lines=listed, t=total, when=when), "Payment")
            del subject, quoted
            lines = [(i, i.open, zero(self._payer)) for i in items]
            expected = "review" if off else "apply"
            yield self._case(name, letter, expected, lines=lines, paid_on=day)

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
            letter = self._mail(text, subject, quoted=quoted)
            wanted = "review" if name == "discount" and is_late else expected
            yield self._case(name, letter, wanted, lines=lines, paid_on=day)
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
    ) -> tuple[Letter, dt.date]:
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
            letter, day = self._single_mail(written, item.open, answers=item)
            lines = [(item, item.open, zero(self._payer))]
            yield self._case(name, letter, "apply", lines=lines, paid_on=day)
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
        letter, _ = self._single_mail(item.number, item.open)
        moved = replace(letter, sender="someone@nowhere.example")
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
            letter = self._mail(text, subject, quoted=item if self._random.random() < 0.6 else None)
            yield self._case(name, letter, "none", kind=kind)
