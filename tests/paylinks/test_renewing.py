"""Renewal by request: limits, contacts, and one live link."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.paylinks.conftest import KEY, NOON, MakeInvoice
from worker import customers, paylinks, store
from worker.kernel.events import LinkRenewed
from worker.paylinks import Life, Link, LinkKeys, LinkState, RenewalTerms
from worker.store.outbox import take_told

KEYS = LinkKeys({1: b"key"})
LIFE = Life(ttl_h=24, cap_days=90)
TERMS = RenewalTerms(KEYS, LIFE, per_day=2)
LATER = NOON + timedelta(days=2)


def _ended(session: Session, make_invoice: MakeInvoice) -> tuple[Link, str]:
    link = paylinks.open_link(session, make_invoice(session), KEYS, LIFE, at=NOON)
    paylinks.note_open(session, link, LIFE, evidence={}, at=NOON)
    [contact] = customers.billing_contacts(session, KEY, link.customer_id)
    take_told(session)
    return link, contact.id


def test_an_ended_link_is_replaced_and_the_fact_told(
    engine: Engine, make_invoice: MakeInvoice
) -> None:
    with store.transaction(engine) as session:
        link, contact = _ended(session, make_invoice)
        line = paylinks.ask_renewal(session, link, contact, TERMS, at=LATER)
        assert line is not None
        assert take_told(session) == [LinkRenewed(KEY, line.id)]
        renewal = paylinks.renewal(session, KEY, line.id)
        assert renewal is not None
        assert renewal.contact_id == contact
        assert paylinks.state_of(renewal.link, LATER) is LinkState.WAITING
        assert paylinks.state_of(link, LATER) is LinkState.REVOKED


def test_the_limit_counts_the_item_over_a_sliding_day(
    engine: Engine, make_invoice: MakeInvoice
) -> None:
    with store.transaction(engine) as session:
        link, contact = _ended(session, make_invoice)
        granted = []
        for hours in (0, 1, 2, 24, 25):
            at = LATER + timedelta(hours=hours)
            line = paylinks.ask_renewal(session, link, contact, TERMS, at=at)
            session.flush()
            granted.append(line is not None)
        assert granted == [True, True, False, False, True]


def test_a_suppressed_contact_gets_nothing(engine: Engine, make_invoice: MakeInvoice) -> None:
    with store.transaction(engine) as session:
        link, contact = _ended(session, make_invoice)
        customers.suppress(session, KEY, "anna@buyer.example", because="bounced", at=NOON)
        assert paylinks.ask_renewal(session, link, contact, TERMS, at=LATER) is None
        assert take_told(session) == []


def test_an_item_without_a_link_gets_none(engine: Engine, make_invoice: MakeInvoice) -> None:
    with store.transaction(engine) as session:
        link, contact = _ended(session, make_invoice)
        line = paylinks.ask_renewal(session, link, contact, TERMS, at=LATER)
        assert line is not None
        assert link.item_id is not None
        paylinks.revoke(session, KEY, link.item_id, at=LATER)
        session.flush()
        assert paylinks.renewal(session, KEY, line.id) is None
        assert paylinks.ask_renewal(session, link, contact, TERMS, at=LATER) is None
