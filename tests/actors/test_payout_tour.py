"""The tour of Stripe's payouts against the sandbox: broken off anywhere, and each on its own."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from tests import books
from tests.actors.test_giving_back import _House, desk
from tests.books import ACME, issue, zoo
from tests.commands.conftest import Desk
from tests.payments.bank import book, entry, statement, unsound
from tests.payments.test_crediting import euro
from tests.payments.test_registering import held
from tests.payments.test_settling import paid
from tests.servers.stripe import SECRET, StripeSandbox, pay, running_sandbox
from worker import actors, payments, review
from worker.actors import FLOW
from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.ledger import Account
from worker.payments import CheckoutOrder, Payout, payout_state
from worker.settings import load

__all__ = ["desk"]
_SOON = 3 * 86_400


class _Killed(BaseException):
    """The process is gone."""


class _AtStripe(_House):
    """Books whose gateway is the sandbox; it may be killed before any of its transactions."""

    sandbox: StripeSandbox
    stripe: StripeGateway
    key: str
    lives: int | None = None
    ahead = timedelta(0)

    def gateway(self, business: BusinessKey) -> payments.Gateway:
        assert business == ACME
        return self.stripe

    @contextmanager
    def transaction(
        self, begin: Callable[[Session, Event, str, datetime], bool] | None = None
    ) -> Iterator[Session]:
        if self.lives == 0:
            raise _Killed
        with super().transaction(begin) as session:
            yield session
        self.lives = None if self.lives is None else self.lives - 1

    def tour(self, lives: int | None = None) -> None:
        """One tour, perhaps killed after so many commits."""
        self.lives = lives
        with suppress(_Killed):
            actors.run_sweep(self, "payments.compare_payouts")
        self.lives = None

    def tour_killed_anywhere(self) -> None:
        """Tours that die after one commit more each time, then two whole ones."""
        for lives in (1, 2, 3, None, None):
            self.tour(lives)
        with self.reading() as s:
            assert unsound(s) == []

    def now(self) -> datetime:
        return super().now() + self.ahead

    def take(self, number: str) -> str:
        """Take 119.00 EUR for an invoice at Stripe, and book it; gives the payment's intent."""
        intent = self.taken(number)
        self.booked(number, intent)
        return intent

    def taken(self, number: str) -> str:
        """Take 119.00 EUR at Stripe that the books do not know; gives its intent."""
        at = datetime.fromtimestamp(self.sandbox.now(), UTC)
        reference = f"chk_{secrets.token_hex(8)}"
        order = CheckoutOrder(
            reference, "acme", euro("119.00"), number, None, "en", "https://a.example/t",
            "https://a.example/b", at, at + timedelta(hours=1),
        )  # fmt: skip
        page = self.stripe.open_checkout(order, key=reference)
        pay(page.url)
        intent = self.stripe.look_up(page.session_id).intent_id
        assert intent is not None
        return intent

    def booked(self, number: str, intent: str) -> None:
        """Book what was taken, as for this invoice."""
        with self.transaction() as s:
            checkout = payments.begin(s, issue(s, number=number), link_id="lnk", at=self.now())
            facts = replace(paid(checkout), intent_id=intent, session_id=f"cs_{number}")
            payments.settle(s, checkout, facts, livemode=False, at=self.now())

    def pay_out(self) -> str:
        """Pay out what is available, once that is something; gives the payout."""
        self.sandbox.forward(_SOON)
        made = self.sandbox.control("payouts", {"key": self.key, "currency": "eur"})
        return str(made["id"])

    def bank_tells(self, amount: str, payout: str, opening: str, **about: bool) -> None:
        on = self.payout(payout).arrives_on
        with self.transaction() as s:
            line = entry(amount, f"STRIPE PAYOUT {payout}", on=on, reference=payout, **about)
            book(s, statement(line, opening=opening, number=opening))

    def payout(self, payout_id: str) -> Payout:
        with self.reading() as s:
            return next(p for p in payments.payouts(s, ACME, limit=9) if p.id == payout_id)

    def asked(self, subject: str) -> dict[str, review.WorkItem]:
        with self.reading() as s:
            return {item.kind: item for item in review.open_for(s, ACME, subject)}

    def held(self, account: Account) -> str:
        with self.reading() as s:
            return held(s, account)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def house(desk: Desk, sandbox: StripeSandbox) -> Iterator[_AtStripe]:
    key = f"sk_test_{secrets.token_hex(8)}"
    access = StripeAccess(key, (SECRET,), expects_livemode=False, base_url=sandbox.url)
    with books.lent(desk.home / "var" / "tillmail.db") as engine:
        house = _AtStripe(load(desk.home, desk.environment), FLOW)
        house.engine, house.sandbox, house.key, house.slips = engine, sandbox, key, []
        house.stripe = StripeGateway(access)
        house.hand_out = lambda slips: house.slips.extend(slips)  # noqa: PLW0108 - it is changed.
        with house.transaction() as s:
            zoo(s)
        try:
            yield house
        finally:
            sandbox.heal()
            house.close()


def test_a_met_payout_fails_and_its_money_goes_out_with_a_dispute_in_the_next_one(
    house: _AtStripe, desk: Desk
) -> None:
    house.take("R-1")
    first = house.pay_out()
    house.tour()
    house.bank_tells("116.96", first, "1000.00")
    house.tour_killed_anywhere()
    assert payout_state(house.payout(first)) == "reconciled"
    refused = desk.type("payments", "release", first, "--as", "Ann")
    assert (refused.code, "is reconciled: only of one that failed" in refused.err) == (1, True)

    house.sandbox.control("payouts", {"payout": first, "do": "fail"})
    house.tour_killed_anywhere()
    assert payout_state(house.payout(first)) == "failed"
    assert "The bank account has been closed." in house.asked(first)["payout_failed"].question
    assert house.held(Account.GATEWAY_CLEARING) == "116.96"
    assert f"tillmail payments release {first}" in house.asked(first)["payout_failed"].choices
    assert desk.type("payments", "payouts", "--json").json[0]["state"] == "failed"

    house.take("R-2")
    disputed = house.take("R-3")
    house.sandbox.forward(_SOON)
    house.sandbox.control("disputes", {"payment_intent": disputed})
    second = house.pay_out()
    house.slips.clear()
    house.tour()
    assert "is not booked yet" in (house.payout(second).problem or "")
    house.work()
    house.tour()
    # 116.96 that came back, twice 119.00 less its fee, less what is disputed and its fee.
    assert (house.payout(second).problem, house.asked(second)) == (None, {})
    house.bank_tells("-116.96", first, "1116.96", is_reversal=True)
    house.bank_tells("211.88", second, "1000.00")
    house.tour_killed_anywhere()
    assert payout_state(house.payout(second)) == "reconciled"
    assert house.held(Account.GATEWAY_CLEARING) == "0.00"
    assert house.held(Account.UNIDENTIFIED_CASH) == "0.00"
    assert house.held(Account.BANK) == "211.88"


def test_a_payout_that_cannot_be_listed_is_named_and_in_the_way_of_no_other(
    house: _AtStripe, caplog: pytest.LogCaptureFixture
) -> None:
    house.take("R-1")
    first = house.pay_out()
    house.take("R-2")
    second = house.pay_out()
    house.sandbox.fail("GET /v1/balance_transactions", "error_500_before")
    with caplog.at_level(logging.WARNING):
        house.tour()
    assert f"Payout {first} of acme cannot be weighed" in caplog.text
    assert "It could not be weighed: Stripe gave" in (house.payout(first).problem or "")
    assert payout_state(house.payout(second)) == "waits for the bank"
    assert house.asked(first) == {}, "Stripe may answer the next time."
    house.tour()
    assert payout_state(house.payout(first)) == "waits for the bank"


def test_another_programs_charge_holds_up_only_its_own_payout_and_is_followed_for_long(
    house: _AtStripe,
) -> None:
    strange = house.taken("R-1")
    first = house.pay_out()
    house.tour()
    assert list(house.asked(first)) == ["payout_mismatch"]
    house.sandbox.forward(40 * 86_400)
    house.take("R-2")
    second = house.pay_out()
    house.ahead = timedelta(days=45)
    house.tour()
    assert payout_state(house.payout(second)) == "waits for the bank"
    assert "is no payment of these books" in (house.payout(first).problem or "")
    house.booked("R-1", strange)
    house.ahead = timedelta(days=46)
    house.tour()
    assert (payout_state(house.payout(first)), house.asked(first)) == ("waits for the bank", {})
