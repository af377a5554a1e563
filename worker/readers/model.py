"""What a reader can say of some bytes: the contract of `tillmail read --json`, as types.

Field names and their order are the contract. Amounts are `Decimal` with the digits the currency
has; days are ISO dates; what is absent is None or an empty list. A reader never guesses: it leaves
a field out and says so in `warnings`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer


class Kind(StrEnum):
    """What a file or mail is, in the order of precedence: the first that applies wins."""

    SUSPICIOUS = "suspicious"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    COMMAND = "command"
    REMITTANCE = "remittance"
    BANK_STATEMENT = "bank_statement"
    CREDIT_NOTE = "credit_note"
    INVOICE = "invoice"
    DISPUTE = "dispute"
    PROMISE = "promise"
    QUESTION = "question"
    COPY_REQUEST = "copy_request"
    ACKNOWLEDGEMENT = "acknowledgement"
    OTHER = "other"


class DocType(StrEnum):
    """By the document's type code: an invoice with a negative total stays an invoice."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Source(StrEnum):
    """What an invoice was read from."""

    UBL = "ubl"
    CII = "cii"
    FATTURAPA = "fatturapa"
    EDIFACT = "edifact"
    PDF = "pdf"
    TEXT = "text"
    OCR = "ocr"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# Never in scientific notation: `1E+3` is no amount to a reader of the JSON.
Amount = Annotated[Decimal, PlainSerializer(lambda d: f"{d:f}", return_type=str, when_used="json")]


class Mailbox(_Value):
    """A name and an address as a mail shows them."""

    name: str | None = None
    address: str = ""


class Forwarded(_Value):
    """The mail inside a forward, and the forwarder's own words above it."""

    sender: Mailbox = Field(default_factory=Mailbox, serialization_alias="from")
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    subject: str = ""
    date: str = ""
    body: str = ""
    note: str = ""


class Reply(_Value):
    """The new words of a mail, without quote and signature, and the signature."""

    text: str = ""
    signature: str = ""


class Seller(_Value):
    name: str | None = None
    vat_id: str | None = None
    iban: str | None = None


class Buyer(_Value):
    name: str | None = None
    vat_id: str | None = None
    number: str | None = None
    email: str | None = None


class Line(_Value):
    """One line of an invoice. Amounts are net, as the document prints them."""

    position: str | None = None
    name: str | None = None
    description: str | None = None
    quantity: Amount | None = None
    unit: str | None = None
    unit_price: Amount | None = None
    tax_rate: Amount | None = None
    net_amount: Amount | None = None


class Invoice(_Value):
    """An invoice or credit note as one document states it.

    `total` is the amount payable, `grand_total` the sum with tax before prepayment. Signs are the
    document's own. `preceding_invoices` are the numbers of the invoices that it credits or corrects
    (BT-25).
    """

    doc_type: DocType = DocType.INVOICE
    number: str | None = None
    issue_date: dt.date | None = None
    due_date: dt.date | None = None
    currency: str | None = None
    total: Amount | None = None
    grand_total: Amount | None = None
    net_total: Amount | None = None
    tax_total: Amount | None = None
    prepaid: Amount | None = None
    seller: Seller = Field(default_factory=Seller)
    buyer: Buyer = Field(default_factory=Buyer)
    payment_reference: str | None = None
    contract: str | None = None
    preceding_invoices: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    source: Source = Source.UBL
    confidence: float = 0.0
    evidence: dict[str, Any] = Field(default_factory=dict)


class Problem(_Value):
    """A rule that an invoice breaks. What `holds` keeps it from being sent until a person looks."""

    rule: str
    text: str
    holds: bool = True

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


class RemittanceLine(_Value):
    as_written: str | None = None
    invoice_number: str | None = None
    amount: Amount | None = None
    deduction: Amount | None = None
    deduction_reason: str | None = None


class Remittance(_Value):
    """A payer's statement of one payment. `problems` say where it does not add up."""

    paid_on: dt.date | None = None
    currency: str | None = None
    total: Amount | None = None
    method: str | None = None
    payer_reference: str | None = None
    lines: tuple[RemittanceLine, ...] = ()
    on_account: Amount | None = None
    payer_name: str | None = None
    payee_name: str | None = None
    problems: tuple[Problem, ...] = ()


class EntryStatus(StrEnum):
    """Only what is booked is money; the rest may still change or vanish."""

    BOOKED = "booked"
    PENDING = "pending"
    INFORMATION = "information"


class BankDetail(_Value):
    """One payment inside a bank entry, signed as the entry is.

    `creditor_reference` is the structured reference that the payee gave (ISO 11649, ESR, OCR, KID).
    `invoice_numbers` are documents that the payment itself names as paid.
    """

    amount: Amount | None = None
    currency: str | None = None
    counterparty_name: str | None = None
    counterparty_account: str | None = None
    end_to_end_id: str | None = None
    creditor_reference: str | None = None
    invoice_numbers: tuple[str, ...] = ()
    text: str = ""
    return_reason: str | None = None


class Covers(StrEnum):
    """The items that a payer means without naming them."""

    ALL = "all"
    PERIOD = "period"
    OLDEST = "oldest"


class Claim(_Value):
    """What a remittance says beyond its figures, for whoever matches it to open items.

    `text` is the new words of the mail and of its advices, `sent_on` the day on the mail itself.
    `written_by` is whose words they are where somebody else passed them on.
    `covers` is set where the payer describes the items and names none; a period's days are days of
    issue, or due days where the payer says so. A problem that `holds` lets nothing be applied.
    """

    text: str = ""
    sent_on: dt.date | None = None
    written_by: str | None = None
    is_part: bool = False
    part_of: Amount | None = Field(default=None, description="The whole, where a part is paid.")
    is_resent: bool = False
    covers: Covers | None = None
    covers_from: dt.date | None = None
    covers_until: dt.date | None = None
    covers_due_days: bool = False
    rate: Amount | None = Field(default=None, description="A stated deduction, in per cent.")
    problems: tuple[Problem, ...] = ()


class BankEntry(_Value):
    """One movement on an account; a debit is negative. `reference` is the bank's own, if any.

    `text` is all that the statement says of it in words. An entry of one payment has one detail, a
    batch has several or, where the bank does not break it down, none.
    """

    date: dt.date | None = None
    amount: Amount | None = None
    currency: str | None = None
    reference: str = ""
    text: str = ""
    value_date: dt.date | None = None
    status: EntryStatus = EntryStatus.BOOKED
    is_reversal: bool = False
    code: str | None = None
    details: tuple[BankDetail, ...] = ()


class Balance(_Value):
    """What was on an account on a day; a debit balance is negative."""

    amount: Amount
    currency: str | None = None
    date: dt.date | None = None


class Statement(_Value):
    """The movements of one account as its bank tells them. `problems` are why not to book them.

    `opening` and `closing` are booked balances: they and the booked entries add up, or a problem
    says that they do not.
    """

    format: str = ""
    account: str = ""
    entries: tuple[BankEntry, ...] = ()
    currency: str | None = None
    number: str | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    problems: tuple[Problem, ...] = ()


class BouncedRecipient(_Value):
    address: str = ""
    status: str = ""
    permanent: bool | None = None
    reason: str = ""


class Bounce(_Value):
    permanent: bool | None = None
    status: str = ""
    reason: str = ""
    recipients: tuple[BouncedRecipient, ...] = ()


class ProposedAllocation(_Value):
    """`amount` is the cash; `deduction` comes on top."""

    invoice_number: str = ""
    amount: Amount = Decimal(0)
    deduction: Amount | None = None
    reason: str | None = None


class Proposal(_Value):
    decision: str = "none"
    why: str = ""
    allocations: tuple[ProposedAllocation, ...] = ()
    unapplied: Amount = Decimal(0)


class Reading(_Value):
    """All that one file or mail says. Exactly one kind; `error` says why nothing could be read."""

    kind: Kind = Kind.OTHER
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    forwarded: Forwarded | None = None
    reply: Reply | None = None
    invoices: tuple[Invoice, ...] = ()
    remittances: tuple[Remittance, ...] = ()
    statements: tuple[Statement, ...] = ()
    bounce: Bounce | None = None
    proposal: Proposal | None = None


class Part(_Value):
    """One leaf of a mail, or the whole file when it is no mail. The name is shown, never a path."""

    index: int
    media_type: str
    name: str | None = None
    size_bytes: int = 0
    sha256: str = ""
    is_attachment: bool = False


class Authentication(_Value):
    """One Authentication-Results header, in the order of the headers (0 is the topmost)."""

    position: int
    authserv_id: str
    dmarc: str | None = None
    dkim: tuple[str, ...] = ()
    spf: str | None = None
    header_from: str | None = None
    received_above: tuple[str, ...] = Field(
        default=(), description="The hosts that the Received headers above it name after `by`."
    )


class Envelope(_Value):
    """The headers of a mail that its treatment depends on, strictly read.

    `sender` is None unless the mail has exactly one From header with exactly one mailbox whose
    re-serialised form equals what was written (else `sender_problem` says what is wrong). It is
    None for a file that is no mail.
    """

    sender: Mailbox | None = None
    sender_problem: str | None = None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: str | None = None
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    authentication: tuple[Authentication, ...] = ()
    is_automatic: bool = False
    automatic_because: str | None = None
    problems: tuple[str, ...] = Field(
        default=(), description="What makes the mail itself doubtful: a person must look at it."
    )
    body: str = ""
    language: str | None = None


class Examined(_Value):
    """A reading with the envelope and the parts it came from: what the reader child answers."""

    reading: Reading
    envelope: Envelope
    parts: tuple[Part, ...] = ()
    invoice_parts: tuple[tuple[int, ...], ...] = Field(
        default=(), description="For each invoice, the parts that carry it: the XML, then the PDF."
    )
    invoice_problems: tuple[tuple[Problem, ...], ...] = Field(
        default=(), description="For each invoice, the rules it breaks; `warnings` says them too."
    )
    claim: Claim | None = Field(
        default=None, description="What the remittances say beyond their figures."
    )
    promised_on: dt.date | None = Field(
        default=None, description="Of a promise to pay: the one day that it names."
    )
