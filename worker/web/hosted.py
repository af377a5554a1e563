"""To the hosted payment page: what is committed before the call, the call, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import anyio
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from worker import invoices, paylinks, payments
from worker.app import App
from worker.kernel.errors import PermanentError, Refused, TransientError
from worker.kernel.ids import BusinessKey
from worker.paylinks import Link
from worker.payments import Checkout, CheckoutFacts, CheckoutState, PageOpen, Payer

_Answer = TypeVar("_Answer")
log = logging.getLogger(__name__)

# The other half of a double click has asked for the same page: it is there in a moment.
_OTHER_CLICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A checkout whose row is committed, and where it leads once that is known."""

    business: BusinessKey
    link: Link
    checkout: Checkout
    payer: Payer


def payer_of(app: App, session: Session, checkout: Checkout, *, language: str) -> Payer:
    """Whom the gateway is told of: what the checkout says alone, whichever page was pressed.

    The link is the one that began it; the same key must always carry the same request.
    """
    business = BusinessKey(checkout.business)
    began = paylinks.by_id(session, business, checkout.link_id)
    item = invoices.by_id(session, business, checkout.item_id)
    if began is None or item is None:
        raise PermanentError(f"Checkout {checkout.id} has no link or no invoice.")
    url = app.link_url(began)
    return Payer(
        link_id=began.id,
        email=item.recipient if began.item_id is not None else None,
        language=language,
        title=item.number,
        success_url=f"{url}/thanks",
        cancel_url=url,
    )


@dataclass(frozen=True, slots=True)
class HostedPage:
    """The gateway's page for a checkout."""

    app: App

    def begin(self, begin: Callable[[], _Answer]) -> _Answer:
        """What `begin` gives, once an earlier page for the same money has been ended.

        Raises Refused while it cannot be ended.
        """
        try:
            return begin()
        except PageOpen as e:
            self._end(e.business, e.checkout_ids)
        return begin()

    async def address(self, begun: Begun) -> str | None:
        """Where the hosted page is; None when it could not be opened."""
        if begun.checkout.url is not None:
            return begun.checkout.url
        try:
            return await run_in_threadpool(self._open, begun)
        except TransientError as e:
            log.warning("checkout %s has no page yet: %s", begun.checkout.id, e)
        except PermanentError as e:
            log.error("checkout %s gets no page: %s", begun.checkout.id, e)
            return None
        await anyio.sleep(_OTHER_CLICK_S)
        return await run_in_threadpool(self._address_by_now, begun)

    def _open(self, begun: Begun) -> str:
        order = payments.order_for(begun.checkout, self._titled(begun))
        page = self.app.gateway(begun.business).open_checkout(order, key=begun.checkout.key)
        with self.app.transaction() as session:
            checkout = payments.checkout(session, begun.business, begun.checkout.id)
            if checkout is not None:
                payments.opened(session, checkout, page)
        return page.url

    def _titled(self, begun: Begun) -> Payer:
        """What the gateway's page calls the thing that is paid, in the payer's language."""
        payer = begun.payer
        with self.app.reading() as session:
            shares = payments.shares_of(session, begun.business, begun.checkout.id)
            item = invoices.by_id(session, begun.business, begun.checkout.item_id)
            is_request = item is not None and item.is_credit_request
        facts: dict[str, object] = {
            "business": self.app.rules(begun.business).page_face,
            "item": {
                "number": payer.title,
                "kind": "credit_request" if is_request else "invoice",
            },
            "count": len(shares),
        }
        made = self.app.page(begun.business, "checkout_title.txt", payer.language, facts)
        fee_title = ""
        if begun.checkout.fee.is_positive:
            by = facts | {"method": begun.checkout.method}
            made_fee = self.app.page(begun.business, "fee_title.txt", payer.language, by)
            fee_title = made_fee.html.strip()
        return replace(payer, title=made.html.strip(), fee_title=fee_title)

    def _address_by_now(self, begun: Begun) -> str | None:
        with self.app.reading() as session:
            checkout = payments.checkout(session, begun.business, begun.checkout.id)
            return checkout.url if checkout else None

    def _end(self, business: BusinessKey, checkout_ids: Sequence[str]) -> None:
        """End hosted pages, seen to have ended, and book what one took if it was too late."""
        for checkout_id in checkout_ids:
            with self.app.reading() as session:
                checkout = payments.checkout(session, business, checkout_id)
            if checkout is None or checkout.state != CheckoutState.OPEN:
                raise Refused("An earlier payment page is being opened just now.")
            facts = self._expired(checkout)
            with self.app.transaction() as session:
                now = payments.checkout(session, business, checkout_id)
                livemode = self.app.rules(business).stripe.livemode
                if now is not None:
                    payments.settle(session, now, facts, livemode=livemode, at=self.app.now())

    def _expired(self, checkout: Checkout) -> CheckoutFacts:
        gateway = self.app.gateway(BusinessKey(checkout.business))
        try:
            # One key for one wish: asked again, the gateway answers as it did the first time.
            return gateway.expire(checkout.session_id or "", key=f"{checkout.key}-end")
        except (TransientError, PermanentError) as e:
            log.warning("checkout %s cannot be ended: %s", checkout.id, e)
            raise Refused("An earlier payment page is open and cannot be ended just now.") from e
