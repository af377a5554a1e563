"""What the books know of a batch of bank entries, asked in few questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.customers import Customer, name_key
from worker.invoices import EFFECT_MINOR, Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, zero
from worker.ledger import Account, Posting
from worker.payments.announcing import ProposedAllocation
from worker.payments.applying import STAFF_EVIDENCE
from worker.payments.bank_entries import BankEntry, Outcome
from worker.payments.bank_matching import Claimed, Facts, Named
from worker.payments.bank_words import Candidate, candidates, is_strong, outermost
from worker.payments.model import Allocation, Payment, PaymentState

_CHUNK = 800
_BANK_METHODS = ("bank_transfer", "cheque", "direct_debit")
# A clerk who reads the account writes money down within days of the bank's own line.
_DAYS_APART = 7
_PAYOUT = "STRIPE"


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    number: str
    customer_id: str
    currency: str


@dataclass
class Known:
    """The books as a batch needs them; `use` keeps them true while it is settled."""

    items: dict[str, list[_Item]] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    by_number: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, set[str]] = field(default_factory=dict)
    by_account: dict[str, set[str]] = field(default_factory=dict)
    payments: dict[tuple[int, str], list[Payment]] = field(default_factory=dict)
    proposed: dict[str, list[tuple[str, Money]]] = field(default_factory=dict)
    paid_items: dict[str, frozenset[str]] = field(default_factory=dict)
    words: dict[str, list[Candidate]] = field(default_factory=dict)

    def customers(self) -> set[str]:
        """Everybody whose money any of it may be."""
        ids = {item.customer_id for items in self.items.values() for item in items}
        ids |= set(self.by_number.values())
        for sets in (self.by_name, self.by_account):
            ids |= {who for found in sets.values() for who in found}
        ids |= {p.customer_id for found in self.payments.values() for p in found if p.customer_id}
        return ids

    def facts(self, entry: BankEntry) -> Facts:
        """All that is known of one entry now."""
        named = self._named(entry)
        claims = self.payments.get((entry.amount_minor, entry.currency), [])
        words = " ".join((entry.said, *entry.structured)).upper()
        return Facts(
            amount=entry.amount,
            named=tuple(named),
            by_number=frozenset(
                self.by_number[c.key]
                for c in self.words[entry.id]
                if c.key in self.by_number and is_strong(c.key)
            ),
            by_account=frozenset(self.by_account.get(entry.payer_account or "", ())),
            by_name=frozenset(self.by_name.get(name_key(entry.payer_name or ""), ())),
            announced=tuple(
                self._claimed(p, entry) for p in claims if p.state == PaymentState.ANNOUNCED
            ),
            registered=tuple(
                claimed
                for p in claims
                if p.state == PaymentState.SETTLED
                and (claimed := self._claimed(p, entry)).days <= _DAYS_APART
            ),
            is_payout=_PAYOUT in words or _PAYOUT in (entry.payer_name or "").upper(),
        )

    def use(
        self, entry: BankEntry, payment_id: str | None, applied: Iterable[tuple[str, Money]]
    ) -> None:
        """Remember what an entry has used: no other one of the batch may use it again."""
        for item_id, amount in applied:
            self.owed[item_id] = self.owed.get(item_id, 0) - amount.minor
        key = (entry.amount_minor, entry.currency)
        if key in self.payments:
            self.payments[key] = [p for p in self.payments[key] if p.id != payment_id]

    def _named(self, entry: BankEntry) -> list[Named]:
        words = {c.key: c for c in self.words[entry.id] if c.key in self.items}
        found: dict[str, Named] = {}
        for key in sorted(outermost(words)):
            for item in self.items[key]:
                is_same = item.currency == entry.currency
                owed = self._owed(item.id, entry.currency) if is_same else zero(entry.currency)
                strong = is_strong(key) or words[key].is_structured
                found[item.id] = Named(item.id, item.number, item.customer_id, owed, strong)
        return list(found.values())

    def _claimed(self, payment: Payment, entry: BankEntry) -> Claimed:
        said = "".join(" ".join((entry.said, entry.end_to_end_id or "")).split()).upper()
        reference = "".join((payment.reference or "").split()).upper()
        paid_on, booked_on = payment.paid_on, entry.booked_on
        proposed = self.proposed.get(payment.id, [])
        items = self.paid_items.get(payment.id, frozenset()) | {item_id for item_id, _ in proposed}
        return Claimed(
            payment.id,
            payment.customer_id or "",
            items,
            is_named=bool(reference) and is_strong(reference) and reference in said,
            days=abs((paid_on - booked_on).days) if paid_on and booked_on else 0,
            shares=tuple(
                (item_id, min(amount, self._owed(item_id, payment.currency)))
                for item_id, amount in proposed
                if self._owed(item_id, payment.currency).is_positive
            ),
        )

    def _owed(self, item_id: str, currency: str) -> Money:
        return Money(max(self.owed.get(item_id, 0), 0), currency)


def known_of(session: Session, business: BusinessKey, entries: Sequence[BankEntry]) -> Known:
    """What the books know of these entries as they stand now."""
    known = Known()
    for entry in entries:
        text = f"{entry.said} {entry.end_to_end_id or ''}"
        known.words[entry.id] = candidates(text, entry.structured)
    keys = {c.key for found in known.words.values() for c in found}
    _find_items(session, business, known, keys)
    _find_customers(session, business, known, keys, entries)
    _find_payments(session, business, known, entries)
    _find_owed(session, business, known)
    return known


def _find_owed(session: Session, business: BusinessKey, known: Known) -> None:
    ids = [item.id for items in known.items.values() for item in items]
    ids += [item_id for shares in known.proposed.values() for item_id, _ in shares]
    for some in _chunks(list(dict.fromkeys(ids))):
        rows = session.execute(
            select(Posting.item_id, func.sum(Posting.amount_minor))
            .where(
                Posting.business == business,
                Posting.account == Account.RECEIVABLE.value,
                Posting.item_id.in_(some),
            )
            .group_by(Posting.item_id)
        )
        known.owed |= {item_id: int(minor) for item_id, minor in rows if item_id}


def _find_items(session: Session, business: BusinessKey, known: Known, keys: set[str]) -> None:
    wanted = select(
        Invoice.number_key, Invoice.id, Invoice.number, Invoice.customer_id, Invoice.currency
    ).where(
        Invoice.business == business,
        Invoice.issued_at.is_not(None),
        Invoice.voided_at.is_(None),
        Invoice.corrected_at.is_(None),
        Invoice.customer_id.is_not(None),
        EFFECT_MINOR > 0,
    )
    items: dict[str, list[_Item]] = defaultdict(list)
    for key, *item in _rows(session, wanted, Invoice.number_key, keys):
        items[key].append(_Item(*item))
    known.items = dict(items)
    structured = {
        c.key for found in known.words.values() for c in found if c.is_structured
    } - items.keys()
    if structured:
        _find_by_payment_reference(session, known, wanted, structured)


def _find_by_payment_reference(
    session: Session, known: Known, wanted: Select[*tuple[Any, ...]], keys: set[str]
) -> None:
    """Invoices whose own payment reference the bank hands on as a structured one."""
    reference = Invoice.reading["payment_reference"].as_string()
    given = func.upper(func.replace(reference, " ", ""))
    for some in _chunks(sorted(keys)):
        for key, *item in session.execute(
            wanted.with_only_columns(given, *list(wanted.selected_columns)[1:]).where(
                given.in_(some)
            )
        ):
            known.items.setdefault(key, []).append(_Item(*item))


def _find_customers(
    session: Session,
    business: BusinessKey,
    known: Known,
    keys: set[str],
    entries: Sequence[BankEntry],
) -> None:
    own = Customer.business == business
    strong = {key for key in keys if is_strong(key)}
    numbered = select(Customer.number, Customer.id).where(own)
    known.by_number = {row[0]: row[1] for row in _rows(session, numbered, Customer.number, strong)}
    names = {name_key(e.payer_name) for e in entries if e.payer_name}
    called = select(Customer.name_key, Customer.id).where(own)
    known.by_name = _sets(_rows(session, called, Customer.name_key, names))
    accounts = {e.payer_account for e in entries if e.payer_account}
    paid_from = (
        select(BankEntry.payer_account, Payment.customer_id)
        .join(
            Payment, (Payment.business == BankEntry.business) & (Payment.id == BankEntry.payment_id)
        )
        .where(
            BankEntry.business == business,
            Payment.customer_id.is_not(None),
            BankEntry.outcome.in_((Outcome.APPLIED.value, Outcome.RECOGNISED.value)),
        )
        .distinct()
    )
    known.by_account = _sets(_rows(session, paid_from, BankEntry.payer_account, accounts))


def _find_payments(
    session: Session, business: BusinessKey, known: Known, entries: Sequence[BankEntry]
) -> None:
    """Announced and registered payments of the same amounts that no entry has proved yet."""
    amounts = {entry.amount_minor for entry in entries}
    proved = exists().where(
        BankEntry.business == Payment.business, BankEntry.payment_id == Payment.id
    )
    registered = (
        (Payment.state == PaymentState.SETTLED.value)
        & (Payment.evidence_type == STAFF_EVIDENCE)
        & Payment.method.in_(_BANK_METHODS)
    )
    announced = Payment.state == PaymentState.ANNOUNCED.value
    for some in _chunks(sorted(amounts)):
        for payment in session.scalars(
            select(Payment)
            .where(
                Payment.business == business,
                Payment.amount_minor.in_(some),
                Payment.customer_id.is_not(None),
                or_(announced, registered),
                ~proved,
            )
            .order_by(Payment.registered_at, Payment.id)
            .execution_options(populate_existing=True)
        ):
            key = (payment.amount_minor, payment.currency)
            known.payments.setdefault(key, []).append(payment)
    ids = [p.id for found in known.payments.values() for p in found]
    applied = select(Allocation.payment_id, Allocation.item_id).where(
        Allocation.business == business, Allocation.undone_at.is_(None)
    )
    found = _sets(_rows(session, applied, Allocation.payment_id, ids))
    known.paid_items = {payment_id: frozenset(items) for payment_id, items in found.items()}
    _find_proposed(session, business, known, ids)


def _find_proposed(
    session: Session, business: BusinessKey, known: Known, payment_ids: Sequence[str]
) -> None:
    """What the announced ones of these payments are to pay."""
    row = ProposedAllocation
    proposed = (
        select(row.payment_id, row.item_id, row.amount_minor, row.currency)
        .where(row.business == business)
        .order_by(row.item_id)
    )
    for payment_id, item_id, minor, currency in _rows(
        session, proposed, row.payment_id, payment_ids
    ):
        known.proposed.setdefault(payment_id, []).append((item_id, Money(minor, currency)))


def _rows(
    session: Session,
    wanted: Select[*tuple[Any, ...]],
    column: InstrumentedAttribute[Any] | ColumnElement[Any],
    values: Collection[Any],
) -> list[Any]:
    return [
        row
        for some in _chunks(sorted(values))
        for row in session.execute(wanted.where(column.in_(some)))
    ]


def _chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]


def _sets(rows: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, value in rows:
        found[key].add(value)
    return dict(found)
