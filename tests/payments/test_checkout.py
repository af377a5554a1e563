"""The checkout's row: when the gateway is asked again, and what a late answer must not undo."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from tests.payments.test_crediting import credit
from tests.payments.test_settling import paid
from worker import invoices, paylinks, payments, store
from worker.paylinks import Life, LinkKeys
from worker.payments import Checkout, CheckoutFacts, CheckoutPage, CheckoutState

KEYS = LinkKeys({1: b"0" * 32})
PAGE = CheckoutPage("cs_1", "https://pay.example/cs_1", AT + timedelta(hours=1))


def _begun(session: Session) -> Checkout:
    zoo(session)
    invoice = issue(session)
    link = paylinks.open_link(session, invoice, KEYS, Life(24, 90), at=AT)
    return payments.begin(session, invoice, link_id=link.id, at=AT)


def test_a_gateway_that_is_away_for_days_is_asked_again_all_the_same(session: Session) -> None:
    checkout, at = _begun(session), AT
    for _ in range(500):
        at += timedelta(minutes=15)
        assert payments.look_up_due(session, at=at) == 1
    assert checkout.look_at == at + timedelta(minutes=15)


def test_an_answer_that_comes_after_the_end_does_not_open_it_again(postgres_books: Engine) -> None:
    with store.transaction(postgres_books) as session:
        started = _begun(session)
    with store.transaction(postgres_books) as slow:
        checkout = payments.checkout(slow, ACME, started.id)
        assert checkout is not None
        with store.transaction(postgres_books) as other:
            ended = payments.checkout(other, ACME, started.id)
            assert ended is not None
            payments.never_opened(other, ended, at=AT + timedelta(hours=1))
        payments.opened(slow, checkout, PAGE)
    with store.reading(postgres_books) as session:
        found = payments.checkout(session, ACME, started.id)
        assert found is not None
        assert (found.state, found.session_id) == (CheckoutState.EXPIRED, "cs_1")


def test_a_page_that_ends_waits_for_who_credits_its_invoice(postgres_books: Engine) -> None:
    with store.transaction(postgres_books) as session:
        checkout = _begun(session)
    gone = replace(paid(checkout), is_paid=False, status="expired")
    with store.transaction(postgres_books) as crediting:
        # It waits for the page, which ends just now and would find nothing that waits.
        note = credit(crediting, "119.00")
        with pytest.raises(OperationalError):
            _ended(postgres_books, gone)
    _ended(postgres_books, gone)
    with store.reading(postgres_books) as session:
        assert invoices.still_to_pay(session, note).is_zero


def _ended(engine: Engine, facts: CheckoutFacts) -> None:
    with store.transaction(engine) as session:
        session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        checkout = payments.checkout(session, ACME, facts.reference or "")
        assert checkout is not None
        payments.settle(session, checkout, facts, livemode=False, at=AT)
        payments.resume_credits(session, ACME, checkout.item_id, at=AT)


def test_opening_and_paying_at_once_do_not_wait_for_each_other(postgres_books: Engine) -> None:
    with store.transaction(postgres_books) as session:
        checkout = _begun(session)
    with store.transaction(postgres_books) as paying:
        assert invoices.lock(paying, ACME, checkout.item_id) is not None
        with store.transaction(postgres_books) as opening:
            opening.execute(text("SET LOCAL lock_timeout = '1s'"))
            link = paylinks.by_id(opening, ACME, checkout.link_id)
            assert link is not None
            # The line of activity points to the invoice, whose row the other has locked.
            paylinks.note_open(opening, link, Life(24, 90), evidence={}, at=AT)
