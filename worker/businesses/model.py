"""The seller: its rules as the owner wrote them, its row, and the published looks of its papers.

Rules are facts from `config/businesses/<key>.toml`; rooms receive them as values. Unknown keys are
refused by the settings reader, with a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from worker.businesses.bank_accounts import BankAccount
from worker.businesses.methods import Methods
from worker.kernel.money import digits_of
from worker.readers import Hints
from worker.store import Record


class Business(Record):
    """That this business exists here. Every other row hangs on its key."""

    __tablename__ = "business"
    key: Mapped[str] = mapped_column(primary_key=True)
    added_at: Mapped[datetime]


class TemplateSet(Record):
    """A checked tree of templates, by content hash. The newest published one is in force."""

    __tablename__ = "template_set"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    files: Mapped[dict[str, str]] = mapped_column(
        JSON, doc="Path inside the tree to the blob that holds the file."
    )
    published_at: Mapped[datetime]


class Role(StrEnum):
    """What a member of staff may do."""

    ADMIN = "admin"
    FINANCE = "finance"
    CASHIER = "cashier"
    SALES_MANAGER = "sales_manager"
    SALES = "sales"


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Staff(_Rules):
    """A person who works for the business; mail from their address is known (level A2)."""

    name: str
    address: str
    roles: tuple[Role, ...] = (Role.FINANCE,)


class BankDetails(_Rules):
    """Where customers transfer money to. Changed in this file only, never by mail."""

    iban: str = ""
    bic: str = ""
    name: str = ""


class MailRules(_Rules):
    """What the business's mails come from. `from_address` is what customers see and answer to."""

    from_address: str
    from_name: str = ""
    reply_domain: str | None = Field(
        default=None, description="Domain for Reply-To tokens; None: no token"
    )
    reply_address: str | None = Field(
        default=None,
        pattern=r"^[^@+\s]{1,18}@[^@\s]+$",
        description="Instead of such a domain: the mailbox, which gets the token behind a plus",
    )
    bounce_domain: str | None = Field(
        default=None, description="Domain for VERP senders; None: no VERP"
    )
    dkim_selector: str | None = None
    max_size_mb: int = Field(default=20, ge=1, le=50, description="What goes out is never larger")


class MailboxRules(_Rules):
    """One folder to take mail from."""

    name: str = "inbox"
    kind: Literal["maildir", "imap"] = "maildir"
    path: str = ""
    host: str = ""
    port: int = 993
    user: str = ""
    security: Literal["tls", "starttls", "plain"] = "tls"
    folder: str = "INBOX"
    processed: str = "Processed"
    review: str = "Review"
    authserv_id: str | None = Field(
        default=None, description="The name our receiving host writes into Authentication-Results"
    )
    delivered_by: tuple[str, ...] = Field(
        default=(),
        description="Hosts behind it whose Received headers may stand above that one (LMTP)",
    )
    intake_addresses: tuple[str, ...] = Field(default=(), description="Secret addresses (level A3)")
    trust: Literal["none", "local"] = "none"
    max_size_mb: int = Field(default=25, ge=1, le=200)


class InvoiceRules(_Rules):
    """What may go out by itself."""

    first_time_addresses: bool = Field(
        default=False, description="Send to an address that is not on file without asking"
    )
    send_limit: Decimal | None = Field(
        default=None, description="Larger invoices wait for a yes; in the business's currency"
    )
    apply_balance: bool = Field(
        default=False, description="Pay new invoices from the customer's balance before sending"
    )
    send_plain_from: float | None = Field(
        default=None,
        ge=0.5,
        le=1,
        description="Invoices read from a page go out unasked when read this surely; else ask",
    )


class LinkRules(_Rules):
    """A pay link's life. See docs/pay-links.md."""

    ttl_h: int = Field(default=24, ge=1, le=24 * 90, description="Hours from the first human open")
    cap_days: int = Field(default=90, ge=1, le=365, description="Days past due when never opened")
    renewals_per_day: int = Field(default=3, ge=1, le=20)
    scope: Literal["item", "customer"] = Field(
        default="item", description="What documents carry: the item's link, or the customer's"
    )
    partial: bool = Field(default=False, description="Customers may pay a part of an item")
    partial_min: Decimal = Field(
        default=Decimal("10"), ge=0, description="The least they may pay of one; the rest always"
    )
    email_opens: bool = Field(
        default=False, description="Put a picture into emails that tells when it is loaded"
    )
    portal_days: int = Field(
        default=365, ge=1, le=1_100, description="How long the portal link of a contact lasts"
    )
    portal_in_mails: bool = Field(
        default=False, description="Invoice emails name the portal link of who gets them"
    )
    min_dwell_ms: int = Field(
        default=1_500, ge=0, le=60_000, description="Faster than that nobody reads"
    )
    scan_window_s: int = Field(
        default=120, ge=0, le=3_600, description="How long after a mail its scanners may come"
    )
    burst_links: int = Field(
        default=6, ge=2, le=32, description="So many links from one address within 10 s: a program"
    )


class DocumentRules(_Rules):
    """How documents look."""

    face: Literal["sheet", "template"] = Field(
        default="sheet", description="For Factur-X: payment sheet and original, or our own template"
    )
    colour: str = "#1d4ed8"
    logo: str | None = Field(default=None, description="A PNG or SVG beside the business's file")


class StripeRules(_Rules):
    """Which account takes the money. Keys and secrets come from the environment."""

    account: str | None = None
    livemode: bool = False
    checkout_domain: str = Field(
        default="checkout.stripe.com",
        pattern=r"^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$",
        description="Where its payment pages are; another one only with Stripe's custom domains",
    )


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class AutochargeRules(_Rules):
    """Charging stored cards for what is owed; off until the owner says so. See docs/autocharge.md.

    The caps may only be lowered: they stand far below what the card networks allow.
    """

    enabled: bool = False
    invoices: bool = Field(
        default=True, description="Charge invoices too, not credit requests alone"
    )
    delay_days: int = Field(default=3, ge=1, le=60, description="Days from notice to charge")
    postpone_days: int = Field(default=7, ge=1, le=60, description="What the answer DELAY gives")
    first_hour: int = Field(default=9, ge=0, le=22, description="Charges begin at this hour")
    last_hour: int = Field(default=18, ge=1, le=23, description="and end before this one")
    weekdays: tuple[Weekday, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    holidays: tuple[date, ...] = ()
    largest: Decimal | None = Field(
        default=None, gt=0, description="More is never charged; in the business's currency"
    )
    tries: int = Field(default=4, ge=1, le=4, description="At most so many of one charge")
    card_tries_per_day: int = Field(default=2, ge=1, le=2)
    card_tries_per_30_days: int = Field(default=8, ge=1, le=8)
    give_up_days: int = Field(default=14, ge=1, le=14)
    paydays: tuple[int | Literal["last"], ...] = Field(
        default=(1, 15, "last"),
        description="Days of the month for which a retry for want of money waits; [] for none",
    )
    # Stripe takes a hundred calls a second of an account; a charge is three or four of them.
    per_minute: int = Field(default=600, ge=1, le=1_500, description="Charges begun in a minute")

    @field_validator("paydays", mode="before")
    @classmethod
    def _are_days_of_a_month(cls, value: object) -> object:
        days = value if isinstance(value, list | tuple) else [None]
        # Type and all: "15" and true are slips of the pen, though Python could make days of them.
        if all(day == "last" or (type(day) is int and 1 <= day <= 31) for day in days):
            return value
        raise ValueError(
            'paydays are days of the month, 1 to 31 or "last", as in [1, 15, "last"]; [] for none'
        )

    @model_validator(mode="after")
    def _hours_are_in_order(self) -> AutochargeRules:
        if self.first_hour >= self.last_hour:
            raise ValueError("first_hour comes before last_hour")
        return self


class CreditRules(_Rules):
    """Requests to prepay. See docs/credits.md."""

    number_prefix: str = Field(
        default="CR-",
        pattern=r"^[A-Z0-9][A-Z0-9/-]{0,11}$",
        description="What their numbers begin with",
    )
    due_days: int = Field(default=7, ge=1, le=90, description="Days to pay, where none are named")
    vat_on_receipt: bool = Field(
        default=False,
        description="VAT is due with the money: have somebody write the advance invoice",
    )


class RemittanceRules(_Rules):
    """What becomes of a payer's word that something was paid. See docs/remittances.md.

    Without a bank file somebody in finance says whether the money came: asked at *each* advice, in
    one *weekly* list, or *never* where bank files tell.
    """

    ask: Literal["each", "weekly", "never"] = "each"
    list_weekday: Weekday = Field(default="mon", description="When the weekly list goes out,")
    list_hour: int = Field(default=8, ge=0, le=23, description="from this hour on, in its zone")
    trusted: tuple[str, ...] = Field(
        default=(), description="Numbers of customers whose word settles at once: a standing order"
    )
    lapse_days: int = Field(
        default=10, ge=1, le=90, description="Days after which a word that nothing proved lapses"
    )
    discount_rate: Decimal = Field(
        default=Decimal(0), ge=0, lt=1, description="The cash discount of the terms: 0.02 is 2 %"
    )
    discount_days: int = Field(default=10, ge=0, le=90, description="Days from issue to earn it")
    fee_rate: Decimal = Field(
        default=Decimal("0.03"), ge=0, lt=1, description="The most that a bank fee may be"
    )


class ReaderRules(_Rules):
    """How the business's own papers are read; a page that reads well needs none of it."""

    hints: Hints = Hints()


class Rules(_Rules):
    """All that a business decides."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    name: str
    legal_name: str = ""
    address: tuple[str, ...] = ()
    vat_id: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    currency: str = "EUR"
    language: Literal["en", "de"] = "en"
    time_zone: str = "Europe/Berlin"
    bank: BankDetails = BankDetails()
    bank_accounts: tuple[BankAccount, ...] = ()
    mail: MailRules
    mailboxes: tuple[MailboxRules, ...] = ()
    staff: tuple[Staff, ...] = ()
    senders: tuple[str, ...] = Field(
        default=(), description="Other full addresses that may send invoices"
    )
    invoices: InvoiceRules = InvoiceRules()
    links: LinkRules = LinkRules()
    methods: Methods = Methods()
    documents: DocumentRules = DocumentRules()
    stripe: StripeRules = StripeRules()
    autocharge: AutochargeRules = AutochargeRules()
    credits: CreditRules = CreditRules()
    remittance: RemittanceRules = RemittanceRules()
    readers: ReaderRules = ReaderRules()

    @field_validator("currency")
    @classmethod
    def _currency_is_known(cls, code: str) -> str:
        digits_of(code)
        return code

    @model_validator(mode="after")
    def _fees_are_in_the_currency(self) -> Rules:
        self.methods.check(self.currency)
        return self

    @property
    def page_face(self) -> dict[str, object]:
        """The business as its web pages show it."""
        return {
            "name": self.name,
            "legal_name": self.legal_name,
            "address_lines": list(self.address),
            "vat_id": self.vat_id,
            "email": self.email,
            "phone": self.phone,
            "colour": self.documents.colour,
            "logo": f"assets/{self.documents.logo}" if self.documents.logo else None,
        }

    def reading_hints(self) -> Hints:
        """What helps to read the business's papers; the seller on them is the business itself."""
        hints = self.readers.hints
        own = tuple(name for name in (self.legal_name, self.name) if name)
        return hints if hints.sellers else hints.model_copy(update={"sellers": own})

    def known_senders(self) -> frozenset[str]:
        """Full addresses whose authenticated mail counts as A2."""
        return frozenset(a.lower() for a in (*self.senders, *(s.address for s in self.staff)))

    def bank_account(self, name: str) -> BankAccount | None:
        """The business's own account that a bank file means by this name."""
        return next((own for own in self.bank_accounts if own.is_called(name)), None)

    def bank_account_at(self, addresses: Iterable[str]) -> BankAccount | None:
        """The account to whose secret address a mail was delivered."""
        to = {address.lower() for address in addresses}
        own = self.bank_accounts
        return next((a for a in own if a.intake_address and a.intake_address.lower() in to), None)

    def staff_called(self, address: str) -> str | None:
        """The name of the member of staff with this address."""
        return next((s.name for s in self.staff if s.address.lower() == address.lower()), None)

    def staff_for(self, role: Role) -> tuple[Staff, ...]:
        """Who is asked about this; everybody when nobody has the role."""
        return tuple(s for s in self.staff if role in s.roles) or self.staff
