"""Credit requests and their plans, found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from worker import invoices, store
from worker.credits.model import CreditNumber, CreditPlan, CreditRequest, RequestState
from worker.invoices import Invoice
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.ledger import Account, Posting


def state_of(request: CreditRequest, paid: Money) -> RequestState:
    """Where a request stands; pure. `paid` is what is applied to its open item."""
    if request.ended_at is not None:
        return RequestState.DELETED if paid.is_positive else RequestState.VOID
    if request.item_id is None:
        return RequestState.DRAFTED
    if not paid.is_positive:
        return RequestState.PENDING
    return RequestState.PAID if paid >= request.amount else RequestState.PART_PAID


def by_id(session: Session, business: BusinessKey, request_id: str) -> CreditRequest | None:
    """One request."""
    return store.get(session, CreditRequest, business, request_id)


def called(session: Session, business: BusinessKey, name: str) -> CreditRequest | None:
    """The request that a person means by an id or a number."""
    return session.scalar(
        select(CreditRequest).where(
            CreditRequest.business == business,
            or_(CreditRequest.id == name, CreditRequest.number == name.strip().upper()),
        )
    )


def of_item(session: Session, business: BusinessKey, item_id: str) -> CreditRequest | None:
    """The request behind an open item; None of an invoice."""
    return store.one(session, CreditRequest, business=business, item_id=item_id)


def request_of(session: Session, business: BusinessKey, source_key: str) -> CreditRequest | None:
    """The request that this source had drafted."""
    return store.one(session, CreditRequest, business=business, source_key=source_key)


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[CreditRequest]:
    """The last requests drafted, newest first."""
    return session.scalars(
        select(CreditRequest)
        .where(CreditRequest.business == business)
        .order_by(CreditRequest.drafted_at.desc(), CreditRequest.sequence.desc(), CreditRequest.id)
        .limit(limit)
    ).all()


def drafts(session: Session, business: BusinessKey) -> Sequence[CreditRequest]:
    """What waits to be confirmed, the first drafted first."""
    return session.scalars(
        select(CreditRequest)
        .where(
            CreditRequest.business == business,
            CreditRequest.confirmed_at.is_(None),
            CreditRequest.ended_at.is_(None),
        )
        .order_by(CreditRequest.drafted_at, CreditRequest.id)
    ).all()


def by_card(
    session: Session, business: BusinessKey, customer_id: str, currency: str
) -> Sequence[CreditRequest]:
    """A customer's requests that a stored card is to pay, drafts too, without those that ended."""
    return session.scalars(
        select(CreditRequest).where(
            CreditRequest.business == business,
            CreditRequest.customer_id == customer_id,
            CreditRequest.currency == currency,
            CreditRequest.by_card.is_(True),
            CreditRequest.ended_at.is_(None),
        )
    ).all()


def last_number(session: Session, business: BusinessKey) -> CreditNumber:
    """The row of the last running number, locked."""
    store.insert_once(session, CreditNumber, {"business": business, "last": 0})
    return session.scalars(
        select(CreditNumber)
        .where(CreditNumber.business == business)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def plan(session: Session, business: BusinessKey, plan_id: str) -> CreditPlan | None:
    """One plan."""
    return store.get(session, CreditPlan, business, plan_id)


def plans(session: Session, business: BusinessKey) -> Sequence[CreditPlan]:
    """The plans in force, the first set first."""
    return session.scalars(
        select(CreditPlan)
        .where(CreditPlan.business == business, CreditPlan.ended_at.is_(None))
        .order_by(CreditPlan.set_at, CreditPlan.id)
    ).all()


def asked_since(session: Session, plan: CreditPlan, since: datetime) -> Money:
    """What a plan asked for from an instant on, without what was called off unpaid."""
    business = BusinessKey(plan.business)
    rows = session.scalars(
        select(CreditRequest).where(
            CreditRequest.business == business,
            CreditRequest.plan_id == plan.id,
            CreditRequest.drafted_at >= since,
        )
    )
    return Money(sum(_asked(session, business, one) for one in rows), plan.currency)


def _asked(session: Session, business: BusinessKey, request: CreditRequest) -> int:
    if request.ended_at is None:
        return request.amount_minor
    if request.item_id is None:
        return 0
    return request.amount_minor - invoices.asked_no_more(session, business, request.item_id)


def asked_of(session: Session, business: BusinessKey, customer_id: str, currency: str) -> Money:
    """What a customer is being asked for now and has not paid: drafts, and what is still open."""
    drafted = session.scalar(
        select(func.coalesce(func.sum(CreditRequest.amount_minor), 0)).where(
            CreditRequest.business == business,
            CreditRequest.customer_id == customer_id,
            CreditRequest.currency == currency,
            CreditRequest.item_id.is_(None),
            CreditRequest.ended_at.is_(None),
        )
    )
    still_open = session.scalar(
        select(func.coalesce(func.sum(-Posting.amount_minor), 0))
        .join(Invoice, and_(Invoice.business == Posting.business, Invoice.id == Posting.item_id))
        .where(
            Posting.business == business,
            Posting.customer_id == customer_id,
            Posting.currency == currency,
            Posting.account == Account.CREDIT_REQUESTED.value,
            # Money taken back from a request that was ended is asked for by nobody.
            Invoice.voided_at.is_(None),
        )
    )
    return Money(int(drafted or 0) + int(still_open or 0), currency)


def drafted_on(session: Session, plan: CreditPlan, day: date) -> bool:
    """Whether a plan has had its request of a day drafted, whatever became of it."""
    return request_of(session, BusinessKey(plan.business), key_of(plan, day)) is not None


def key_of(plan: CreditPlan, day: date) -> str:
    """What a plan's request of a day comes from: once, however many clocks tick."""
    return f"plan:{plan.id}:{day}"
