"""GET /l/{token}/thanks: what was paid and what happens next, as the books have it. It only reads.

The payer comes here from the gateway, or from paying with the balance. What the address says proves
nothing: it names at most what of the customer's own is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from worker import delivery, payments
from worker.app import App
from worker.delivery import Paper, ReceiptNotice
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.payments import Allocation, Checkout, CheckoutState
from worker.web import answers
from worker.web.account import Account, account_of
from worker.web.answers import Draft
from worker.web.forms import Visitor, visitor
from worker.web.receipt_page import receipt_of, receipts_of
from worker.web.standing import (
    Face,
    Standing,
    context,
    debit_face,
    link_of,
    standing_of,
)
from worker.web.tabs import tabs_of

# The payer comes back before the gateway's word does: the page looks again, ever more slowly.
LOOKS_AFTER_S = (2, 3, 5, 8, 13, 21)
_LOOK = re.compile(r"[0-9]{1,2}", re.ASCII)
_PAID = re.compile(r"alc_[0-9a-z_]{1,60}", re.ASCII)
_MOST_PAID = 40

_Seen = Standing | Account


@dataclass(frozen=True, slots=True)
class ThanksPage:
    """The page after paying: paid, under way at a bank, or not heard of yet."""

    app: App

    async def show(self, request: Request) -> Response:
        """GET /l/{token}/thanks"""
        asked = request.query_params.get("look", "0")
        look = int(asked) if _LOOK.fullmatch(asked) else len(LOOKS_AFTER_S)
        paid = request.query_params.get("paid", "").split(",")[:_MOST_PAID]
        named = [one for one in paid if _PAID.fullmatch(one)]
        return await run_in_threadpool(self._show, visitor(request), look, named)

    def _show(self, who: Visitor, look: int, paid: Sequence[str]) -> Response:
        at = self.app.now()
        with self.app.reading() as session:
            link = link_of(self.app, session, who)
            seen: _Seen | None = None
            if link is not None:
                seen = account_of(self.app, session, who, link, at=at) or standing_of(
                    self.app, session, who, link, at=at
                )
            if seen is None:
                return answers.not_found(self.app, who)
            path = answers.path_of(self.app, seen.link)
            draft = self._draft(session, seen, look, paid, at=at) if seen.may_see else None
        # Where nothing was paid here lately, the page itself says how things stand.
        return answers.see_other(path) if draft is None else answers.page(self.app, draft)

    def _draft(
        self, session: Session, seen: _Seen, look: int, paid: Sequence[str], *, at: datetime
    ) -> Draft | None:
        facts = self._facts(session, seen, at=at)
        last = payments.newest_checkout(session, seen.business, seen.link.customer_id, seen.link.id)
        receipts = self._receipts(session, seen, last, paid)
        if receipts:
            template, extra = "thanks.html", _thanks(session, seen, receipts)
        elif isinstance(seen, Standing) and seen.face not in (Face.PAY, Face.ENDED):
            return None
        elif debit := _debit(session, seen, last):
            template, extra = "pending.html", {"debit": debit}
        elif _may_still_come(seen, last):
            template, extra = "waiting.html", {"next_look": _next_look(look)}
        else:
            return None
        return Draft(seen.business, seen.language, template, facts | extra)

    def _facts(self, session: Session, seen: _Seen, *, at: datetime) -> dict[str, object]:
        path = answers.path_of(self.app, seen.link)
        if isinstance(seen, Standing):
            facts = context(session, seen, path=path, at=at)
            return facts | {"tabs": None, "within": ""}
        return {
            "business": seen.rules.page_face,
            "is_test": not seen.rules.stripe.livemode,
            "link": {"path": path},
            "tabs": tabs_of(seen.link, path, "invoices"),
            "within": f"?in={seen.wanted}" if seen.wanted else "",
            "item": None,
            "has_document": False,
        }

    def _receipts(
        self, session: Session, seen: _Seen, last: Checkout | None, paid: Sequence[str]
    ) -> list[ReceiptNotice]:
        """What was paid just now, or, of an item that is paid, whatever paid it."""
        paper = Paper(seen.rules, "")
        ids = list(paid)
        if not ids and last is not None and last.state == CheckoutState.COMPLETE:
            payment = payments.brought_by(session, last)
            ids = [payment.id] if payment is not None else []
        found = [receipt_of(session, seen.link, one, paper) for one in ids]
        shown = [one for one in found if one is not None]
        if shown or isinstance(seen, Account) or seen.face is not Face.PAID:
            return shown
        of_item = [str(one["id"]) for one in receipts_of(session, seen)]
        found = [receipt_of(session, seen.link, one, paper) for one in of_item]
        return [one for one in found if one is not None]


def address_after(path: str, applied: Sequence[Allocation]) -> str:
    """Where who paid from the balance is sent."""
    return f"{path}/thanks?paid={','.join(one.id for one in applied)}"


def _thanks(session: Session, seen: _Seen, receipts: Sequence[ReceiptNotice]) -> dict[str, object]:
    mailed_to = delivery.receipt_address(session, seen.business, receipts[-1].reference)
    return {
        "receipts": [one.context() for one in receipts],
        "mailed_to": Address.parse(mailed_to).masked if mailed_to else None,
        "rest": _plain(_rest(seen)),
    }


def _rest(seen: _Seen) -> Money | None:
    """What may still be paid at this link."""
    if isinstance(seen, Account):
        return seen.sum if seen.is_live and seen.sum.is_positive else None
    return seen.still_to_pay if seen.face is Face.PAY else None


def _debit(session: Session, seen: _Seen, last: Checkout | None) -> dict[str, object] | None:
    """The debit that a bank is at: of an item whichever page began it, else of this link."""
    if isinstance(seen, Standing):
        return debit_face(session, seen.business, payments.at_the_bank(session, seen.invoice))
    is_under_way = last is not None and last.state == CheckoutState.PROCESSING
    return debit_face(session, seen.business, last) if is_under_way else None


def _may_still_come(seen: _Seen, last: Checkout | None) -> bool:
    """Whether the payer may be back before the gateway's word is."""
    if isinstance(seen, Standing) and last is None:
        return True
    return last is not None and last.state in (CheckoutState.OPENING, CheckoutState.OPEN)


def _next_look(look: int) -> dict[str, int] | None:
    if look >= len(LOOKS_AFTER_S):
        return None
    return {"after_s": LOOKS_AFTER_S[look], "number": look + 1}


def _plain(amount: Money | None) -> dict[str, object] | None:
    return None if amount is None else {"minor": amount.minor, "currency": amount.currency}
