"""Whether an invoice may go out by itself, to whom, and if not, why not. Touches nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.invoices import asking
from worker.invoices.model import Hold
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.readers.model import DocType
from worker.readers.model import Invoice as Document


@dataclass(frozen=True, slots=True)
class Known:
    """A customer on file that the document may mean, and the addresses invoices may go to."""

    customer_id: str
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """An invoice that a credit note may be set against. `is_owed`: issued and still in force."""

    invoice_id: str
    number: str
    customer_id: str | None
    currency: str
    is_owed: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the decision rests on. `named` are the invoices that a credit note names."""

    document: Document
    total: Money
    problems: Sequence[str]
    by_number: Known | None
    by_vat_id: Sequence[Known]
    by_name: Sequence[Known]
    instructed: Address | None = None
    instruction_problem: str | None = None
    own_address: Address | None = None
    earlier: Sequence[str] = ()
    named: Sequence[Named] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the business allows without asking."""

    first_time_addresses: bool
    send_limit: Decimal | None
    currency: str
    plain_from: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who owes and where the invoice goes; with `hold`, what a person must say first."""

    customer: Known | None
    recipient: str | None
    recipient_from: str | None
    hold: Hold | None = None
    because: str | None = None
    credits_id: str | None = None


def decide(facts: Facts, limits: Limits) -> Decision:
    """What to do with a document that was read."""
    customer = find_customer(facts)
    recipient, origin = _recipient(facts, customer)
    hold, because = _hold(facts, limits, customer, recipient)
    credited = facts.named[0].invoice_id if hold is None and is_credit(facts) else None
    return Decision(customer, recipient, origin, hold, because, credited)


def is_credit(facts: Facts) -> bool:
    """Whether the document gives money back, by its type or by a negative total."""
    return facts.document.doc_type is DocType.CREDIT_NOTE or facts.total.is_negative


def why_not_against(named: Sequence[Named], customer_id: str | None, currency: str) -> str | None:
    """Why a credit of this customer cannot be set against what it names; None when it can."""
    if len(named) != 1:
        numbers = " and ".join(one.number for one in named)
        return f"It names several invoices: {numbers}." if named else "It names no invoice."
    one = named[0]
    if not one.is_owed:
        return f"It names {one.number}, which is no invoice that was sent and is in force."
    if one.customer_id != customer_id or customer_id is None:
        return f"It names invoice {one.number}, which is another customer's."
    if one.currency != currency:
        return f"It is in {currency} and the invoice it names, {one.number}, in {one.currency}."
    return None


def find_customer(facts: Facts) -> Known | None:
    """By the buyer's number, then the VAT id, then a name that only one customer bears."""
    if facts.by_number is not None:
        return facts.by_number
    if len(facts.by_vat_id) == 1:
        return facts.by_vat_id[0]
    if len(facts.by_name) == 1:
        # Companies of one group share a VAT id: the name must then be one of theirs.
        group = {known.customer_id for known in facts.by_vat_id}
        only = facts.by_name[0]
        return only if not group or only.customer_id in group else None
    return None


def fingerprint(document: Document) -> str:
    """A hash of what makes two readings of one number the same document."""
    facts = (
        document.doc_type.value,
        document.issue_date,
        document.currency,
        *(_plain(a) for a in (document.total, document.grand_total, document.tax_total)),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def number_key(number: str) -> str:
    """The number as it is compared: without white space, in capitals."""
    return re.sub(r"\s+", "", number).upper()


def _recipient(facts: Facts, customer: Known | None) -> tuple[str | None, str | None]:
    if facts.instructed is not None:
        return str(facts.instructed), "instruction"
    if customer is not None and customer.addresses:
        return customer.addresses[0], "on_file"
    if facts.own_address is not None:
        return str(facts.own_address), "document"
    return None, None


def _hold(
    facts: Facts, limits: Limits, customer: Known | None, recipient: str | None
) -> tuple[Hold | None, str | None]:
    checks = (
        _changed(facts),
        _nothing_to_pay(facts),
        _credit_note(facts, customer),
        _sums(facts),
        _instruction(facts),
        _nobody(facts, limits, customer, recipient),
        _new_address(limits, customer, recipient),
        _above_limit(facts, limits),
    )
    doubt = asking.doubt(facts.document, limits.plain_from)
    hold, because = next((found for found in checks if found is not None), (None, None))
    if hold is None:
        return (Hold.PLAIN, doubt) if doubt else (None, None)
    return hold, f"{because} {doubt}" if doubt else because


def _changed(facts: Facts) -> tuple[Hold, str] | None:
    if not facts.earlier or fingerprint(facts.document) in facts.earlier:
        return None
    return Hold.CHANGED, (
        f"{facts.document.number} came before with other amounts or another date. "
        "Nothing was sent. It can take the place of the earlier one, or be refused."
    )


def _credit_note(facts: Facts, customer: Known | None) -> tuple[Hold, str] | None:
    if not is_credit(facts):
        return None
    customer_id = customer.customer_id if customer else None
    problem = why_not_against(facts.named, customer_id, facts.total.currency)
    if problem is None:
        return None
    return Hold.CREDIT_NOTE, (
        f"{facts.document.number} gives {abs(facts.total.decimal)} {facts.total.currency} back. "
        f"{problem} Release it with --against INVOICE, or to the customer's balance with "
        "--to-balance."
    )


def _nothing_to_pay(facts: Facts) -> tuple[Hold, str] | None:
    if not facts.total.is_zero:
        return None
    return Hold.NOTHING_TO_PAY, f"{facts.document.number} is about no money at all."


def _sums(facts: Facts) -> tuple[Hold, str] | None:
    if not facts.problems:
        return None
    return Hold.SUMS, "The document does not add up: " + " ".join(facts.problems)


def _instruction(facts: Facts) -> tuple[Hold, str] | None:
    if facts.instruction_problem is None:
        return None
    return Hold.INSTRUCTION, (
        f"The instruction in the mail is not clear: {facts.instruction_problem}"
    )


def _nobody(
    facts: Facts, limits: Limits, customer: Known | None, recipient: str | None
) -> tuple[Hold, str] | None:
    buyer = facts.document.buyer.name or "the buyer"
    if customer is None and (len(facts.by_name) > 1 or len(facts.by_vat_id) > 1):
        return Hold.SEVERAL_CUSTOMERS, (
            f"Several customers on file could be {buyer}: say which one it is."
        )
    if recipient is None:
        return Hold.NO_ADDRESS, (
            f"No email address is on file for {buyer} and the document names none."
        )
    if customer is None and not limits.first_time_addresses:
        return Hold.NO_CUSTOMER, (
            f"{buyer} is not on file. A yes puts them on file with {recipient}."
        )
    return None


def _new_address(
    limits: Limits, customer: Known | None, recipient: str | None
) -> tuple[Hold, str] | None:
    if customer is None or recipient is None or limits.first_time_addresses:
        return None
    if recipient.lower() in {address.lower() for address in customer.addresses}:
        return None
    return Hold.NEW_ADDRESS, (
        f"{recipient} is not on file for {customer.name}: is the address right?"
    )


def _above_limit(facts: Facts, limits: Limits) -> tuple[Hold, str] | None:
    if limits.send_limit is None:
        return None
    if facts.total.currency != limits.currency:
        return Hold.LIMIT, (
            f"The limit is in {limits.currency} and this invoice is in {facts.total.currency}: "
            "somebody has to say yes."
        )
    size = -facts.total if facts.total.is_negative else facts.total
    if size <= Money.of(limits.send_limit, limits.currency):
        return None
    return Hold.LIMIT, f"{facts.total} is more than goes out by itself ({limits.send_limit})."


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
