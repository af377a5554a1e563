"""Any file: what it is and what it says. Never raises for what the bytes hold."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from worker.readers import (
    bank_files,
    bounces,
    charsets,
    forwards,
    invoice_files,
    opening,
    passed_on,
    remittance_mails,
    remittance_pages,
    replies,
    sniffing,
    sorting,
)
from worker.readers.bank_files import Money
from worker.readers.forwards import subject_kind
from worker.readers.hints import NO_HINTS, Hints
from worker.readers.invoice_files import Found
from worker.readers.model import (
    DocType,
    Envelope,
    Examined,
    Invoice,
    Kind,
    Part,
    Problem,
    Reading,
    Remittance,
    Source,
    Statement,
)
from worker.readers.opening import OpenedMail
from worker.readers.page_layout import Layout
from worker.readers.remittance_advice import Advice
from worker.readers.sorting import Findings, Sorted
from worker.readers.structured import ReadInvoice

# Documents that carry their data; the others were read from a page.
_STRUCTURED = frozenset({Source.UBL, Source.CII, Source.FATTURAPA, Source.EDIFACT})


def examine(data: bytes, hints: Hints = NO_HINTS) -> Examined:
    """What the bytes are and say; a file known by its content, never by its name.

    `hints` is what the business that got them says of its own papers.
    """
    return _examined(opening.open_mail(data), data, hints)


def take_apart(data: bytes, hints: Hints = NO_HINTS) -> tuple[Examined, dict[int, bytes]]:
    """The same, and the bytes of the parts that carry its invoices, by their index."""
    opened = opening.open_mail(data)
    examined = _examined(opened, data, hints)
    wanted = {index for group in examined.invoice_parts for index in group}
    parts = opened.parts if opened.is_mail else [(_whole(data), data)]
    return examined, {part.index: content for part, content in parts if part.index in wanted}


def _examined(opened: OpenedMail, data: bytes, hints: Hints) -> Examined:
    return _mail(opened, hints) if opened.is_mail else _file(data, hints)


def _file(data: bytes, hints: Hints) -> Examined:
    part = _whole(data)
    money = bank_files.read(data)
    if money is not None:
        return _money(part, money)
    found = invoice_files.read(data, part.media_type, hints)
    gathered = _Gathered()
    gathered.add(part, found)
    advice = _advice_file(part, data, found)
    if advice is not None:
        return _advised(part, advice, gathered)
    kinds = {read.invoice.doc_type for read in gathered.invoices}
    kind = Kind.CREDIT_NOTE if DocType.CREDIT_NOTE in kinds else Kind.INVOICE
    return Examined(
        reading=Reading(
            kind=kind if kinds else Kind.OTHER,
            reasons=found.reasons,
            warnings=gathered.warnings(),
            error=found.error,
            invoices=tuple(read.invoice for read in gathered.invoices),
        ),
        envelope=Envelope(),
        parts=(part,),
        invoice_parts=gathered.carriers(),
        invoice_problems=gathered.problems(),
    )


def _advice_file(part: Part, data: bytes, found: Found) -> Advice | None:
    """What a page or a sheet says was paid, where it names itself an advice and carries no data."""
    if any(_is_data(read) for read in found.invoices):
        return None
    page = (found.page, found.is_scan) if found.page is not None else None
    return remittance_mails.of_file(part, data, page)


def _advised(part: Part, advice: Advice, gathered: _Gathered) -> Examined:
    """A payer's own paper; it lists numbers and totals as an invoice does, and is none."""
    gathered.forget_invoices()
    return Examined(
        reading=Reading(
            kind=Kind.REMITTANCE,
            reasons=("The file names itself an advice of payment.",),
            warnings=gathered.warnings(),
            remittances=advice.remittances,
        ),
        envelope=Envelope(),
        parts=(part,),
        claim=advice.claim,
    )


def _money(part: Part, money: Money) -> Examined:
    """A file that a bank or a payer's program wrote."""
    kind = Kind.BANK_STATEMENT if money.statements else Kind.OTHER
    return Examined(
        reading=Reading(
            kind=Kind.REMITTANCE if money.is_remittance else kind,
            reasons=money.reasons,
            warnings=money.warnings,
            error=money.error,
            remittances=money.remittances,
            statements=money.statements,
        ),
        envelope=Envelope(),
        parts=(part,),
    )


def _mail(opened: OpenedMail, hints: Hints) -> Examined:
    bounce = bounces.bounce(opened)
    gathered = _Gathered()
    # What a mail server sends back was our own; it is not another invoice.
    for part, data in opened.parts if bounce is None else ():
        if not part.is_attachment:
            continue
        money = bank_files.read(data)
        if money is not None and not _is_payers_list(money, part, data):
            gathered.add_money(money)
        else:
            gathered.add(part, invoice_files.read(data, part.media_type, hints))
    if bounce is None and not (gathered.invoices or gathered.has_money):
        _add_body(gathered, opened, hints)
    findings = Findings(
        doc_types=tuple(read.invoice.doc_type for read in gathered.invoices),
        is_structured=any(_is_data(read) for read in gathered.invoices),
        remittances=sum(money.is_remittance for money in gathered.money) + gathered.advice_pages,
        statements=len(gathered.statements),
        forwarded=forwards.forwarded(opened),
        reply=replies.reply(opened.body) if opened.body.strip() else None,
        bounce=bounce,
    )
    decided = sorting.sort(opened, findings)
    if decided.kind is Kind.OTHER and remittance_mails.brings_list(opened):
        decided = Sorted(Kind.REMITTANCE, ("A table of invoices paid on one day is attached.",))
    if findings.forwarded is not None:
        decided = passed_on.sort(decided, findings.forwarded, opened.envelope)
    advice = _advice(decided.kind, opened, findings, gathered)
    errors = [*opened.unreadable, *gathered.errors]
    is_lost = bool(errors) and decided.kind is Kind.OTHER
    doubts = [*opened.problems, *opened.warnings, *(() if is_lost else errors)]
    return Examined(
        reading=Reading(
            kind=decided.kind,
            reasons=(*decided.reasons, *gathered.reasons),
            warnings=tuple(dict.fromkeys([*doubts, *gathered.warnings()])),
            error=" ".join(errors) if is_lost else None,
            forwarded=findings.forwarded,
            reply=findings.reply,
            invoices=tuple(read.invoice for read in gathered.invoices),
            remittances=advice.remittances if advice else gathered.remittances,
            statements=gathered.statements,
            bounce=bounce,
        ),
        envelope=opened.envelope,
        parts=tuple(part for part, _ in opened.parts),
        invoice_parts=gathered.carriers(),
        invoice_problems=gathered.problems(),
        claim=advice.claim if advice else None,
        promised_on=_promised_on(decided.kind, opened, findings),
    )


def _promised_on(kind: Kind, opened: OpenedMail, findings: Findings) -> dt.date | None:
    text = findings.reply.text if findings.reply else ""
    promise = sorting.promise_in(text) if kind is Kind.PROMISE else None
    return remittance_mails.promised_on(opened, promise) if promise else None


def _is_payers_list(money: Money, part: Part, data: bytes) -> bool:
    """Whether what looks like a bank's list of entries is a payer's list of invoices."""
    formats = {statement.format for statement in money.statements}
    return formats <= {"csv", "xlsx"} and remittance_mails.lists_payments(part, data)


def _advice(
    kind: Kind, opened: OpenedMail, findings: Findings, gathered: _Gathered
) -> Advice | None:
    """The payments that the mail's words and pages state; a program's own data need no reading."""
    if kind is not Kind.REMITTANCE or gathered.remittances:
        return None
    if not findings.is_structured:
        # An advice lists numbers and totals just as an invoice does; it was taken for one.
        gathered.forget_invoices()
    advice = remittance_mails.of_mail(opened, findings.reply, gathered.pages)
    if not advice.remittances and findings.forwarded is not None:
        inside = passed_on.advice(findings.forwarded, opened.envelope, findings.reply)
        advice = inside or advice
    doubts = [f"not all of the mail could be read: {e}" for e in gathered.errors]
    text = findings.reply.text if findings.reply else ""
    against = sorting.speaks_against(text, names_itself=gathered.advice_pages > 0)
    if advice.has_files and against:
        doubts.append(f"the mail says “{against[:120]}”")
    return advice.doubted(doubts)


def _add_body(gathered: _Gathered, opened: OpenedMail, hints: Hints) -> None:
    """Take the invoice that the mail's own text is; an answer only quotes one."""
    if opened.envelope.in_reply_to or subject_kind(opened.envelope.subject) == "reply":
        return
    prose = [(part, data) for part, data in opened.parts if not part.is_attachment]
    prose.sort(key=lambda each: each[0].media_type != "text/html")
    for part, data in prose:
        is_html = part.media_type == "text/html"
        if not is_html and part.media_type != "text/plain":
            continue
        text = charsets.decode(data[: invoice_files.MAX_TEXT_BYTES], None)[0]
        text = text if is_html else opened.body
        found = invoice_files.text_invoice(text, is_html=is_html, hints=hints)
        if found is not None:
            gathered.add(part, Found((found,), ("The mail's text is the invoice itself.",)))
            return


def _whole(data: bytes) -> Part:
    return Part(
        index=0,
        media_type=sniffing.media_type(data, "application/octet-stream"),
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        is_attachment=True,
    )


@dataclass(slots=True)
class _Gathered:
    """What several files hold: PDF and XML of one invoice are one invoice."""

    invoices: list[ReadInvoice] = field(default_factory=list)
    indexes: list[list[int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    money: list[Money] = field(default_factory=list)
    pages: dict[int, tuple[Layout, bool]] = field(default_factory=dict)

    def add_money(self, found: Money) -> None:
        """Take what a bank or a payer's program wrote."""
        self.money.append(found)
        self.said += found.warnings
        self.reasons += found.reasons
        self.errors += [found.error] if found.error else []

    @property
    def has_money(self) -> bool:
        return any(money.statements or money.is_remittance for money in self.money)

    @property
    def remittances(self) -> tuple[Remittance, ...]:
        return tuple(each for money in self.money for each in money.remittances)

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(each for money in self.money for each in money.statements)

    def add(self, part: Part, found: Found) -> None:
        """Take what one file holds."""
        self.said += found.warnings
        self.reasons += found.reasons
        self.errors += [found.error] if found.error else []
        if found.page is not None:
            self.pages[part.index] = (found.page, found.is_scan)
        for read in found.invoices:
            self._keep(read, part.index)

    @property
    def advice_pages(self) -> int:
        """How many pages name themselves an advice of payment, none where data says otherwise."""
        if any(_is_data(read) for read in self.invoices):
            return 0
        return sum(remittance_pages.is_advice(page) for page, _ in self.pages.values())

    def forget_invoices(self) -> None:
        """Take back what pages seemed to be."""
        self.invoices, self.indexes, self.reasons = [], [], []

    def _keep(self, read: ReadInvoice, index: int) -> None:
        for place, kept in enumerate(self.invoices):
            if _is_same(kept.invoice, read.invoice):
                self._join(place, kept, read, index)
                return
        self.invoices.append(read)
        self.indexes.append([index])

    def _join(self, place: int, kept: ReadInvoice, read: ReadInvoice, index: int) -> None:
        # The data come first, then the page: what is read from data is surer.
        if _is_data(read) and not _is_data(kept):
            self.indexes[place].insert(0, index)
            kept, read = read, kept
        else:
            self.indexes[place].append(index)
        problems = list(kept.problems)
        if read.invoice.total != kept.invoice.total:
            text = f"another file says {read.invoice.total}, this one {kept.invoice.total}"
            problems.append(Problem(rule="FILES-DIFFER", text=text))
        self.invoices[place] = ReadInvoice(kept.invoice, tuple(problems))

    def carriers(self) -> tuple[tuple[int, ...], ...]:
        """For each invoice the parts that carry it."""
        return tuple(tuple(each) for each in self.indexes)

    def problems(self) -> tuple[tuple[Problem, ...], ...]:
        """For each invoice the rules it breaks."""
        return tuple(read.problems for read in self.invoices)

    def warnings(self) -> tuple[str, ...]:
        """What a person should know, each thing once."""
        broken = [str(problem) for read in self.invoices for problem in read.problems]
        return tuple(dict.fromkeys([*self.said, *broken]))


def _is_data(read: ReadInvoice) -> bool:
    return read.invoice.source in _STRUCTURED


def _is_same(one: Invoice, other: Invoice) -> bool:
    """Whether two files are of one invoice: by number, or by sum where a page shows no number."""
    if one.number is not None and other.number is not None:
        return _squeezed(one.number) == _squeezed(other.number)
    is_page = one.source not in _STRUCTURED or other.source not in _STRUCTURED
    same_sum = one.total is not None and (one.currency, one.total) == (other.currency, other.total)
    return is_page and same_sum and one.issue_date == other.issue_date


def _squeezed(number: str) -> str:
    return "".join(number.split()).casefold()
