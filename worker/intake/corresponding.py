"""What customers write: a question to staff, with the customer's own words and what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from worker import customers, invoices, review
from worker.intake.judging import Sender
from worker.intake.model import Mail
from worker.kernel.ids import BusinessKey
from worker.readers import Examined

QUOTED_MAX_CHARACTERS = 1500
_PROMISE = "customer_promise"
_LOOKED_AT_CHARACTERS = 20_000
_TOKEN = re.compile(r"[^\s,;:()<>\"“”„]*\d[^\s,;:()<>\"“”„]*")
_TOKENS_LOOKED_UP = 20


def ask_about_letter(
    session: Session, mail: Mail, examined: Examined, sender: Sender, *, kind: str, at: datetime
) -> None:
    """Put a customer's letter before a person; nothing is done about it by itself."""
    business = BusinessKey(mail.business)
    customer = customers.by_id(session, business, sender.customer_id or "")
    found = mentioned(session, business, examined, sender)
    promised = _keep_promise(mail, examined, sender, found, at=at) if kind == _PROMISE else None
    review.ask(
        session,
        business,
        review.Question(
            kind=kind,
            subject=mail.id,
            text=_OPENINGS[kind],
            evidence={
                "they_write": own_words(examined)[:QUOTED_MAX_CHARACTERS],
                "from": _writer(mail, examined),
                "authentic": sender.trust.because,
                "customer": customer.name if customer else "not on file",
                "invoice": ", ".join(invoice.number for invoice in found),
                "promised_for": promised.isoformat() if promised else None,
                "subject": mail.subject,
                "mail": mail.id,
            },
            choices=["done"],
        ),
        at=at,
    )


def _keep_promise(
    mail: Mail,
    examined: Examined,
    sender: Sender,
    found: Sequence[invoices.Invoice],
    *,
    at: datetime,
) -> date | None:
    """The day that is kept with the invoices of a customer on file who names it; else none."""
    if sender.customer_id is None or examined.promised_on is None or not found:
        return None
    for invoice in found:
        by = mail.sender or "the customer"
        invoices.promise(invoice, examined.promised_on, by=by, at=at)
    return examined.promised_on


def mentioned(
    session: Session, business: BusinessKey, examined: Examined, sender: Sender
) -> Sequence[invoices.Invoice]:
    """The customer's invoices that a letter is about: the one it answers, or those it names."""
    about = invoices.by_id(session, business, sender.item or "")
    if about is not None:
        return [about]
    text = f"{examined.envelope.subject}\n{own_words(examined)}"[:_LOOKED_AT_CHARACTERS]
    tokens = dict.fromkeys(token.strip(".#!?") for token in _TOKEN.findall(text))
    found = []
    for token in list(tokens)[:_TOKENS_LOOKED_UP]:
        versions = invoices.called(session, business, token)
        # A number of somebody else's invoice says nothing, and is not to be confirmed.
        owned = [i for i in versions if i.customer_id and i.customer_id == sender.customer_id]
        found += owned[:1]
    return found


def own_words(examined: Examined) -> str:
    """What the writer, or whoever's mail was forwarded, wrote anew."""
    reading = examined.reading
    if reading.forwarded is not None:
        return reading.forwarded.body
    return reading.reply.text if reading.reply else ""


def _writer(mail: Mail, examined: Examined) -> str:
    forwarded = examined.reading.forwarded
    if forwarded is not None and forwarded.sender.address:
        return f"{forwarded.sender.address}, forwarded by {mail.sender}"
    return mail.sender or "nobody that could be made out"


_OPENINGS = {
    "mail_suspicious": (
        "A mail looks like fraud. Nothing was done. Change nothing because of it, call nobody on a "
        "number it gives, and do not answer it."
    ),
    "customer_complaint": "Somebody complains about our mail, or wants none. Decide who gets any.",
    "remittance_advice": (
        "Somebody says that something was paid. Nothing was booked: look at the bank account."
    ),
    "bank_statement": "A bank statement came by mail. Nothing was booked from it.",
    "customer_dispute": "A customer objects. Please write back to them.",
    _PROMISE: (
        "A customer promises to pay. Nothing was booked. A day that they name is kept with the "
        "invoice, and you are told if it passes and the invoice is still owed."
    ),
    "customer_question": "A customer asks something. Please write back to them.",
    "customer_copy_request": "Somebody asks for a copy. It goes by itself only to who is on file.",
    "customer_mail": "A customer wrote something that fits no kind.",
}
