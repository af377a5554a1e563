"""The lane: whoever takes an item's money, in whatever order, it is taken once.

A model of the gateway stands beside the books. Two tabs, a stored card, staff, the balance and a
bank debit all want the money of the same items; a page that is open at the gateway may be paid at
any moment, long before anybody tells us.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.books import ACME, AT, copy_of, issue, lent, zoo
from tests.payments.test_crediting import balance, broken, credit, euro
from worker import invoices, ledger, payments
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.kernel.money import Money
from worker.ledger import Account
from worker.ledger.invariants import INVARIANTS as OF_LEDGER
from worker.payments import (
    By,
    Checkout,
    CheckoutFacts,
    Collected,
    Method,
    PageOpen,
    Registration,
    Wanted,
)

ITEMS, STEPS = 8, 30
# Each story interleaves what befalls eight items: eight stories are 64 items,
# LANE_STORIES=125 makes a thousand of them.
STORIES = int(os.environ.get("LANE_STORIES", "8"))
CARD, DEBIT = By("card", 204), By("sepa_debit", 35)
_LATER = AT.replace(year=AT.year + 1)
_nth = count(1)


@dataclass
class Hosted:
    """A page at the gateway, and what its payer has done there."""

    checkout: Checkout
    status: str = "open"
    is_paid: bool = False
    failure: str | None = None

    @property
    def facts(self) -> CheckoutFacts:
        """What the gateway says when it is asked."""
        waits = self.status == "complete" and not self.is_paid and self.failure is None
        return CheckoutFacts(
            f"cs_{self.checkout.id}", self.status, self.is_paid, self.checkout.whole,
            f"pi_{self.checkout.id}" if self.status == "complete" else None, self.checkout.id,
            ACME, False, AT, None, self.checkout.method, waits, self.failure,
        )  # fmt: skip


@dataclass
class World:
    """The books, the gateway, and what was truly taken for each item."""

    session: Session
    customer: Customer
    items: list[Invoice]
    pages: list[Hosted] = field(default_factory=list)
    charges: dict[int, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    fees: int = 0

    def took(self, item: Invoice, minor: int) -> None:
        """Money has truly moved."""
        self.taken[item.id] = self.taken.get(item.id, 0) + minor

    # -- who wants the money ---------------------------------------------------------------------

    def tab(self, nth: int, by: By) -> None:
        """Somebody presses the button; a page that is in the way is ended first."""
        wanted = [Wanted(self.items[nth])]
        try:
            self._begin(wanted, by)
        except PageOpen as e:
            for page in self.pages:
                if page.checkout.id in e.checkout_ids:
                    self._expire(page)
            self._begin(wanted, by)

    def _begin(self, wanted: list[Wanted], by: By) -> None:
        checkout = payments.begin_for(self.session, wanted, link_id="lnk", at=AT, by=by)
        if all(page.checkout is not checkout for page in self.pages):
            payments.opened(
                self.session,
                checkout,
                payments.CheckoutPage(f"cs_{checkout.id}", "https://pay", AT),
            )
            self.pages.append(Hosted(checkout))

    def _expire(self, page: Hosted) -> None:
        if page.status == "open":
            page.status = "expired"
        self.hear(page)

    def clear(self, nth: int) -> None:
        """End the page of an item, as everybody does who takes its money in another way."""
        live = payments.live_checkout(self.session, ACME, self.items[nth].id)
        for page in self.pages:
            if live is not None and page.checkout.id == live.id:
                self._expire(page)

    def pay(self, nth: int) -> None:
        """Whoever has a page of the item open pays there; nobody is told."""
        for page in self.pages:
            if page.checkout.item_id == self.items[nth].id and page.status == "open":
                page.status = "complete"
                page.is_paid = page.checkout.method == "card"
                self.took(self.items[nth], page.checkout.amount_minor)
                self.fees += page.checkout.fee_minor

    def bank(self, nth: int, *, pays: bool) -> None:
        """A bank says yes or no to a debit."""
        for page in self.pages:
            waits = page.status == "complete" and not page.is_paid and page.failure is None
            if page.checkout.item_id == self.items[nth].id and waits:
                page.is_paid, page.failure = pays, None if pays else "no money"
                if not pays:
                    self.took(self.items[nth], -page.checkout.amount_minor)
                    self.fees -= page.checkout.fee_minor

    def hear(self, page: Hosted) -> None:
        """The webhook, or the sweep."""
        payments.settle(self.session, page.checkout, page.facts, livemode=False, at=AT)

    def hear_of(self, nth: int) -> None:
        """Somebody tells us of the pages of an item."""
        for page in self.pages:
            if page.checkout.item_id == self.items[nth].id:
                self.hear(page)

    def charge(self, nth: int) -> None:
        """A stored card is charged: the lane first, then the gateway; the answer comes later."""
        item = self.items[nth]
        self.clear(nth)
        owed = invoices.still_to_pay(self.session, item)
        if nth in self.charges or not owed.is_positive:
            return
        if payments.unwanted_checkout(self.session, ACME, [item.id]):
            return
        holder = f"chg_{next(_nth)}"
        payments.take_lane(self.session, ACME, item.id, holder=holder, until=_LATER, at=AT)
        self.charges[nth] = holder
        self.took(item, owed.minor)

    def charged(self, nth: int) -> None:
        """The answer to a charge."""
        holder, item = self.charges.pop(nth, None), self.items[nth]
        if holder is not None:
            owed = invoices.still_to_pay(self.session, item)
            collected = Collected(self.customer.id, f"pi_{holder}", owed, item.id, AT)
            payments.collect(self.session, ACME, collected, at=AT)
            payments.free_lane(self.session, ACME, item.id, holder=holder)

    def register(self, nth: int) -> None:
        """Staff say that a part came in."""
        item = self.items[nth]
        self.clear(nth)
        owed = invoices.still_to_pay(self.session, item)
        part = Money(min(owed.minor, 4000), "EUR")
        said = Registration(part, Method.CASH, date(2026, 11, 20), "ann", nth=next(_nth))
        payments.register(self.session, self.customer, item, said, at=AT)
        self.took(item, part.minor)

    def spend(self, nth: int) -> None:
        """The customer, or staff, pay from the balance."""
        before = balance(self.session)
        self.clear(nth)
        payments.spend_balance(self.session, [Wanted(self.items[nth])], by="customer", at=AT)
        self.took(self.items[nth], (before - balance(self.session)).minor)


_ACTS: dict[str, Callable[[World, int], None]] = {
    "tab by card": lambda world, nth: world.tab(nth, CARD),
    "tab by debit": lambda world, nth: world.tab(nth, DEBIT),
    "pays": World.pay,
    "heard": World.hear_of,
    "bank pays": lambda world, nth: world.bank(nth, pays=True),
    "bank refuses": lambda world, nth: world.bank(nth, pays=False),
    "charge": World.charge,
    "charged": World.charged,
    "staff": World.register,
    "balance": World.spend,
}
_STEP = st.tuples(st.integers(0, ITEMS - 1), st.sampled_from(sorted(_ACTS)))


@pytest.fixture(scope="module")
def shop(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Session, Customer, list[Invoice]]]:
    """A customer with a balance and some invoices; each story is taken back."""
    file = copy_of(migrated_file, tmp_path_factory.mktemp("lane"))
    with lent(file) as engine, Session(engine, expire_on_commit=False) as session:
        customer = zoo(session)
        items = [issue(session, number=f"R-{nth}") for nth in range(ITEMS)]
        issue(session, number="R-old")
        credit(session, "100.00", against="R-none", number="G-1")
        yield session, customer, items
        session.rollback()


@settings(max_examples=STORIES, suppress_health_check=list(HealthCheck), deadline=None)
@given(steps=st.lists(_STEP, min_size=STEPS, max_size=STEPS))
def test_in_any_order_an_items_money_is_taken_once(
    shop: tuple[Session, Customer, list[Invoice]], steps: list[tuple[int, str]]
) -> None:
    session, customer, items = shop
    trial = session.begin_nested()
    world = World(session, customer, items)
    for nth, act in steps:
        with suppress(Refused):
            _ACTS[act](world, nth)
    for nth in sorted({nth for nth, _ in steps}):
        world.charged(nth)
        world.bank(nth, pays=True)
        world.hear_of(nth)
    for item in items:
        owed = invoices.still_to_pay(session, item)
        assert world.taken.get(item.id, 0) == (item.total - owed).minor <= item.total.minor
    fees = -ledger.balances(session, ACME).get((Account.FEE_INCOME, "EUR"), euro("0"))
    assert fees.minor == world.fees
    assert broken(session) == []
    assert [found for holds in OF_LEDGER for found in holds(session)] == []
    trial.rollback()
    session.expire_all()
