"""The calls around money that goes back or another way: run twice, broken off, unanswered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import cast

import pytest
from sqlalchemy import select

from tests import books
from tests.books import ACME, AT, issue, zoo
from tests.commands.conftest import Desk, desk
from tests.payments.test_crediting import balance, credit, euro, owed, pay
from tests.payments.test_settling import paid
from worker import delivery, documents, invoices, payments, review
from worker.actors import FLOW, run_job
from worker.actors.payments import clear_lane
from worker.app import App
from worker.businesses import money_text
from worker.commands import time_line
from worker.delivery import Letter, Paper
from worker.documents import Look
from worker.invoices import Invoice
from worker.kernel.errors import OutcomeUnknown, PermanentError
from worker.kernel.events import ReversalHeard
from worker.kernel.ids import BusinessKey
from worker.payments import (
    By,
    Checkout,
    CheckoutFacts,
    CheckoutPage,
    DisputeFacts,
    Method,
    Payment,
    Refund,
    RefundFacts,
    RefundOrder,
    RefundState,
    RefundWish,
    Registration,
    Reversals,
    Wanted,
)
from worker.settings import load
from worker.store import tell
from worker.store.outbox import Job, Slip

__all__ = ["desk"]
BALANCE_FIRST = "\n[invoices]\nfirst_time_addresses = true\napply_balance = true\n"


@dataclass
class Gateway:
    """A gateway that gives money back and ends pages; it may refuse, or lose its answer."""

    trouble: Exception | None = None
    does_it_first: bool = False
    ends_as: str = "expired"
    given: dict[str, RefundFacts] = field(default_factory=dict)
    asked: int = 0
    disputes: tuple[DisputeFacts, ...] = ()

    def refund(self, order: RefundOrder, *, key: str) -> str:
        self.asked += 1
        fact = RefundFacts(
            f"re_{key}", "succeeded", order.amount, order.intent_id, order.reference, AT
        )
        if self.trouble is None or self.does_it_first:
            self.given.setdefault(key, fact)
        if self.trouble is not None:
            raise self.trouble
        return fact.refund_id

    def reversals_of(self, _intent_id: str) -> Reversals:
        return Reversals(tuple(self.given.values()), self.disputes)

    def expire(self, session_id: str, *, key: str) -> CheckoutFacts:
        checkout_id = session_id.removeprefix("cs_")
        assert key.endswith("-end")
        is_paid = self.ends_as == "complete"
        return CheckoutFacts(
            session_id, self.ends_as, is_paid, euro("119.00"), "pi_9" if is_paid else None,
            checkout_id, ACME, livemode=False, paid_at=AT, url=None, method="card",
        )  # fmt: skip


class _House(App):
    """Books with a gateway of the test, and the jobs that wait."""

    asks: Gateway
    slips: list[Slip]

    def gateway(self, business: BusinessKey) -> payments.Gateway:
        assert business == ACME
        return cast(payments.Gateway, self.asks)

    def work(self) -> None:
        """Run each payment job that waits, as often as a queue may bring it."""
        while self.slips:
            slip = self.slips.pop(0)
            for _ in range(2 if slip.actor.startswith("payments.") else 0):
                run_job(self, slip)

    def later(self) -> list[Slip]:
        """The jobs that are not done, as the relay brings them when their lease has passed."""
        with self.transaction() as s:
            for job in s.scalars(select(Job).where(Job.done_at.is_(None))):
                job.due_at = self.now() - timedelta(days=1)
                job.leased_until = None
        return self.claim_due(99)


@contextmanager
def opened(desk: Desk, gateway: Gateway) -> Iterator[_House]:
    with books.lent(desk.home / "var" / "tillmail.db") as engine:
        house = _House(load(desk.home, desk.environment), FLOW)
        house.engine, house.asks, house.slips = engine, gateway, []
        house.hand_out = lambda slips: house.slips.extend(slips)  # noqa: PLW0108 - it is changed.
        try:
            yield house
        finally:
            house.close()


def paid_invoice(house: _House) -> tuple[Invoice, Payment]:
    with house.transaction() as s:
        zoo(s)
        invoice = issue(s)
        pay(s, invoice)
        [payment] = payments.newest(s, ACME, limit=9)
    house.slips.clear()
    return invoice, payment


def asked(house: _House, payment: Payment) -> Refund:
    with house.transaction() as s:
        found = payments.by_id(s, ACME, payment.id)
        assert found is not None
        return payments.ask_refund(s, found, RefundWish(None, "ann"), at=house.now())


def now(house: _House, refund: Refund) -> Refund:
    with house.reading() as s:
        found = payments.refund(s, ACME, refund.id)
        assert found is not None
        return found


def test_a_refund_is_asked_for_once_and_booked_once(desk: Desk) -> None:
    with opened(desk, Gateway()) as house:
        invoice, payment = paid_invoice(house)
        refund = asked(house, payment)
        house.work()
        assert (house.asks.asked, now(house, refund).state) == (1, RefundState.DONE)
        with house.reading() as s:
            assert owed(s, invoice) == euro("119.00")
            [told] = delivery.about(s, ACME, refund.id)
            assert told.kind == "refund"
            assert (told.subject_id, told.recipient) == (refund.id, "pay@zoo.example")


@pytest.mark.parametrize("is_debit", [True, False])
def test_a_customer_whose_bank_did_not_pay_is_told_what_is_open(desk: Desk, is_debit: bool) -> None:
    with opened(desk, Gateway()) as house:
        if is_debit:
            with house.transaction() as s:
                zoo(s)
                wanted = [Wanted(item := issue(s))]
                checkout = payments.begin_for(s, wanted, link_id="l", at=AT, by=By("sepa_debit"))
                facts = replace(paid(checkout), is_paid=False, method="sepa_debit")
                waits = replace(facts, is_processing=True)
                payments.settle(s, checkout, waits, livemode=False, at=AT)
                [pending] = payments.newest(s, ACME, limit=9)
                # The bank's return may be heard of before what it returns.
                tell(s, ReversalHeard(ACME, pending.id))
            house.asks.disputes = (
                DisputeFacts("du_1", "lost", pending.amount, "pi_1", None, AT, None),
            )
            house.work()
            with house.transaction() as s:
                assert payments.disputes_of(s, ACME, pending.id) == []
                assert review.open_items(s, ACME) == []
                failed = replace(facts, failure="No money")
                found = payments.checkout(s, ACME, checkout.id)
                assert found is not None
                payments.settle(s, found, failed, livemode=False, at=house.now())
        else:
            item, payment = paid_invoice(house)
            fact = DisputeFacts("du_1", "lost", payment.amount, "pi_1", None, AT, None)
            with house.transaction() as s:
                found_payment = payments.by_id(s, ACME, payment.id)
                assert found_payment is not None
                payments.book_disputes(s, found_payment, [fact], at=house.now())
        with house.reading() as s:
            notices = {one.kind: one for one in s.scalars(select(delivery.Notice))}
            told = notices["payment_returned"]
            assert told.context["items"][0]["still_to_pay"]["minor"] == 11900
            assert "/l/" in told.context["pay_url"]
            story = [(e.what, e.evidence.get("mail")) for e in time_line.of_item(s, ACME, item.id)]
        if is_debit:
            begun = notices["debit_started"]
            assert begun.context["items"][0]["number"] == item.number
            assert (begun.context["days"], begun.recipient) == (5, "pay@zoo.example")
            assert {("debit_started", None), ("debit_failed", None)} <= {*story}


@pytest.mark.parametrize(("does_it_first", "asks"), [(True, 1), (False, 2)])
def test_a_lost_answer_is_looked_up_before_it_is_asked_again(
    desk: Desk, does_it_first: bool, asks: int
) -> None:
    lost = OutcomeUnknown("The connection broke.")
    with opened(desk, Gateway(trouble=lost, does_it_first=does_it_first)) as house:
        _, payment = paid_invoice(house)
        refund = asked(house, payment)
        slip = house.slips.pop()
        run_job(house, slip)
        assert now(house, refund).state == RefundState.ASKED
        house.asks.trouble = None
        house.slips = house.later()
        house.work()
        assert (house.asks.asked, len(house.asks.given)) == (asks, 1)
        assert now(house, refund).state == RefundState.DONE


def test_a_refund_that_is_refused_is_told(desk: Desk) -> None:
    no = PermanentError("Stripe refused the request.")
    with opened(desk, Gateway(trouble=no)) as house:
        _, payment = paid_invoice(house)
        refund = asked(house, payment)
        house.work()
        assert now(house, refund).state == RefundState.DECLINED
        with house.reading() as s:
            [item] = review.open_for(s, ACME, refund.id)
        assert "could not be given back" in item.question


def with_open_page(house: _House) -> tuple[Invoice, Checkout]:
    with house.transaction() as s:
        zoo(s)
        invoice = issue(s)
        checkout = payments.begin(s, invoice, link_id="lnk", at=house.now())
        page = CheckoutPage(f"cs_{checkout.id}", "https://p.example", checkout.expires_at)
        payments.opened(s, checkout, page)
    house.slips.clear()
    return invoice, checkout


@pytest.mark.parametrize(
    ("ends_as", "left", "kept"), [("expired", "0.00", "0.00"), ("complete", "0.00", "119.00")]
)
def test_a_credit_note_ends_the_open_page_and_is_then_set_against(
    desk: Desk, ends_as: str, left: str, kept: str
) -> None:
    with opened(desk, Gateway(ends_as=ends_as)) as house:
        invoice, checkout = with_open_page(house)
        with house.transaction() as s:
            credit(s, "119.00")
        house.work()
        with house.reading() as s:
            ended = payments.checkout(s, ACME, checkout.id)
            assert ended is not None
            assert ended.state == ends_as
            assert (owed(s, invoice), balance(s)) == (euro(left), euro(kept))


@pytest.mark.parametrize(("ends_as", "unapplied"), [("expired", "0.00"), ("complete", "119.00")])
def test_staff_take_the_lane_from_the_open_page(desk: Desk, ends_as: str, unapplied: str) -> None:
    with opened(desk, Gateway(ends_as=ends_as)) as house:
        invoice, _ = with_open_page(house)
        clear_lane(house, ACME, invoice.id)
        with house.transaction() as s:
            said = Registration(euro("119.00"), Method.CASH, date(2026, 11, 20), "Ann")
            item = invoices.by_id(s, ACME, invoice.id)
            payment = payments.register(s, zoo(s), item, said, at=house.now())
            assert payments.rest(s, payment) == euro(unapplied)
            assert owed(s, invoice) == euro("0.00")


@pytest.mark.parametrize(("credited", "left"), [("50.00", "69.00"), ("119.00", "0.00")])
def test_the_first_email_and_the_pdf_both_say_what_the_balance_left(
    desk: Desk, credited: str, left: str
) -> None:
    file = desk.home / "config" / "businesses" / "acme.toml"
    file.write_text(file.read_text() + BALANCE_FIRST)
    with opened(desk, Gateway()) as house:
        paid_invoice(house)
        with house.transaction() as s:
            credit(s, credited)
        with house.transaction() as s:
            second = issue(s, number="R-2")
        with house.transaction() as s:
            rules, look = house.rules(ACME), Look("x", "x")
            order = documents.order(s, second, rules, look, url="https://p.example/l/1")
            letter = _letter(house, second)
            notice = delivery.queue(s, ACME, letter, rules.mail, at=AT)
            assert owed(s, second) == euro(left)
            assert money_text(euro(left), "en") in order.must_show
            assert letter.context["still_to_pay"]["minor"] == euro(left).minor
            assert (order.must_link is None) is (left == "0.00")
            assert delivery.obstacle(s, notice) is None


def _letter(house: _House, invoice: Invoice) -> Letter:
    with house.reading() as s:
        paper = Paper(house.rules(ACME), "x")
        return delivery.invoice_letter(s, invoice, paper, url=None, occasion="issued")
