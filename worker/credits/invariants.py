"""What always holds of credit requests."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from worker.credits.model import CreditNumber, CreditRequest
from worker.invoices import CREDIT_REQUEST, Invoice
from worker.ledger import Account, Posting

SHOWN = 50


def numbers_have_no_gap(session: Session) -> list[str]:
    """The running numbers of a business are 1, 2, 3 … up to the last one given."""
    rows = session.execute(
        select(CreditNumber.business)
        .outerjoin(CreditRequest, CreditRequest.business == CreditNumber.business)
        .group_by(CreditNumber.business, CreditNumber.last)
        .having(
            or_(
                func.count(CreditRequest.sequence) != CreditNumber.last,
                func.coalesce(func.max(CreditRequest.sequence), 0) != CreditNumber.last,
            )
        )
        .limit(SHOWN)
    )
    return [f"{business}: a number of a credit request is missing." for (business,) in rows]


def a_raised_request_has_its_item(session: Session) -> list[str]:
    """What is asked for is what was confirmed: one open item, of the same customer and amount."""
    same = and_(Invoice.business == CreditRequest.business, Invoice.id == CreditRequest.item_id)
    rows = session.execute(
        select(CreditRequest.business, CreditRequest.id)
        .outerjoin(Invoice, same)
        .where(
            CreditRequest.item_id.is_not(None),
            or_(
                Invoice.id.is_(None),
                Invoice.doc_type != CREDIT_REQUEST,
                Invoice.total_minor != CreditRequest.amount_minor,
                Invoice.currency != CreditRequest.currency,
                Invoice.customer_id != CreditRequest.customer_id,
                Invoice.number != CreditRequest.number,
                CreditRequest.confirmed_at.is_(None),
                Invoice.voided_at.is_(None) != CreditRequest.ended_at.is_(None),
            ),
        )
        .limit(SHOWN)
    )
    return [f"{business}: request {request} is not as confirmed." for business, request in rows]


def nobody_owes_a_prepayment(session: Session) -> list[str]:
    """What is still to pay of credit requests is balanced by an account of its own."""
    of_item = and_(Posting.business == Invoice.business, Posting.item_id == Invoice.id)
    both = (Account.RECEIVABLE.value, Account.CREDIT_REQUESTED.value)
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .join(Posting, of_item)
        .where(Invoice.doc_type == CREDIT_REQUEST, Posting.account.in_(both))
        .group_by(Invoice.business, Invoice.id)
        .having(func.sum(Posting.amount_minor) != 0)
        .limit(SHOWN)
    )
    return [f"{business}: {item} stands in the books as a claim." for business, item in rows]


INVARIANTS = (
    numbers_have_no_gap,
    a_raised_request_has_its_item,
    nobody_owes_a_prepayment,
)
