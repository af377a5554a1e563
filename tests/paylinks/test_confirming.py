"""One-time codes: how many there are, and that each is good for one wish only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, zoo
from worker import customers, paylinks
from worker.paylinks import Confirmation, Life, Link, LinkKeys, LinkState, Outcome, Wish
from worker.paylinks.confirming import CODES_A_DAY, CODES_AN_HOUR, TRIES
from worker.paylinks.invariants import portals_are_their_contacts

KEYS = LinkKeys({1: b"an old key", 2: b"a new one"})
A_YEAR = Life(365 * 24, 365)
WISH = Wish("remove_card", {"mandate": "mdt_1"}, "b" * 32)


@pytest.fixture
def link(session: Session) -> Link:
    """The portal link of a contact."""
    [contact, *_] = customers.billing_contacts(session, ACME, zoo(session).id)
    return paylinks.open_portal_link(session, contact, KEYS, A_YEAR, at=AT)


def _asked(session: Session, link: Link, minutes: float = 0) -> Confirmation:
    found = paylinks.ask_code(session, link, WISH, KEYS, at=AT + timedelta(minutes=minutes))
    assert found is not None
    return found


def test_a_contact_has_one_live_portal_link(session: Session, link: Link) -> None:
    [contact, *_] = customers.billing_contacts(session, ACME, link.customer_id)
    again = paylinks.open_portal_link(session, contact, KEYS, A_YEAR, at=AT + timedelta(days=364))
    assert again is link
    later = AT + timedelta(days=366)
    fresh = paylinks.open_portal_link(session, contact, KEYS, A_YEAR, at=later)
    assert (fresh.id != link.id, paylinks.state_of(link, later)) == (True, LinkState.REVOKED)


def test_so_many_codes_an_hour_and_a_day(session: Session, link: Link) -> None:
    sent = []
    for minute in range(0, 24 * 60, 10):
        at = AT + timedelta(minutes=minute)
        if paylinks.ask_code(session, link, WISH, KEYS, at=at) is not None:
            sent.append(minute)
    assert len(sent) == CODES_A_DAY
    assert len([minute for minute in sent if minute < 60]) == CODES_AN_HOUR
    assert portals_are_their_contacts(session) == []


def test_each_wish_has_a_code_of_its_own(session: Session, link: Link) -> None:
    one, other = _asked(session, link), _asked(session, link)
    codes = [paylinks.code_of(each, KEYS) for each in (one, other)]
    assert codes[0] != codes[1]
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    tried = paylinks.try_code(session, link, one, codes[1], KEYS, at=AT)
    assert tried is Outcome.WRONG


@pytest.mark.parametrize(
    ("wrong", "after", "outcome"),
    [
        (0, 0, Outcome.CONFIRMED),
        (TRIES - 1, 9.9, Outcome.CONFIRMED),
        (TRIES, 0, Outcome.OVER),
        (0, 10, Outcome.OVER),
    ],
)
def test_a_code_lasts_for_so_many_tries_and_minutes(
    session: Session, link: Link, wrong: int, after: float, outcome: Outcome
) -> None:
    asked = _asked(session, link)
    for _ in range(wrong):
        paylinks.try_code(session, link, asked, "no", KEYS, at=AT)
    code, at = paylinks.code_of(asked, KEYS), AT + timedelta(minutes=after)
    assert paylinks.try_code(session, link, asked, code, KEYS, at=at) is outcome
    assert paylinks.try_code(session, link, asked, code, KEYS, at=at) is Outcome.OVER


def test_codes_outlive_a_new_key(session: Session, link: Link) -> None:
    asked = _asked(session, link)
    code = paylinks.code_of(asked, KEYS)
    newer = LinkKeys({**KEYS.secrets, 3: b"newer still"})
    assert paylinks.try_code(session, link, asked, code, newer, at=AT) is Outcome.CONFIRMED
