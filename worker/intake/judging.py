"""What becomes of a mail: decided from what the reader saw and from whom it comes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from worker.intake.model import Disposition
from worker.intake.trust import Trust
from worker.kernel.events import (
    BankStatementRead,
    BounceRead,
    CopyAsked,
    Event,
    InvoiceRead,
    RemittanceRead,
    ReplyRead,
)
from worker.readers import Examined, Kind
from worker.readers.answers import Said, Word, said

_DOCUMENTS = {Kind.INVOICE, Kind.CREDIT_NOTE}
# Programs send these in their owners' name; whatever else a program says is filed.
_BY_PROGRAMS = _DOCUMENTS | {Kind.REMITTANCE, Kind.BANK_STATEMENT, Kind.COMPLAINT}
# Orders that stand alone, in a mail that answers nothing.
_ORDERS = {
    Word.RESEND, Word.STATUS, Word.LINK, Word.HOLD, Word.RELEASE, Word.SEND_TO, Word.MONEY,
    Word.CREDIT_REQUEST,
}  # fmt: skip
# What customers write, and the question that it becomes.
LETTERS = {
    Kind.SUSPICIOUS: "mail_suspicious",
    Kind.COMPLAINT: "customer_complaint",
    Kind.BANK_STATEMENT: "bank_statement",
    Kind.DISPUTE: "customer_dispute",
    Kind.PROMISE: "customer_promise",
    Kind.QUESTION: "customer_question",
    Kind.COPY_REQUEST: "customer_copy_request",
    Kind.OTHER: "customer_mail",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail comes from, as far as it is proven, and what of ours it answers.

    `staff` is the name of the member of staff whose address it bears. `answers` says whom the
    notice was for that it answers, by the keyed address it went to; `item` is what that was about.
    `to_account`: it was written (level A3) to the secret address of a bank account.
    """

    trust: Trust
    staff: str | None = None
    answers: Literal["staff", "customer"] | None = None
    item: str | None = None
    customer_id: str | None = None
    to_account: bool = False

    @property
    def is_staff(self) -> bool:
        """Whether it is proven that a member of staff wrote it."""
        return self.staff is not None and self.trust.may_send_invoices


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a mail ends, why, what follows, and whether a person or its sender is told."""

    disposition: Disposition
    because: str
    asks: str | None = None
    answers: bool = False
    tells: type[Event] | None = None


def judge(examined: Examined, sender: Sender) -> Verdict:
    """What becomes of a mail; the first rule that applies."""
    for rule in (_by_a_program, _by_doubt, _by_bank, _by_staff, _by_document, _by_claim):
        verdict = rule(examined, sender)
        if verdict is not None:
            return verdict
    return _by_kind(examined, sender)


def order(examined: Examined, name: str) -> tuple[Said, ...]:
    """The order in a mail of staff: in its own words, else in a subject over an empty mail.

    Above a mail that is forwarded only a credit request counts: the rest may be about that mail.
    """
    reading = examined.reading
    if reading.forwarded is not None:
        above = said(reading.forwarded.note, names=(name,))
        return tuple(one for one in above if one.word is Word.CREDIT_REQUEST)
    words = reading.reply.text if reading.reply else ""
    return said(words, names=(name,)) or (() if words else said(examined.envelope.subject))


def _by_a_program(examined: Examined, sender: Sender) -> Verdict | None:
    kind = examined.reading.kind
    # A colleague who answers our report of a bounce quotes its words: that is no bounce.
    is_answer = sender.is_staff and sender.answers == "staff" and not examined.envelope.is_automatic
    if kind is Kind.BOUNCE and is_answer:
        return None
    if kind is Kind.BOUNCE:
        because = "A mail server reports on a mail of ours."
        return Verdict(Disposition.BOUNCE, because, tells=BounceRead)
    automatic = examined.envelope.is_automatic and kind not in _BY_PROGRAMS
    if kind is Kind.AUTO_REPLY or automatic:
        because = examined.envelope.automatic_because or "It was sent by a program."
        return Verdict(Disposition.IGNORED_AUTO, because)
    return None


def _by_doubt(examined: Examined, sender: Sender) -> Verdict | None:
    if sender.trust.alarm:
        return Verdict(Disposition.QUARANTINED, sender.trust.because, asks="mail_forged")
    problems = examined.envelope.problems
    if problems and sender.trust.may_send_invoices:
        return Verdict(Disposition.QUARANTINED, " ".join(problems), asks="mail_doubtful")
    return None


def _by_bank(examined: Examined, sender: Sender) -> Verdict | None:
    """Bank files settle only when they came to an account's secret address."""
    reading = examined.reading
    if not sender.to_account or not reading.statements or reading.error:
        return None
    because = f"It holds a bank statement, and {sender.trust.because}"
    return Verdict(Disposition.ACCEPTED, because, tells=BankStatementRead)


def _by_staff(examined: Examined, sender: Sender) -> Verdict | None:
    is_document = examined.reading.kind in _DOCUMENTS and bool(examined.reading.invoices)
    if not sender.is_staff:
        # A program that we told to send a PDF sends one: as good as without our address on it.
        if sender.answers != "staff" or (is_document and sender.trust.may_send_invoices):
            return None
        because = f"It answers a question to staff, and is not theirs. {sender.trust.because}"
        return Verdict(Disposition.QUARANTINED, because, asks="answer_not_taken")
    is_order = _is_order(examined, sender)
    if is_order or (sender.answers is not None and not is_document):
        return Verdict(Disposition.ACCEPTED, f"{sender.staff} wrote it.", tells=ReplyRead)
    return None


def _is_order(examined: Examined, sender: Sender) -> bool:
    if examined.reading.forwarded is not None and examined.reading.invoices:
        return False
    given = order(examined, sender.staff or "")
    return any(one.word is Word.HELP or _is_whole(one, sender) for one in given)


def _is_whole(one: Said, sender: Sender) -> bool:
    """Whether an order says what it is about, by itself or by the notice that it answers."""
    names_number = any(character.isdigit() for character in one.about or one.value)
    is_about = bool(one.about) or (one.word is Word.MONEY and names_number)
    return one.word in _ORDERS and (is_about or sender.answers is not None)


def _by_document(examined: Examined, sender: Sender) -> Verdict | None:
    reading = examined.reading
    if reading.kind not in _DOCUMENTS or not reading.invoices:
        return None
    if not sender.trust.may_send_invoices:
        because = sender.trust.because
        return Verdict(Disposition.QUARANTINED, because, asks="mail_from_stranger")
    because = " ".join(reading.reasons) or "It holds an invoice."
    return Verdict(Disposition.ACCEPTED, because, tells=InvoiceRead)


def _by_claim(examined: Examined, _sender: Sender) -> Verdict | None:
    """What tells of money: from anybody, for it is a claim and never more."""
    reading = examined.reading
    if reading.kind is not Kind.REMITTANCE or reading.error:
        return None
    because = " ".join(reading.reasons) or "It tells of a payment."
    return Verdict(Disposition.ACCEPTED, because, tells=RemittanceRead)


def _by_kind(examined: Examined, sender: Sender) -> Verdict:
    reading = examined.reading
    is_customer = sender.customer_id is not None
    if sender.trust.may_send_invoices and not is_customer:
        return _from_known(examined, sender)
    because = f"It was read as {reading.kind.value.replace('_', ' ')}."
    if reading.kind is Kind.ACKNOWLEDGEMENT and is_customer:
        return Verdict(Disposition.ACCEPTED, f"{because} Nothing is to be done.")
    if reading.kind is Kind.COPY_REQUEST and is_customer:
        return Verdict(Disposition.ACCEPTED, because, tells=CopyAsked)
    asks = LETTERS.get(reading.kind)
    if reading.kind is Kind.SUSPICIOUS:
        because = " ".join(reading.reasons) or because
        return Verdict(Disposition.QUARANTINED, because, asks)
    if asks is None or reading.error or (reading.kind is Kind.OTHER and not is_customer):
        return Verdict(Disposition.QUARANTINED, sender.trust.because, asks="mail_from_stranger")
    return Verdict(Disposition.ACCEPTED, because, asks)


def _from_known(examined: Examined, sender: Sender) -> Verdict:
    """A mail from somebody who may send invoices, with none in it."""
    reading = examined.reading
    if reading.error:
        return Verdict(Disposition.ERROR_PARKED, reading.error, "mail_unreadable", answers=True)
    because = f"It was read as {reading.kind.value.replace('_', ' ')}."
    if reading.kind is Kind.SUSPICIOUS:
        because = " ".join(reading.reasons) or because
        return Verdict(Disposition.QUARANTINED, because, "mail_suspicious")
    is_letter = reading.forwarded is not None or not sender.is_staff
    is_named = reading.kind in LETTERS and reading.kind is not Kind.OTHER
    if is_named and (is_letter or reading.kind in _BY_PROGRAMS):
        return Verdict(Disposition.ACCEPTED, because, LETTERS[reading.kind])
    return Verdict(Disposition.ERROR_PARKED, because, "mail_not_handled", answers=True)
