"""The page behind a pay link, its document, and a code for a transfer. All only read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from anyio import CapacityLimiter, to_thread
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import documents, invoices, payments
from worker.app import App
from worker.businesses import transfer_code
from worker.kernel.money import total
from worker.web import answers
from worker.web.account import account_of, contacts_of, find_account, reference_of
from worker.web.account_page import AccountPage
from worker.web.answers import Draft
from worker.web.forms import Visitor, new_browser, seal, visitor
from worker.web.receipt_page import receipts_of
from worker.web.standing import (
    Face,
    Standing,
    context,
    debit_face,
    find,
    link_of,
    offers_of,
    standing_of,
)
from worker.web.ways import faces

PAGES_AT_ONCE = 4
_NOT_IN_FILE_NAMES = re.compile(r"[^0-9A-Za-z._-]+")


@dataclass(frozen=True, slots=True)
class PayPage:
    """The page and what it shows: addresses that a browser may read."""

    app: App
    # More pages at once only take turns at the interpreter, and each wants a connection.
    turns: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(PAGES_AT_ONCE))

    async def show(self, request: Request) -> Response:
        """GET /l/{token}"""
        return await to_thread.run_sync(self._show, visitor(request), limiter=self.turns)

    async def document(self, request: Request) -> Response:
        """GET /l/{token}/document: the frozen PDF."""
        return await run_in_threadpool(self._document, visitor(request))

    async def item_document(self, request: Request) -> Response:
        """GET /l/{token}/items/{item}/document: of one item of a customer link."""
        who, item_id = visitor(request), str(request.path_params["item"])
        page = AccountPage(self.app)
        found = await run_in_threadpool(page.document, who, item_id)
        return found or answers.not_found(self.app, who)

    async def transfer_code(self, request: Request) -> Response:
        """GET /l/{token}/transfer.png: a QR code that fills in the bank transfer."""
        return await run_in_threadpool(self._transfer_code, visitor(request))

    def _transfer_code(self, who: Visitor) -> Response:
        at = self.app.now()
        with self.app.reading() as session:
            standing = find(self.app, session, who, at=at)
            account = None if standing else find_account(self.app, session, who, at=at)
            text = None
            if standing is not None and standing.may_see:
                reference = documents.reference_of(standing.invoice)
                text = transfer_code(standing.rules, standing.still_to_pay, reference)
            elif account is not None and account.may_see:
                amount = total((one.amount for one in account.payable), account.currency)
                text = transfer_code(account.rules, amount, reference_of(account))
        if text is None:
            return answers.not_found(self.app, who)
        return Response(self.app.qr_png(text), media_type="image/png")

    def _show(self, who: Visitor) -> Response:
        browser = who.browser or new_browser()
        draft = self._draft(who, browser, at=self.app.now())
        if draft is None:
            return answers.not_found(self.app, who)
        response = answers.page(self.app, draft)
        answers.keep_name(self.app, response, browser)
        return response

    def _draft(self, who: Visitor, browser: str, *, at: datetime) -> Draft | None:
        with self.app.reading() as session:
            link = link_of(self.app, session, who)
            if link is None:
                return None
            account = account_of(self.app, session, who, link, at=at)
            if account is not None:
                return AccountPage(self.app).draft(session, account, browser, at=at)
            standing = standing_of(self.app, session, who, link, at=at)
            if standing is None:
                return None
            path = answers.path_of(self.app, standing.link)
            token = seal(self.app.link_keys, standing.link.id, browser, at=at)
            facts = context(session, standing, path=path, at=at) | {"form": {"token": token}}
            template, extra = _FACES[standing.face](session, standing)
            return Draft(standing.business, standing.language, template, facts | extra)

    def _document(self, who: Visitor) -> Response:
        at = self.app.now()
        with self.app.reading() as session:
            standing = find(self.app, session, who, at=at)
            if standing is None or not standing.may_see or standing.face is Face.VOID:
                return answers.not_found(self.app, who)
            document = documents.of_invoice(session, standing.business, standing.invoice.id)
            if document is None:
                return answers.not_found(self.app, who)
            pdf = documents.pdf_of(session, document)
            name = _NOT_IN_FILE_NAMES.sub("-", standing.invoice.number).strip("-.") or "invoice"
        headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
        return Response(pdf, HTTPStatus.OK, headers, media_type="application/pdf")


_Chosen = tuple[str, dict[str, object]]


def _pay(session: Session, standing: Standing) -> _Chosen:
    """With the receipts of what was paid of it, and what else the customer owes."""
    checkout = payments.at_the_bank(session, standing.invoice)
    if checkout is not None:
        debit = debit_face(session, standing.business, checkout)
        return "pending.html", {"debit": debit, "tabs": None}
    extra = faces(offers_of(session, standing), standing.still_to_pay, {})
    is_begun = standing.still_to_pay < standing.invoice.total
    receipts = receipts_of(session, standing) if is_begun else []
    return "pay.html", extra | {"receipts": receipts, "others": _others(session, standing)}


def _others(session: Session, standing: Standing) -> dict[str, object]:
    """What the customer owes besides, and where one link for all of it may go."""
    customer_id, currency = standing.link.customer_id, standing.still_to_pay.currency
    owed = invoices.open_of(session, standing.business, customer_id, currency)
    everything = total((item.still_to_pay for item in owed), currency)
    return {
        "count": sum(item.id != standing.invoice.id for item in owed),
        "amount": {"minor": everything.minor, "currency": currency},
        "contacts": contacts_of(session, standing.business, customer_id) if owed else [],
    }


def _paid(session: Session, standing: Standing) -> _Chosen:
    receipts = receipts_of(session, standing)
    return "paid.html", {"receipts": receipts, "others": _others(session, standing)}


def _ended(session: Session, standing: Standing) -> _Chosen:
    """What it shows of the item is for the browser that opened it; the rest may ask for a link."""
    contacts = contacts_of(session, standing.business, standing.link.customer_id)
    hidden: dict[str, object] = {} if standing.may_see else {"item": None, "bank": None}
    return "ended.html", {"contacts": contacts} | hidden


def _closed(_session: Session, standing: Standing) -> _Chosen:
    return "closed.html", {"why": standing.face.value, "retry": False}


_FACES: dict[Face, Callable[[Session, Standing], _Chosen]] = {
    Face.PAY: _pay,
    Face.PAID: _paid,
    Face.ENDED: _ended,
    Face.SETTLED: _closed,
    Face.VOID: _closed,
    Face.CORRECTED: _closed,
}
