"""GET /l/{token}/receipt/{receipt}: what was paid, on one page to print. It only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import delivery, invoices, payments
from worker.app import App
from worker.delivery import Paper, ReceiptNotice
from worker.kernel.ids import BusinessKey
from worker.paylinks import Link
from worker.payments import Allocation, Payment, PaymentState
from worker.web import answers
from worker.web.account import account_of
from worker.web.answers import Draft
from worker.web.forms import Visitor, visitor
from worker.web.standing import Standing, link_of, standing_of


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """A receipt is named by its payment or, where the balance paid, by what it was applied to."""

    app: App

    async def show(self, request: Request) -> Response:
        """GET /l/{token}/receipt/{receipt}"""
        who, receipt = visitor(request), str(request.path_params["receipt"])
        return await run_in_threadpool(self._show, who, receipt)

    def _show(self, who: Visitor, receipt: str) -> Response:
        draft = self._draft(who, receipt, at=self.app.now())
        return answers.not_found(self.app, who) if draft is None else answers.page(self.app, draft)

    def _draft(self, who: Visitor, receipt: str, *, at: datetime) -> Draft | None:
        with self.app.reading() as session:
            link = link_of(self.app, session, who)
            if link is None:
                return None
            seen = account_of(self.app, session, who, link, at=at) or standing_of(
                self.app, session, who, link, at=at
            )
            if seen is None or not seen.may_see:
                return None
            paper = Paper(seen.rules, "")
            notice = receipt_of(session, link, receipt, paper)
            if notice is None:
                return None
            facts: dict[str, object] = {
                "business": seen.rules.page_face,
                "is_test": not seen.rules.stripe.livemode,
                "link": {"path": answers.path_of(self.app, link)},
                "receipt": notice.context(),
            }
            return Draft(seen.business, seen.language, "receipt.html", facts)


def receipt_of(session: Session, link: Link, receipt: str, paper: Paper) -> ReceiptNotice | None:
    """What a receipt says, if it is one that this link may show."""
    found = _of_payment(session, link, receipt, paper)
    return found or _of_balance(session, link, receipt, paper)


def receipts_of(session: Session, standing: Standing) -> list[dict[str, object]]:
    """The receipts that the page of a paid item offers, the newest last."""
    link, found = standing.link, []
    for one in payments.allocated_to(session, standing.business, standing.invoice.id):
        payment = _payment(session, link, one.payment_id or "")
        if payment is not None:
            found.append((payment.id, payment.amount))
        elif _is_of_balance(one):
            found.append((one.id, one.amount))
    shown = dict(found)
    return [
        {"id": id, "amount": {"minor": amount.minor, "currency": amount.currency}}
        for id, amount in shown.items()
    ]


def _of_payment(
    session: Session, link: Link, payment_id: str, paper: Paper
) -> ReceiptNotice | None:
    """Of a payment of the link's customer; below the link of an item, of one that paid it."""
    payment = _payment(session, link, payment_id)
    if payment is None:
        return None
    if link.item_id not in (None, *_items_of(session, payment)):
        return None
    return delivery.receipt_notice(session, payment, paper)


def _items_of(session: Session, payment: Payment) -> set[str]:
    """What a payment paid, or was asked for: an item that was withdrawn meanwhile took nothing."""
    business = BusinessKey(payment.business)
    found = {one.item_id for one in payments.allocations_of(session, business, payment.id)}
    asked = payments.shares_of(session, business, payment.checkout_id or "")
    return found | {one.item_id for one in asked}


def _payment(session: Session, link: Link, payment_id: str) -> Payment | None:
    """A settled payment of the link's customer, of which no money went back."""
    business = BusinessKey(link.business)
    payment = payments.by_id(session, business, payment_id)
    if payment is None or payment.customer_id != link.customer_id:
        return None
    is_settled = payment.state == PaymentState.SETTLED
    went_back = payments.refunds_of(session, business, payment.id) or payments.disputes_of(
        session, business, payment.id
    )
    return payment if is_settled and not went_back else None


def _of_balance(
    session: Session, link: Link, allocation_id: str, paper: Paper
) -> ReceiptNotice | None:
    business = BusinessKey(link.business)
    applied = payments.allocation(session, business, allocation_id)
    if applied is None or applied.undone_at is not None or not _is_of_balance(applied):
        return None
    item = invoices.by_id(session, business, applied.item_id)
    if item is None or item.customer_id != link.customer_id:
        return None
    if link.item_id not in (None, item.id):
        return None
    return delivery.balance_receipt(session, applied, item, paper)


def _is_of_balance(applied: Allocation) -> bool:
    return not (applied.payment_id or applied.credit_note_id or applied.bearer)
