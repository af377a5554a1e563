"""Whatever is done to a customer's money, and in whatever order: the books stay sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.books import ACME, AT, build, issue, opened, zoo
from worker import invoices, payments
from worker.invoices import Invoice
from worker.invoices.invariants import INVARIANTS as OF_INVOICES
from worker.invoices.invariants import nobody_owes_less_than_nothing
from worker.kernel import events as fact
from worker.kernel.errors import Refused
from worker.kernel.money import Money
from worker.ledger.invariants import INVARIANTS as OF_LEDGER
from worker.ledger.invariants import no_customer_has_used_more_than_they_have
from worker.payments import (
    Checkout,
    CheckoutFacts,
    DisputeFacts,
    Method,
    Payment,
    RefundFacts,
    RefundWish,
    Registration,
    Wanted,
)
from worker.payments.invariants import INVARIANTS as OF_PAYMENTS
from worker.store import outbox

_CENTS = st.integers(1, 20_000)
_NTH = st.integers(0, 5)
_MAYBE = st.none() | _CENTS


@dataclass
class Taken:
    """A payment at the gateway, and what of it went back there."""

    payment_id: str
    intent_id: str
    amount: Money
    refunds: dict[str, RefundFacts]
    disputes: dict[str, DisputeFacts]

    @property
    def left(self) -> int:
        """What the gateway could still give back."""
        gone = [f.amount.minor for f in self.disputes.values() if f.status != "won"]
        return self.unrefunded - sum(gone)

    @property
    def unrefunded(self) -> int:
        """What no refund has given back, whatever a bank took."""
        gone = [f.amount.minor for f in self.refunds.values() if f.status != "failed"]
        return self.amount.minor - sum(gone)


T = TypeVar("T")


def _nth(those: Sequence[T], nth: int) -> list[T]:
    """One of them, whichever number is drawn; none when there are none."""
    return [those[nth % len(those)]] if those else []


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


class AnyOrder(RuleBasedStateMachine):
    """One customer, their invoices, a gateway that does as it likes, and staff who do too."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.session = self.stack.enter_context(Session(self.engine, expire_on_commit=False))
        self.numbers = count(1)
        self.customer = zoo(self.session)
        self.items: list[Invoice] = []
        self.pages: dict[str, Checkout] = {}
        self.taken: list[Taken] = []
        self.registered: list[Payment] = []
        self.notes: list[Invoice] = []

    def teardown(self) -> None:
        with self.stack:
            every = (*OF_LEDGER, *OF_INVOICES, *OF_PAYMENTS)
            assert [found for holds in every for found in holds(self.session)] == []

    # -- what happens ----------------------------------------------------------------------------

    @rule(minor=_CENTS)
    def invoice(self, minor: int) -> None:
        self.items.append(self._issue(minor))

    @rule(nth=_NTH, minor=_CENTS)
    def credit_note(self, nth: int, minor: int) -> None:
        for item in self._item(nth):
            self.notes.append(self._issue(-minor, preceding_invoices=(item.number,)))

    @rule(nth=_NTH, other=_NTH, minor=_MAYBE)
    def open_page(self, nth: int, other: int, minor: int | None) -> None:
        part = None if minor is None else euro(minor)
        wanted = {item.id: Wanted(item, part) for item in self._item(nth)}
        wanted |= {item.id: Wanted(item) for item in self._item(other) if item.id not in wanted}
        with suppress(Refused):
            if wanted:
                several = list(wanted.values())
                checkout = payments.begin_for(self.session, several, link_id="lnk", at=AT)
                self.pages[checkout.id] = checkout

    @rule(nth=_NTH, more=st.integers(-50, 50))
    def pay_on_page(self, nth: int, more: int) -> None:
        for checkout in _nth(list(self.pages.values()), nth):
            del self.pages[checkout.id]
            amount = euro(max(1, checkout.amount.minor + more))
            intent = f"pi_{next(self.numbers)}"
            facts = replace(self._facts(checkout), is_paid=True, amount=amount, intent_id=intent)
            paid = payments.settle(self.session, checkout, facts, livemode=False, at=AT)
            assert paid is not None
            self.taken.append(Taken(paid.id, intent, amount, {}, {}))
            self._follow()

    @rule(nth=_NTH)
    def page_ends(self, nth: int) -> None:
        for checkout in _nth(list(self.pages.values()), nth):
            del self.pages[checkout.id]
            gone = replace(self._facts(checkout), status="expired")
            payments.settle(self.session, checkout, gone, livemode=False, at=AT)
            self._follow()

    @rule(nth=st.none() | _NTH, minor=_CENTS, method=st.sampled_from(Method))
    def register(self, nth: int | None, minor: int, method: Method) -> None:
        item = next(iter(self._item(nth)), None) if nth is not None else None
        said = Registration(euro(minor), method, date(2026, 11, 20), "ann", nth=next(self.numbers))
        with suppress(Refused):
            self.registered.append(
                payments.register(self.session, self.customer, item, said, at=AT)
            )

    @rule(nth=_NTH, to=_NTH, minor=_MAYBE)
    def allocate(self, nth: int, to: int, minor: int | None) -> None:
        amount = None if minor is None else euro(minor)
        for payment in _nth(self.registered, nth):
            for item in self._item(to):
                with suppress(Refused):
                    payments.allocate(self.session, payment, item, amount, by="ann", at=AT)

    @rule(nth=_NTH)
    def undo(self, nth: int) -> None:
        for payment in _nth(self.registered, nth):
            with suppress(Refused):
                payments.undo(self.session, payment, because="no", by="ann", at=AT)

    @rule(nth=_NTH, minor=_MAYBE)
    def use_balance(self, nth: int, minor: int | None) -> None:
        amount = None if minor is None else euro(minor)
        for item in self._item(nth):
            with suppress(Refused):
                payments.pay_from_balance(self.session, item, amount, by="ann", at=AT)

    @rule(nth=_NTH, minor=_MAYBE, reopens=st.booleans())
    def refund(self, nth: int, minor: int | None, reopens: bool) -> None:
        for taken in _nth(self.taken, nth):
            payment = self._payment(taken)
            wish = RefundWish(None if minor is None else euro(minor), "ann", reopens=reopens)
            with suppress(Refused):
                asked = payments.ask_refund(self.session, payment, wish, at=AT)
                assert asked.amount.minor <= taken.left
                self._gone(taken, asked.amount, asked.id, "pending")

    @rule(nth=_NTH, minor=_CENTS)
    def refund_at_dashboard(self, nth: int, minor: int) -> None:
        for taken in _nth(self.taken, nth):
            if minor <= taken.left:
                self._gone(taken, euro(minor), None, "succeeded")

    @rule(nth=_NTH, minor=_CENTS)
    def refund_heard_late(self, nth: int, minor: int) -> None:
        # Made before the dispute, and heard of after it: Stripe refuses one made later.
        for taken in _nth(self.taken, nth):
            if taken.disputes and minor <= taken.unrefunded:
                self._gone(taken, euro(minor), None, "succeeded")

    @rule(nth=_NTH, which=_NTH, to=st.sampled_from(["succeeded", "failed"]))
    def refund_ends(self, nth: int, which: int, to: str) -> None:
        for taken in _nth(self.taken, nth):
            for refund in _nth(list(taken.refunds.values()), which):
                if refund.status == "failed":
                    continue
                taken.refunds[refund.refund_id] = replace(refund, status=to)
                self._book(taken)

    @rule(nth=_NTH, status=st.sampled_from(["needs_response", "warning_needs_response", "lost"]))
    def dispute(self, nth: int, status: str) -> None:
        for taken in _nth(self.taken, nth):
            if taken.disputes or taken.left <= 0:
                continue
            fee = () if status.startswith("warning") else (("txn_1", euro(1_500)),)
            taken.disputes["du"] = DisputeFacts(
                f"du_{taken.intent_id}", status, euro(taken.left), taken.intent_id, None, AT, None,
                fee,
            )  # fmt: skip
            self._book(taken)

    @rule(nth=_NTH, to=st.sampled_from(["won", "lost", "under_review"]))
    def dispute_goes_on(self, nth: int, to: str) -> None:
        for taken in _nth(self.taken, nth):
            for found in taken.disputes.values():
                if found.status not in ("won", "lost"):
                    taken.disputes["du"] = replace(found, status=to)
                    self._book(taken)

    # -- what always holds -----------------------------------------------------------------------

    @invariant()
    def nothing_is_used_twice(self) -> None:
        # What costs little at every step; the rest is asked at the end of each story.
        cheap = (nobody_owes_less_than_nothing, no_customer_has_used_more_than_they_have)
        assert [found for holds in cheap for found in holds(self.session)] == []

    @invariant()
    def credit_waits_only_for_an_open_page(self) -> None:
        for note in self.notes:
            if not invoices.still_to_pay(self.session, note).is_zero:
                assert payments.live_checkout(self.session, ACME, note.credits_id or "")

    # -- how it is done --------------------------------------------------------------------------

    def _issue(self, minor: int, **changes: Any) -> Invoice:
        amount = Decimal(minor) / 100
        found = issue(
            self.session,
            number=f"R-{next(self.numbers)}",
            total=amount,
            grand_total=amount,
            tax_total=None,
            **changes,
        )
        self._follow()
        return found

    def _item(self, nth: int) -> list[Invoice]:
        return _nth(self.items, nth)

    def _payment(self, taken: Taken) -> Payment:
        payment = payments.by_id(self.session, ACME, taken.payment_id)
        assert payment is not None
        return payment

    def _facts(self, checkout: Checkout) -> CheckoutFacts:
        return CheckoutFacts(
            session_id=f"cs_{checkout.id}", status="complete", is_paid=False,
            amount=checkout.amount, intent_id=None, reference=checkout.id, business=ACME,
            livemode=False, paid_at=AT, url=None, method="card",
        )  # fmt: skip

    def _gone(self, taken: Taken, amount: Money, reference: str | None, status: str) -> None:
        refund_id = f"re_{next(self.numbers)}"
        taken.refunds[refund_id] = RefundFacts(
            refund_id, status, amount, taken.intent_id, reference, AT
        )
        self._book(taken)

    def _book(self, taken: Taken) -> None:
        payment = self._payment(taken)
        for _ in range(2):
            payments.book_refunds(self.session, payment, list(taken.refunds.values()), at=AT)
            payments.book_disputes(self.session, payment, list(taken.disputes.values()), at=AT)

    def _follow(self) -> None:
        """What the switchboard does with the facts told."""
        while told := list(outbox.take_told(self.session)):
            for event in told:
                if isinstance(event, fact.CreditNoteIssued):
                    payments.apply_credit_note(self.session, ACME, event.subject, at=AT)
                if isinstance(event, fact.CheckoutEnded):
                    ended = payments.checkout(self.session, ACME, event.subject)
                    assert ended is not None
                    for share in payments.shares_of(self.session, ACME, ended.id):
                        payments.resume_credits(self.session, ACME, share.item_id, at=AT)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'money.db'}"
        build(url)
        with opened(url) as engine:
            yield engine


def test_no_order_of_events_unbalances_the_books(engine: Engine) -> None:
    machine = type("Machine", (AnyOrder,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
