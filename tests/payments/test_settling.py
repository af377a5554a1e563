"""Booking what the gateway says was paid: once, always, and balanced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from worker import invoices, ledger, paylinks, payments, review
from worker.kernel.errors import PermanentError
from worker.kernel.money import Money
from worker.ledger import Account
from worker.paylinks import Life, LinkKeys
from worker.payments import Checkout, CheckoutFacts, CheckoutState

KEYS = LinkKeys({1: b"0" * 32})


def begun(session: Session) -> Checkout:
    zoo(session)
    invoice = issue(session)
    link = paylinks.open_link(session, invoice, KEYS, Life(24, 90), at=AT)
    return payments.begin(session, invoice, link_id=link.id, at=AT)


def paid(checkout: Checkout) -> CheckoutFacts:
    return CheckoutFacts(
        session_id="cs_1",
        status="complete",
        is_paid=True,
        amount=checkout.amount,
        intent_id="pi_1",
        reference=checkout.id,
        business=checkout.business,
        livemode=False,
        paid_at=AT,
        url=None,
        method="card",
    )


def owed(session: Session, checkout: Checkout) -> Money:
    invoice = invoices.by_id(session, ACME, checkout.item_id)
    assert invoice is not None
    return invoices.still_to_pay(session, invoice)


def test_a_payment_told_of_twice_is_booked_once(session: Session) -> None:
    checkout = begun(session)
    first = payments.settle(session, checkout, paid(checkout), livemode=False, at=AT)
    second = payments.settle(session, checkout, paid(checkout), livemode=False, at=AT)
    assert first is second
    assert owed(session, checkout).is_zero
    held = ledger.balances(session, ACME)
    assert held[Account.GATEWAY_CLEARING, checkout.currency] == checkout.amount


def test_what_is_more_than_owed_becomes_balance_and_a_question(session: Session) -> None:
    checkout = begun(session)
    extra = Money(500, checkout.currency)
    more = replace(paid(checkout), amount=checkout.amount + extra)
    payment = payments.settle(session, checkout, more, livemode=False, at=AT)
    assert payment is not None
    held = ledger.balances(session, ACME)
    assert held[Account.CUSTOMER_BALANCE, checkout.currency] == -extra
    assert [item.kind for item in review.open_for(session, ACME, payment.id)] == ["payment_over"]


def test_what_is_less_than_asked_is_applied_and_said_without_a_balance(session: Session) -> None:
    checkout = begun(session)
    less = replace(paid(checkout), amount=checkout.amount - Money(100, checkout.currency))
    payment = payments.settle(session, checkout, less, livemode=False, at=AT)
    assert payment is not None
    assert owed(session, checkout) == Money(100, checkout.currency)
    [question] = review.open_for(session, ACME, payment.id)
    assert "balance" not in question.question


def test_money_of_another_currency_pays_nothing_and_is_not_lost(session: Session) -> None:
    checkout = begun(session)
    dollars = Money(checkout.amount_minor, "USD")
    other = replace(paid(checkout), amount=dollars)
    payment = payments.settle(session, checkout, other, livemode=False, at=AT)
    assert payment is not None
    assert owed(session, checkout) == checkout.amount
    held = ledger.balances(session, ACME)
    assert held[Account.CUSTOMER_BALANCE, "USD"] == -dollars
    assert [item.kind for item in review.open_for(session, ACME, payment.id)] == ["payment_over"]


def test_money_for_a_page_given_up_before_is_booked_all_the_same(session: Session) -> None:
    checkout = begun(session)
    gone = replace(paid(checkout), is_paid=False, status="expired")
    payments.settle(session, checkout, gone, livemode=False, at=AT)
    assert checkout.state == CheckoutState.EXPIRED
    payments.settle(session, checkout, paid(checkout), livemode=False, at=AT)
    assert owed(session, checkout).is_zero


@pytest.mark.parametrize(
    "forged", [{"reference": "chk_other"}, {"business": "other"}, {"livemode": True}]
)
def test_facts_of_somebody_else_settle_nothing(session: Session, forged: dict[str, object]) -> None:
    checkout = begun(session)
    facts = replace(paid(checkout), **forged)  # type: ignore[arg-type]
    with pytest.raises(PermanentError):
        payments.settle(session, checkout, facts, livemode=False, at=AT)
    assert owed(session, checkout) == checkout.amount


def test_a_page_that_nobody_can_look_up_any_more_frees_the_item(session: Session) -> None:
    checkout = begun(session)
    late = checkout.expires_at + timedelta(hours=25)
    assert payments.is_past_hope(checkout, at=late)
    payments.give_up(session, checkout, "No such session.", at=late)
    assert payments.live_checkout(session, ACME, checkout.item_id) is None
    assert [item.kind for item in review.open_for(session, ACME, checkout.id)] == ["checkout_lost"]


@pytest.mark.parametrize("how", ["expired", "revoked", "void", "corrected"])
def test_money_from_a_link_or_for_an_item_that_ended_is_never_lost(
    session: Session, how: str
) -> None:
    checkout = begun(session)
    item = invoices.by_id(session, ACME, checkout.item_id)
    link = paylinks.by_id(session, ACME, checkout.link_id)
    assert item is not None
    assert link is not None
    if how in ("expired", "revoked"):
        setattr(link, f"{how}_at", AT)
        expected, balance = "119.00", "0.00"
    else:
        setattr(item, "voided_at" if how == "void" else "corrected_at", AT)
        expected, balance = "0.00", "119.00"
    payment = payments.settle(session, checkout, paid(checkout), livemode=False, at=AT)
    assert payment is not None
    applied = payments.allocations_of(session, ACME, payment.id)
    assert sum((one.amount_minor for one in applied), 0) == Money.of(Decimal(expected), "EUR").minor
    has = payments.balance(session, ACME, checkout.customer_id, "EUR")
    assert has == Money.of(Decimal(balance), "EUR")
    asked = [one.kind for one in review.open_for(session, ACME, payment.id)]
    assert asked == ([] if has.is_zero else ["payment_over"])
