"""Payment advices in files: as a payer's software prints, exports and writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial

from tests.remittance import papers
from tests.remittance.hand import Hand, Line
from tests.remittance.world import TODAY, Case, zero
from worker.kernel.money import Money
from worker.remittance import Item

Make = Callable[[papers.Paper], tuple[str, bytes]]


class Attaching(Hand):
    """What a payer attaches, in every form."""

    def cases(self) -> Iterator[Case]:
        """Each form once, and once with something that does not agree."""
        for name, make in self._forms():
            yield from self._file(name, make)
        yield from self._html()

    def _forms(self) -> Iterator[tuple[str, Make]]:
        for layout, draw in papers.PDFS.items():
            if self._payer.language not in ("ja", "pl"):
                yield f"pdf-{layout}", partial(_drawn, draw)
        for separator, charset in ((";", "utf-8-sig"), (",", "utf-8"), ("\t", "utf-16")):
            yield f"csv-{charset}", partial(_listed, separator, charset)
        yield "xlsx", lambda paper: ("avis.xlsx", papers.sheet(papers.rows(paper)))
        yield "xlsx-bare", lambda paper: ("paid.xlsx", papers.sheet(papers.bare_rows(paper)))

    def _paper(self, lines: list[Line], day: dt.date, off: int = 0) -> papers.Paper:
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

    def _lines(self, count: int) -> list[Line]:
        lines = [(i, i.open, zero(self._payer)) for i in self._pick(count)]
        whole = sum(amount.minor for _, amount, _ in lines)
        if self._random.random() < 0.3 and whole > -self._credit.open.minor:
            lines.append((self._credit, self._credit.open, zero(self._payer)))
        return lines

    def _file(self, name: str, make: Make) -> Iterator[Case]:
        day = TODAY - dt.timedelta(days=self._random.randrange(0, 3))
        title = papers.words(self._payer.language)["title"]
        lines = self._lines(self._random.choice([1, 2, 4]))
        letter = self._mail(f"{title}.", title, files=(partial(make, self._paper(lines, day)),))
        yield self._case(name, letter, "apply", lines=lines, paid_on=day)
        bare = name == "xlsx-bare"
        if self._random.random() < 0.5 and not bare:
            paper = self._paper(lines, day, off=700)
            letter = self._mail(f"{title}.", title, files=(partial(make, paper),))
            yield self._case(f"{name}-sum-off", letter)
        elif not bare:
            when, _ = self._when()
            other = Money(sum(a.minor for _, a, _ in lines) + 1_000, self._payer.currency)
            text = self._say("single", n1=lines[0][0].number, s1=self._styled(other), when=when)
            letter = self._mail(text, title, files=(partial(make, self._paper(lines, day)),))
            yield self._case(f"{name}-differs", letter)

    def _html(self) -> Iterator[Case]:
        day = TODAY
        lines = self._lines(3)
        paper = self._paper(lines, day)
        cells = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for row in papers.rows(paper)
        )
        html = f"<html><body><p>{paper.words['title']}</p><table>{cells}</table></body></html>"
        letter = self._mail("", paper.words["title"], html=html)
        yield self._case("html", letter, "apply", lines=lines, paid_on=day)


def _drawn(draw: Callable[[papers.Paper], bytes], paper: papers.Paper) -> tuple[str, bytes]:
    return "advice.pdf", draw(paper)


def _listed(separator: str, charset: str, paper: papers.Paper) -> tuple[str, bytes]:
    return "avis.csv", papers.listed(papers.rows(paper), separator, charset)
