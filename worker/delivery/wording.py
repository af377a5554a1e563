"""What an email template is given: one frozen value per notice, built from plain values.

`context()` is the plain JSON that the template sees under the same names: money is
`{"minor": 124050, "currency": "EUR"}` for the filter `money`, a day is ISO text for `day`. The
language of a notice travels beside it, in `EmailOrder.language`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from worker.delivery.card_wording import CardExpiringNotice, ChargeFailedNotice, ChargeNotice
from worker.delivery.plain_values import fields_of, plain
from worker.kernel.money import Money

# Mail clients do not show SVG, so the logo of a mail is always a PNG part with this Content-ID.
LOGO_CID = "logo"
TRANSFER_CID = "transfer"


@dataclass(frozen=True, slots=True)
class SenderFace:
    """The business as its mails show it. `colour` is `#rrggbb`.

    With `has_logo` the message carries a PNG with the Content-ID `logo`; without, the name stands
    in its place.
    """

    name: str
    legal_name: str = ""
    address_lines: tuple[str, ...] = ()
    vat_id: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    colour: str = "#1d4ed8"
    has_logo: bool = False


@dataclass(frozen=True, slots=True)
class BankFace:
    """Where to transfer to, and what to write on the transfer."""

    iban: str
    reference: str
    holder: str
    bic: str = ""
    bank_name: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceNotice:
    """An invoice to its customer; the PDF is attached. Template folder `invoice`.

    `occasion`: *issued*, *corrected* (it takes the place of one sent before) or *renewed* (the
    customer asked for a fresh pay link). Without `pay_url` there is no button; without `bank` no
    bank details. With `transfer_text` the message carries a QR code for banking apps that says it,
    with the Content-ID `transfer`. `pixel_url` is a picture whose loading is noted, or empty.
    `portal_url` is the recipient's portal link where the business wants it in mails, or empty.
    """

    business: SenderFace
    customer_name: str
    number: str
    total: Money
    still_to_pay: Money
    issue_on: date | None = None
    due_on: date | None = None
    pay_url: str | None = None
    bank: BankFace | None = None
    occasion: Literal["issued", "corrected", "renewed"] = "issued"
    has_pdf: bool = True
    transfer_text: str = ""
    pixel_url: str = ""
    portal_link: str = ""
    portal_url: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self) | {"paid": plain(self.total - self.still_to_pay)}


@dataclass(frozen=True, slots=True)
class CreditRequestNotice:
    """A request to prepay, to the customer; the PDF is attached. Template folder `credit_request`.

    `by_card`: a stored card will be charged. With a `charge_id` this is the notice of that charge:
    of which `card`, and not before which day (`charge_on`); else it has a notice of its own.
    `subject` is what it is for, in the seller's words. The rest is as in `InvoiceNotice`.
    """

    business: SenderFace
    customer_name: str
    number: str
    total: Money
    still_to_pay: Money
    due_on: date
    issue_on: date | None = None
    subject: str = ""
    by_card: bool = False
    charge_id: str = ""
    card: str = ""
    charge_on: date | None = None
    reply_to: str = ""
    pay_url: str | None = None
    bank: BankFace | None = None
    occasion: Literal["issued", "renewed"] = "issued"
    transfer_text: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self) | {"paid": plain(self.total - self.still_to_pay)}


@dataclass(frozen=True, slots=True)
class CreditNoteNotice:
    """A credit note to its customer; the PDF is attached. Template folder `credit_note`.

    `items` are the invoices that it was set against; `to_balance` is what they did not need.
    """

    business: SenderFace
    customer_name: str
    number: str
    amount: Money
    issue_on: date | None
    items: tuple[PaidItem, ...]
    to_balance: Money | None = None

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class PaidItem:
    """What a payment paid: one item, how much of it, and what is still to pay on it.

    `kind` is `invoice` or `credit_request`.
    """

    number: str
    amount: Money
    still_to_pay: Money
    kind: str = "invoice"


@dataclass(frozen=True, slots=True)
class ReceiptNotice:
    """That money arrived, to the customer who paid. No tax invoice. Template folder `receipt`.

    `to_balance` is what was more than owed and now stands on the customer's balance. `is_prepaid`:
    all of it was paid in advance, and no invoice stands behind it. `fee`: what paying so added.
    `print_url`: the page to print, while a link of the customer's lives.
    """

    business: SenderFace
    customer_name: str
    reference: str
    amount: Money
    paid_on: date
    method: str
    items: tuple[PaidItem, ...]
    to_balance: Money | None = None
    is_prepaid: bool = False
    fee: Money | None = None
    print_url: str | None = None

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class NotedNotice:
    """That somebody's word of a payment is noted, to them. Template folder `remittance_noted`.

    `items` say what stays open of each once the money has come; `rest` is for no item.
    """

    business: SenderFace
    customer_name: str
    reference: str
    amount: Money
    paid_on: date | None
    items: tuple[PaidItem, ...]
    rest: Money | None = None

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class AccountNotice:
    """One link to all that a customer owes, to the contact who asked for it. Folder `account`."""

    business: SenderFace
    customer_name: str
    amount: Money
    count: int
    pay_url: str

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class PortalNotice:
    """A contact's portal link, to that contact alone. Template folder `portal`.

    `portal_link` is the link's id; `portal_url` is made of it when the mail is, and kept nowhere.
    """

    business: SenderFace
    customer_name: str
    portal_link: str
    days: int
    portal_url: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class CodeNotice:
    """The code that confirms a wish on a portal, and what the wish is. Template folder `code`.

    `what`: store_card, assign_card or remove_card. `code` is made of the confirmation's id when the
    mail is, and kept nowhere.
    """

    business: SenderFace
    customer_name: str
    confirmation: str
    what: str
    card: str
    contracts: tuple[str, ...]
    minutes: int
    code: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of evidence: what it is, and what it says. A known `label` is put in words."""

    label: str
    value: str
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer: `text` is a command, or a word as `key` names it in the catalogues.

    `means` is the key of what the word does to this kind of question.
    """

    text: str
    key: str = ""
    means: str = ""


@dataclass(frozen=True, slots=True)
class QuestionNotice:
    """Something a person must decide. Template folder `question`.

    `title_key` names the title in the catalogues, and a sentence above `text`, which is English;
    `title` stands where there is none.

    `words` are what may be answered by mail, `commands` what only the desk can do; `reference` is
    the work item's id, `reply_to` where an answer counts: empty where the business has no domain
    for it, and then the words are typed at the desk. With `file` the document hangs on.
    """

    business: SenderFace
    title: str
    text: str
    reference: str
    facts: tuple[Fact, ...] = ()
    words: tuple[Choice, ...] = ()
    commands: tuple[Choice, ...] = ()
    reply_to: str = ""
    has_file: bool = False
    title_key: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class AnswerNotice:
    """What we say to a mail: done, not understood, not possible, or how things are.

    Template folder `answer`. `about` is the id that a further answer speaks to; `in_reply_to` the
    Message-ID of the mail. `audience`: *staff*, or *sender* of a mail that could not be used.
    """

    business: SenderFace
    audience: Literal["staff", "sender"]
    title: str
    text: str
    their_subject: str
    facts: tuple[Fact, ...] = ()
    words: tuple[Choice, ...] = ()
    link: str = ""
    about: str = ""
    in_reply_to: str = ""
    reply_to: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


Notice = (
    AccountNotice
    | InvoiceNotice
    | CreditRequestNotice
    | CreditNoteNotice
    | ReceiptNotice
    | NotedNotice
    | PortalNotice
    | CodeNotice
    | ChargeNotice
    | ChargeFailedNotice
    | CardExpiringNotice
    | QuestionNotice
    | AnswerNotice
)
