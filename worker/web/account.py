"""What the page of a customer link shows: all that the customer owes in one currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, documents, invoices, paylinks, payments
from worker.app import App
from worker.businesses import Rules
from worker.customers import Customer
from worker.invoices import OpenItem
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.kernel.money import Money, total, zero
from worker.paylinks import Link, LinkState, Thresholds
from worker.payments import CheckoutState
from worker.web.forms import Visitor, has_opened
from worker.web.standing import (
    bank_face,
    item_names,
    link_of,
    thresholds_of,
    until,
)
from worker.web.tabs import tabs_of
from worker.web.ways import Offer, faces, offered

# A page of more would be larger than a phone in a train should load.
ITEMS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Owed:
    """An open item, and whether a payment page for it is open, or a bank already at work."""

    item: OpenItem
    is_being_paid: bool
    is_pending: bool
    has_document: bool

    @property
    def amount(self) -> Money:
        """What is still to pay on it."""
        return self.item.still_to_pay


@dataclass(frozen=True, slots=True)
class Account:
    """A customer link and the browser that asks. Its rows are of the session that found it."""

    business: BusinessKey
    link: Link
    customer: Customer
    rules: Rules
    state: LinkState
    is_known: bool
    currencies: Sequence[str]
    wanted: str | None
    standing: payments.Standing
    owed: Sequence[Owed]

    @property
    def currency(self) -> str:
        return self.link.currency or self.wanted or self.rules.currency

    @property
    def language(self) -> str:
        return self.customer.language or self.rules.language

    @property
    def is_live(self) -> bool:
        return self.state in (LinkState.WAITING, LinkState.OPENED)

    @property
    def may_see(self) -> bool:
        # A portal link that staff ended shows nobody anything any more.
        return self.is_live or (self.is_known and self.link.contact_id is None)

    @property
    def thresholds(self) -> Thresholds:
        return thresholds_of(self.rules)

    @property
    def sum(self) -> Money:
        return total((one.amount for one in self.owed), self.currency)

    @property
    def payable(self) -> Sequence[Owed]:
        """What may be paid now: not what a bank is paying already."""
        return [one for one in self.owed if not one.is_pending]

    def spendable(self, chosen: Mapping[str, Money]) -> Money:
        """What of the balance may pay this: a credit request cannot be paid with credit."""
        requests = {one.item.id for one in self.owed if one.item.is_credit_request}
        amounts = (amount for id, amount in chosen.items() if id not in requests)
        return min(self.standing.balance, total(amounts, self.currency))

    def offers(self, chosen: Mapping[str, Money]) -> list[Offer]:
        """The ways in which so much of each of these items may be paid."""
        amount = total(chosen.values(), self.currency)
        return offered(self.rules, self.customer, amount, self.spendable(chosen))


def find_account(app: App, session: Session, visitor: Visitor, *, at: datetime) -> Account | None:
    """Where the visitor's customer link stands; None for any other token."""
    link = link_of(app, session, visitor)
    return None if link is None else account_of(app, session, visitor, link, at=at)


def account_of(
    app: App, session: Session, visitor: Visitor, link: Link, *, at: datetime
) -> Account | None:
    """Where this link stands for the visitor; None for the link of an item."""
    if link.item_id is not None:
        return None
    business = BusinessKey(link.business)
    customer = customers.by_id(session, business, link.customer_id)
    if customer is None:
        return None
    rules = app.rules(business)
    codes = _currencies(session, business, link)
    wanted = visitor.currency if visitor.currency in codes else None
    asked = (session, business, customer.id, link.currency or wanted or rules.currency)
    owed, standing = documents.open_of(*asked), payments.standing_of(*asked)
    return Account(
        business=business,
        link=link,
        customer=customer,
        rules=rules,
        state=paylinks.state_of(link, at),
        is_known=has_opened(app.link_keys, link.id, visitor.opened),
        currencies=codes,
        wanted=wanted,
        standing=standing,
        owed=_owed(owed, standing),
    )


def context(account: Account, *, path: str, at: datetime) -> dict[str, object]:
    """All that the page's template may use, as plain values."""
    balance = account.standing.balance
    everything = {one.item.id: one.amount for one in account.payable}
    payable = total(everything.values(), account.currency)
    zone = account.rules.time_zone
    return {
        "business": account.rules.page_face,
        "is_test": not account.rules.stripe.livemode,
        "link": {"path": path, "until": _until(account.link, zone)},
        "tabs": tabs_of(account.link, path, "invoices"),
        "currencies": _other_currencies(account, path),
        "within": f"?in={account.wanted}" if account.wanted else "",
        "customer": account.customer.name,
        "items": [_face(account, one, at) for one in account.owed[:ITEMS_SHOWN]],
        "more": max(0, len(account.owed) - ITEMS_SHOWN),
        "sum": _plain(account.sum),
        "payable": _plain(payable),
        "balance": _plain(balance) if balance.is_positive else None,
        "under_way": _under_way(account),
        "partial": account.rules.links.partial,
        "bank": bank_face(account.rules, payable, reference_of(account)),
    } | faces(account.offers(everything), payable, {})


def reference_of(account: Account) -> str:
    """What to write on a transfer of all that is owed."""
    return ", ".join(one.item.number for one in account.payable[:8])


def contacts_of(
    session: Session, business: BusinessKey, customer_id: str, *, only: str | None = None
) -> list[dict[str, str]]:
    """The contacts on file as a page may show them: an id, and an address that is masked."""
    on_file = customers.billing_contacts(session, business, customer_id)
    found = [c for c in on_file if only in (None, c.id)]
    return [{"id": c.id, "masked": Address.parse(c.address).masked} for c in found]


def _currencies(session: Session, business: BusinessKey, link: Link) -> Sequence[str]:
    """What a portal may be looked at in; a pay link is of one currency."""
    if link.contact_id is None:
        return ()
    return invoices.currencies_of(session, business, link.customer_id)


def _other_currencies(account: Account, path: str) -> list[dict[str, str]]:
    other = [code for code in account.currencies if code != account.currency]
    return [{"code": code, "path": f"{path}?in={code}"} for code in other]


def _until(link: Link, zone: str) -> dict[str, str] | None:
    """When a pay link ends; a portal link's end is too far away to be told on each page."""
    return until(link, zone) if link.contact_id is None else None


def _owed(owed: Sequence[tuple[OpenItem, bool]], standing: payments.Standing) -> list[Owed]:
    being_paid = standing.being_paid
    return [
        Owed(
            item,
            item.id in being_paid,
            being_paid.get(item.id) is CheckoutState.PROCESSING,
            is_printed,
        )
        for item, is_printed in owed
    ]


def _face(account: Account, one: Owed, at: datetime) -> dict[str, object]:
    item = one.item
    today = day_in(account.rules.time_zone, at)
    paid = item.total - one.amount
    return {
        **item_names(item),
        "id": item.id,
        "is_overdue": item.due_on is not None and item.due_on < today,
        "still_to_pay": _plain(one.amount),
        "paid": _plain(paid if paid.is_positive else zero(paid.currency)),
        "is_being_paid": one.is_being_paid,
        "is_pending": one.is_pending,
        "has_document": one.has_document,
        "promised_on": item.promised_on.isoformat() if item.promised_on else None,
    }


def _under_way(account: Account) -> list[dict[str, object]]:
    zone = account.rules.time_zone
    return [
        {
            "state": coming.state,
            "amount": _plain(coming.amount),
            "day": day_in(zone, coming.registered_at).isoformat(),
        }
        for coming in account.standing.coming
    ]


def _plain(amount: Money) -> dict[str, object]:
    return {"minor": amount.minor, "currency": amount.currency}
