"""Invoices of our own making, with their truth: seventeen lands' words in nine layouts, as PDFs."""

from __future__ import annotations

import datetime as dt
import logging
import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from weasyprint import HTML

WORDS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text("utf-8")
)
_CENT = Decimal("0.01")
_GOODS = ("Alpha service package", "Beta unit 40 mm, steel", "Gamma support (hourly)", "Delta set")
_DATES = {"en_US": "M/d/yyyy", "en_GB": "dd/MM/yyyy", "sv_SE": "yyyy-MM-dd", "nl_NL": "dd-MM-yyyy"}
_DOTTED = ("de_DE", "fi_FI", "nb_NO", "cs_CZ", "tr_TR", "pl_PL", "ro_RO", "hu_HU")
_CSS = """@page{size:A4;margin:18mm 16mm}body{font:9.5pt DejaVu Sans}h1{font-size:19pt}
table{border-collapse:collapse}td,th{padding:1mm 1.5mm;text-align:left}.r{text-align:right}
.wide{width:100%}.half{margin-left:55%;width:45%}.grid td,.grid th{border:.3mm solid #333}
.foot{position:fixed;bottom:0;font-size:7.5pt;width:100%}.small{font-size:7pt;color:#666}"""


@dataclass(frozen=True)
class Paper:
    """One invoice: whose words, which layout, and what is special about it."""

    land: str
    layout: str
    special: str = ""
    seed: int = 0
    words: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", WORDS[self.land])

    def __str__(self) -> str:
        return f"{self.land}-{self.layout}{'-' if self.special else ''}{self.special}"

    @cached_property
    def chance(self) -> random.Random:
        return random.Random(f"{self}{self.seed}")

    @cached_property
    def number(self) -> str:
        n = self.chance.randint(1000, 9999)
        return self.chance.choice((f"2026-{n}", f"{n}17", f"FA/{n}/2026", f"INV{n}", f"R{n}.22"))

    @cached_property
    def days(self) -> int:
        return self.chance.choice((10, 14, 30, 45))

    @cached_property
    def issued(self) -> dt.date:
        return dt.date(2026, self.chance.randint(1, 10), self.chance.randint(1, 28))

    @property
    def due(self) -> dt.date:
        return self.issued + dt.timedelta(days=self.days)

    @cached_property
    def lines(self) -> list[tuple[str, int, Decimal]]:
        count = 34 if self.special == "pages" else self.chance.randint(2, 4)
        picks = ((self.chance.choice(_GOODS), self.chance.randint(1, 12)) for _ in range(count))
        return [(name, n, Decimal(self.chance.randint(500, 90000)) / 100) for name, n in picks]

    @property
    def net(self) -> Decimal:
        return sum((n * price for _, n, price in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        rate = 0 if self.special == "reverse" else Decimal(self.words["rate"])
        return (self.net * rate / 100).quantize(_CENT, ROUND_HALF_UP)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax

    @property
    def prepaid(self) -> Decimal:
        return (self.gross * 3 / 10).quantize(_CENT) if self.special == "prepaid" else Decimal(0)

    @property
    def payable(self) -> Decimal:
        return self.gross - self.prepaid

    def money(self, value: Decimal) -> str:
        text = format_decimal(value, "#,##0.00", locale=self.words["locale"])
        symbol, mode = self.words["symbol"], len(str(self)) % 3
        return (f"{symbol} {text}", f"{text} {symbol}", f"{text} {self.words['currency']}")[mode]

    def day(self, value: dt.date) -> str:
        locale = self.words["locale"]
        if len(str(self)) % 4 == 0:
            return format_date(value, "long", locale)
        pattern = _DATES.get(locale, "dd.MM.yyyy" if locale in _DOTTED else "dd/MM/yyyy")
        return format_date(value, pattern, locale)

    def meta(self) -> list[tuple[str, str]]:
        words = self.words
        due = [] if self.special == "terms" else [(words["due"], self.day(self.due))]
        head = [(words["number"], self.number), (words["customer"], "40817")]
        return [*head, (words["issued"], self.day(self.issued)), *due]

    def sums(self) -> list[tuple[str, str]]:
        words = self.words
        rate = format_decimal(Decimal(words["rate"]), locale=words["locale"])
        rate = "0" if self.special == "reverse" else rate
        rows = [(words["net"], self.net), (words["tax"].format(r=rate), self.tax)]
        rows.append((words["gross"], self.gross))
        if self.prepaid:
            rows += [(words["prepaid"], -self.prepaid), (words["payable"], self.payable)]
        return [(label, self.money(value)) for label, value in rows]

    def pdf(self) -> bytes:
        """The paper as its seller would send it."""
        logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
        logging.getLogger("fontTools").setLevel(logging.CRITICAL)
        body = LAYOUTS[self.layout](self)
        page = f"<html><head><style>{_CSS}</style></head><body>{body}</body></html>"
        return bytes(HTML(string=page).write_pdf())


def _title(paper: Paper) -> str:
    words = paper.words
    return str(words["credit_note" if paper.special == "credit" else "invoice"])


def _rows(pairs: list[tuple[str, str]], style: str = "", mark: str = "") -> str:
    cells = "".join(f"<tr><td>{a}{mark}</td><td class=r>{b}</td></tr>" for a, b in pairs)
    return f"<table class='{style}'>{cells}</table>"


def _across(pairs: list[tuple[str, str]], *, below: bool = False) -> str:
    """The labels side by side with their values under them, or over them."""
    labels = "".join(f"<th>{a}</th>" for a, _ in pairs)
    values = "".join(f"<td>{b}</td>" for _, b in pairs)
    first, second = (values, labels) if below else (labels, values)
    return f"<table class='wide grid'><tr>{first}</tr><tr>{second}</tr></table>"


def _items(paper: Paper) -> str:
    words, total, out = paper.words, Decimal(0), ""
    heads = (words["item"], words["quantity"], words["price"], words["amount"])
    head = "".join(f"<th class={'r' if i else 'l'}>{text}</th>" for i, text in enumerate(heads))
    for index, (name, count, price) in enumerate(paper.lines):
        total += count * price
        figures = (str(count), paper.money(price), paper.money(count * price))
        out += f"<tr><td>{name}</td>{''.join(f'<td class=r>{each}</td>' for each in figures)}</tr>"
        if paper.special == "pages" and index == 19:
            carried = f"<tr><td>{words['carried']}</td><td><td><td class=r>{paper.money(total)}"
            table = "</table><div style='break-after:page'></div><table class=wide>"
            out += f"{carried}</tr>{table}<tr>{head}</tr>{carried}</tr>"
    return f"<table class=wide><tr>{head}</tr>{out}</table>"


def _end(paper: Paper) -> str:
    words = paper.words
    terms = f"<p>{words['terms'].format(d=paper.days)}</p>" if paper.special == "terms" else ""
    reverse = f"<p>{words['reverse_charge']}</p>" if paper.special == "reverse" else ""
    line = " · ".join(paper.words["seller"])
    bank = f"{words['bank']}: IBAN {words['iban']}" if words["iban"] else ""
    numbers = f"{words['vat_label']} {words['vat_id']}"
    return f"{reverse}{terms}<div class=foot>{line} · {numbers}<br>{bank}</div>"


def _block(lines: list[str], head: str = "") -> str:
    return f"<p>{'<br>'.join([*([head] if head else []), *lines])}</p>"


def _sides(left: str, right: str, style: str = "") -> str:
    cell = "<td style='vertical-align:top' class='{}'>{}</td>"
    return f"<table class=wide><tr>{cell.format('', left)}{cell.format(style, right)}</tr></table>"


def _window(paper: Paper) -> str:
    seller, buyer = paper.words["seller"], paper.words["buyer_lines"]
    small = f"<p class=small>{' · '.join(seller)}</p>"
    meta = _rows(paper.meta(), "half", ":")
    head = f"<div class=r>{_block(seller)}</div>{small}{_block(buyer)}{meta}"
    return (
        f"{head}<h1>{_title(paper)}</h1>{_items(paper)}{_rows(paper.sums(), 'half')}{_end(paper)}"
    )


def _top_heads(paper: Paper) -> str:
    words = paper.words
    sides = _sides(_block(words["seller"]), _block(words["buyer_lines"], words["buyer_head"]))
    body = f"{_across(paper.meta())}{_items(paper)}{_rows(paper.sums(), 'half')}"
    return f"<h1>{_title(paper)}</h1>{sides}{body}{_end(paper)}"


def _under(paper: Paper) -> str:
    words = paper.words
    head = f"<div class=r>{_block(words['seller'])}</div>"
    buyer = _block(words["buyer_lines"], f"{words['buyer_head']}:")
    meta = _across(paper.meta(), below=True)
    sums = _rows(paper.sums(), "half")
    return f"{head}{buyer}<h1>{_title(paper)}</h1>{meta}{_items(paper)}{sums}{_end(paper)}"


def _total_first(paper: Paper) -> str:
    words = paper.words
    large = f"<p style='font-size:15pt'>{paper.money(paper.payable)}</p>"
    seller, buyer = words["seller"], words["buyer_lines"]
    sides = _sides(_block(seller), _block(buyer, f"<b>{words['buyer_head']}</b>"))
    meta = _rows(paper.meta())
    body = f"{_items(paper)}{_rows(paper.sums(), 'half')}{_end(paper)}"
    return f"<h1>{_title(paper)}</h1>{meta}{sides}{large}{body}"


def _from_to(paper: Paper) -> str:
    words = paper.words
    seller = _block(words["seller"], f"<b>{words['seller_head']}</b>")
    buyer = _block(words["buyer_lines"], f"<b>{words['buyer_head']}</b>")
    meta = f"<b>{_title(paper)}</b>{_rows(paper.meta())}"
    body = f"{_items(paper)}{_rows(paper.sums(), 'half')}{_end(paper)}"
    return f"{_sides(_sides(seller, buyer), meta)}{body}"


def _foot_only(paper: Paper) -> str:
    buyer = f"<div style='margin-left:60%'>{_block(paper.words['buyer_lines'])}</div>"
    facts = " &nbsp; ".join(f"{label}: {value}" for label, value in paper.meta()[2:])
    sums = _rows(paper.sums(), "half", ":")
    head = f"{buyer}<h1>{_title(paper)} {paper.number}</h1><p>{facts}</p>"
    return f"{head}{_items(paper)}{sums}{_end(paper)}"


def _sums_across(paper: Paper) -> str:
    words = paper.words
    buyer = _block(words["buyer_lines"], f"{words['buyer_head']}:")
    sides = _sides(_block(words["seller"]), buyer)
    meta = "<br>".join(f"{label} {value}" for label, value in paper.meta())
    head = f"{sides}<h1>{_title(paper)}</h1><p>{meta}</p>"
    return f"{head}{_items(paper)}{_across(paper.sums())}{_end(paper)}"


def _boxed(paper: Paper) -> str:
    words = paper.words
    meta = [*paper.meta(), (words["payable"], paper.money(paper.payable))]
    sides = _sides(_block(words["seller"]), _rows(meta, "grid"))
    sums = _rows(paper.sums(), "half grid")
    body = f"<h1>{_title(paper)}</h1>{_items(paper)}{sums}{_end(paper)}"
    return f"{sides}{_block(words['buyer_lines'])}{body}"


def _flush_right(paper: Paper) -> str:
    meta = "<br>".join(f"{label} : <b>{value}</b>" for label, value in paper.meta())
    sums = "<br>".join(f"{label} <b>{value}</b>" for label, value in paper.sums())
    sides = _sides(_block(paper.words["seller"]), meta, "r")
    buyer = f"<div style='margin-left:50%'>{_block(paper.words['buyer_lines'])}</div>"
    head = f"{sides}<h1>{_title(paper)}</h1>{buyer}"
    return f"{head}{_items(paper)}<div class=r>{sums}</div>{_end(paper)}"


LAYOUTS: dict[str, Callable[[Paper], str]] = {
    "window": _window,
    "top heads": _top_heads,
    "under": _under,
    "total first": _total_first,
    "from to": _from_to,
    "foot only": _foot_only,
    "sums across": _sums_across,
    "boxed": _boxed,
    "flush right": _flush_right,
}
SPECIALS = ("", "terms", "prepaid", "reverse", "credit", "pages", "")


def papers(count: int, *, seed: int = 0) -> Iterator[Paper]:
    """So many papers: every layout, land and special in turn."""
    lands, layouts = list(WORDS), list(LAYOUTS)
    for index in range(count):
        special = SPECIALS[(index + seed) % len(SPECIALS)]
        layout = layouts[(index + index // len(layouts)) % len(layouts)]
        yield Paper(lands[(index * 5 + seed) % len(lands)], layout, special, seed=seed)
