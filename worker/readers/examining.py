"""Any file: what it is and what it says. Never raises for what the bytes hold."""

from __future__ import annotations

import hashlib

from worker.readers import bounces, forwards, invoice_files, opening, replies, sniffing, sorting
from worker.readers.model import DocType, Envelope, Examined, Kind, Part, Problem, Reading, Source
from worker.readers.opening import OpenedMail
from worker.readers.sorting import Findings, Sorted
from worker.readers.structured import ReadInvoice

_STRUCTURED = (Source.UBL, Source.CII, Source.FATTURAPA, Source.EDIFACT)


def examine(data: bytes) -> Examined:
    """What the bytes are and say; a file known by its content, never by its name."""
    opened = opening.open_mail(data)
    pieces = opened.parts if opened.is_mail else ((_whole(data), data),)
    found = [(part, invoice_files.read(content, part.media_type)) for part, content in pieces]
    invoices: list[ReadInvoice] = []
    carriers: list[list[int]] = []
    for part, result in found:
        for read in result.invoices:
            _keep(read, part.index, invoices, carriers)
    problems = [problem for read in invoices for problem in read.problems]
    warnings = [*opened.problems, *opened.warnings, *(w for _, r in found for w in r.warnings)]
    errors = [*opened.unreadable, *(result.error for _, result in found if result.error)]
    mail = _mail(opened, invoices)
    kind, reasons = sorting.sort(opened, mail) if opened.is_mail else Sorted(_kind(invoices))
    error = " ".join(errors) if errors and kind is Kind.OTHER else None
    reading = Reading(
        kind=kind,
        reasons=(*reasons, *(reason for _, result in found for reason in result.reasons)),
        warnings=tuple(
            dict.fromkeys([*warnings, *(errors if error is None else ()), *_say(problems)])
        ),
        error=error,
        forwarded=mail.forwarded,
        reply=mail.reply,
        bounce=mail.bounce,
        invoices=tuple(read.invoice for read in invoices),
    )
    return Examined(
        reading=reading,
        envelope=opened.envelope if opened.is_mail else Envelope(),
        parts=tuple(part for part, _ in pieces),
        invoice_parts=tuple(tuple(each) for each in carriers),
        invoice_problems=tuple(read.problems for read in invoices),
    )


def _mail(opened: OpenedMail, invoices: list[ReadInvoice]) -> Findings:
    """What the text of a mail says besides its documents; nothing of a file that is no mail."""
    return Findings(
        doc_types=tuple(read.invoice.doc_type for read in invoices),
        is_structured=any(read.invoice.source in _STRUCTURED for read in invoices),
        forwarded=forwards.forwarded(opened) if opened.is_mail else None,
        reply=replies.reply(opened.body) if opened.body.strip() else None,
        bounce=bounces.bounce(opened),
    )


def parts(data: bytes) -> list[tuple[Part, bytes]]:
    """The leaf parts of a mail with their bytes; a file that is no mail is its only part."""
    opened = opening.open_mail(data)
    return list(opened.parts) if opened.is_mail else [(_whole(data), data)]


def _whole(data: bytes) -> Part:
    return Part(
        index=0,
        media_type=sniffing.media_type(data, "application/octet-stream"),
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        is_attachment=True,
    )


def _keep(
    read: ReadInvoice, index: int, invoices: list[ReadInvoice], carriers: list[list[int]]
) -> None:
    """PDF and XML of one invoice in one mail are one invoice."""
    for position, kept in enumerate(invoices):
        if _is_same(kept, read):
            carriers[position].append(index)
            return
    invoices.append(read)
    carriers.append([index])


def _is_same(one: ReadInvoice, other: ReadInvoice) -> bool:
    a, b = one.invoice, other.invoice
    return (
        a.number is not None
        and (a.number, a.currency, a.total) == (b.number, b.currency, b.total)
        and a.seller.name == b.seller.name
    )


def _kind(invoices: list[ReadInvoice]) -> Kind:
    kinds = {read.invoice.doc_type for read in invoices}
    if DocType.CREDIT_NOTE in kinds:
        return Kind.CREDIT_NOTE
    return Kind.INVOICE if kinds else Kind.OTHER


def _say(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]
