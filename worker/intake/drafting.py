"""From the invoices that a sorted mail holds to invoices in the books."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import invoices, readers, review
from worker.intake.model import Disposition, Mail
from worker.intake.receiving import close
from worker.invoices import Draft, Invoice, Limits
from worker.kernel.errors import ReviewNeeded
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address, NotAnAddress
from worker.readers import Examined, Part


def issue_invoices(session: Session, mail: Mail, limits: Limits, *, at: datetime) -> list[Invoice]:
    """Every invoice of the mail, issued or held. One that lacks something is asked for, each."""
    business = BusinessKey(mail.business)
    taken, problems = [], []
    for index, draft in enumerate(drafts(mail)):
        try:
            taken.append(invoices.issue(session, business, draft, limits, at=at))
        except ReviewNeeded as e:
            problems.append(str(e))
            ask_for_rest(session, mail, index, draft, str(e), at=at)
    if problems:
        close(session, mail, Disposition.ERROR_PARKED, " ".join(problems), at=at)
    return taken


def ask_for_rest(
    session: Session, mail: Mail, index: int, draft: Draft, problem: str, *, at: datetime
) -> None:
    """Ask for what one document of a mail lacks; the question is about that document alone."""
    file = draft.pdf_sha256 or draft.xml_sha256
    review.ask(
        session,
        BusinessKey(mail.business),
        review.Question(
            kind="document_incomplete",
            subject=f"{mail.id}:{index}",
            text=f"{problem} Please add what is missing; the document is attached.",
            evidence=invoices.evidence(draft.document)
            | {"mail": mail.id, "document": index, "file": file},
            choices=["total AMOUNT", "number NUMBER", "customer NAME", "send to ADDRESS", "no"],
        ),
        at=at,
    )


def drafts(mail: Mail) -> list[Draft]:
    """The documents of a mail with the files that carry them and the forwarder's instructions."""
    examined = Examined.model_validate(mail.reading)
    told = readers.instructions(_own_words(examined))
    instructed, unclear = _address(told)
    if instructed is not None and _buyers(examined) > 1:
        # One buyer's invoice must not go to another's address.
        instructed, unclear = None, "It names one address and holds invoices of several buyers."
    return [
        Draft(
            mail_id=mail.id,
            document=document,
            problems=_problems(examined, index),
            xml_sha256=_file(examined, index, "xml"),
            pdf_sha256=_file(examined, index, "pdf"),
            instructed=instructed,
            instruction_problem=unclear,
            pay_link=not told.no_pay_link,
        )
        for index, document in enumerate(examined.reading.invoices)
    ]


def _own_words(examined: Examined) -> str:
    reading = examined.reading
    if reading.forwarded is not None:
        return reading.forwarded.note
    return reading.reply.text if reading.reply else ""


def _address(told: readers.Instructions) -> tuple[Address | None, str | None]:
    """The one address that the forwarder names, or what is unclear about it."""
    if told.problem is not None:
        return None, told.problem
    if len(told.send_to) > 1:
        return None, "It names several addresses."
    try:
        return (Address.parse(told.send_to[0]) if told.send_to else None), None
    except NotAnAddress as e:
        return None, str(e)


def _buyers(examined: Examined) -> int:
    return len({(d.buyer.number, d.buyer.name) for d in examined.reading.invoices})


def _problems(examined: Examined, index: int) -> tuple[str, ...]:
    if index >= len(examined.invoice_problems):
        return ()
    return tuple(str(p) for p in examined.invoice_problems[index] if p.holds)


def _file(examined: Examined, index: int, ending: str) -> str | None:
    if index >= len(examined.invoice_parts):
        return None
    by_index = {part.index: part for part in examined.parts}
    group = [by_index[i] for i in examined.invoice_parts[index] if i in by_index]
    return next((part.sha256 for part in group if _is(part, ending)), None)


def _is(part: Part, ending: str) -> bool:
    return part.media_type.rpartition("/")[2].rpartition("+")[2] == ending
