"""Open items as autocharge sees them. Another kind of item joins here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from worker import credits, invoices
from worker.autocharge.model import INVOICE, Charge, Mandate
from worker.credits import CreditRequest
from worker.invoices import CREDIT_REQUEST, Invoice, State
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, zero
from worker.ledger import Account, Posting

PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be paid. `rests`: staff want no mail about it, so no charge either.

    `was_planned`: whether there may be charges of it, ended ones included.
    `by_card`: a credit request that is to be paid by link alone is never charged.
    """

    kind: str
    id: str
    number: str
    customer_id: str
    owed: Money
    due_on: date
    contract: str | None
    rests: bool = False
    was_planned: bool = True
    by_card: bool = True


def lock(session: Session, charge: Charge) -> Item | None:
    """A charge's item as it stands, locked; owed is zero where nothing is to be paid any more.

    Take the customer's lock first.
    """
    found = invoices.lock(session, BusinessKey(charge.business), charge.item_id)
    return of_invoice(session, found) if found is not None else None


def by_charge(session: Session, charge: Charge) -> Item | None:
    """A charge's item, to write about."""
    found = invoices.by_id(session, BusinessKey(charge.business), charge.item_id)
    return of_invoice(session, found) if found is not None else None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what is due, and the id to go on after; None at the end."""

    items: list[Item]
    after: str | None


def page(
    session: Session, business: BusinessKey, *, until: date, after: str, with_card: bool
) -> Page:
    """What is to be paid by a day, by id; `with_card`: only of who has stored a card."""
    rows = session.execute(_due(business, until, after, with_card=with_card)).all()
    return Page(_owed_of(rows), rows[-1].id if len(rows) == PAGE else None)


def of_customer(session: Session, business: BusinessKey, customer_id: str) -> list[Item]:
    """All that one customer has to pay, whenever it is due."""
    rows = session.execute(
        _asked().where(*_payable(business), Invoice.customer_id == customer_id)
    ).all()
    return _owed_of(rows)


def of_invoice(session: Session, invoice: Invoice) -> Item:
    """An invoice, or a credit request, as it stands."""
    owed = invoices.still_to_pay(session, invoice)
    request = credits.of_item(session, BusinessKey(invoice.business), invoice.id)
    is_open = invoices.state_of(invoice, owed) in {State.OPEN, State.PART_PAID}
    return Item(
        kind=kind_of(invoice),
        id=invoice.id,
        number=invoice.number,
        customer_id=invoice.customer_id or "",
        owed=owed if is_open and not invoice.is_credit else zero(invoice.currency),
        due_on=invoice.due_on or invoice.issue_on or invoice.received_at.date(),
        contract=(invoice.reading or {}).get("contract"),
        rests=invoice.rests_since is not None,
        by_card=request is None or request.by_card,
    )


def kind_of(invoice: Invoice) -> str:
    """What a charge calls the item."""
    return CREDIT_REQUEST if invoice.is_credit_request else INVOICE


def _due(business: BusinessKey, until: date, after: str, *, with_card: bool) -> Any:
    by_then = or_(Invoice.due_on.is_(None), Invoice.due_on <= until)
    wanted = [*_payable(business), Invoice.id > after, by_then]
    if with_card:
        of_customer = and_(
            Mandate.business == Invoice.business, Mandate.customer_id == Invoice.customer_id
        )
        wanted.append(exists().where(of_customer, Mandate.revoked_at.is_(None)))
    return _asked().where(*wanted).order_by(Invoice.id).limit(PAGE)


def _payable(business: BusinessKey) -> list[ColumnElement[bool]]:
    return [
        Invoice.business == business,
        Invoice.customer_id.is_not(None),
        Invoice.issued_at.is_not(None),
        Invoice.voided_at.is_(None),
        Invoice.corrected_at.is_(None),
        Invoice.total_minor > 0,
        Invoice.doc_type.in_((INVOICE, CREDIT_REQUEST)),
    ]


def _asked() -> Any:
    """The columns of an item: with what is owed, and what a credit request says of cards."""
    owed = (
        select(func.coalesce(func.sum(Posting.amount_minor), 0))
        .where(
            Posting.business == Invoice.business,
            Posting.item_id == Invoice.id,
            Posting.account == Account.RECEIVABLE.value,
            Posting.currency == Invoice.currency,
        )
        .scalar_subquery()
    )
    planned = exists().where(
        Charge.business == Invoice.business,
        Charge.item_kind == Invoice.doc_type,
        Charge.item_id == Invoice.id,
    )
    columns = (
        Invoice.id,
        Invoice.number,
        Invoice.customer_id,
        Invoice.currency,
        Invoice.due_on,
        Invoice.issue_on,
        Invoice.received_at,
        Invoice.rests_since,
        Invoice.reading["contract"].as_string().label("contract"),
        Invoice.doc_type,
        func.coalesce(CreditRequest.by_card, True).label("by_card"),
        owed.label("owed"),
        planned.label("was_planned"),
    )
    of_item = and_(CreditRequest.business == Invoice.business, CreditRequest.item_id == Invoice.id)
    return select(*columns).outerjoin(CreditRequest, of_item)


def _owed_of(rows: Sequence[Any]) -> list[Item]:
    return [
        Item(
            kind=row.doc_type,
            id=row.id,
            number=row.number,
            customer_id=row.customer_id,
            owed=Money(int(row.owed), row.currency),
            due_on=row.due_on or row.issue_on or row.received_at.date(),
            contract=row.contract,
            rests=row.rests_since is not None,
            was_planned=row.was_planned,
            by_card=row.by_card,
        )
        for row in rows
        if row.owed > 0
    ]
