"""A link's life: made once per item, its clock started once, never un-expired."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.paylinks.conftest import KEY, NOON, MakeInvoice
from worker import paylinks, store
from worker.paylinks import Life, Link, LinkKeys, LinkState
from worker.paylinks.opening import cap

KEYS = LinkKeys({1: b"key"})
LIFE = Life(ttl_h=24, cap_days=90)


def link(**facts: datetime | None) -> Link:
    times = {"opened_at": None, "expires_at": None, "revoked_at": None} | facts
    return Link(id="lnk_1", cap_at=NOON + timedelta(days=90), **times)


STATES = [
    ({}, 0, LinkState.WAITING),
    ({}, 90 * 24, LinkState.EXPIRED),
    ({}, 90 * 24 - 1, LinkState.WAITING),
    ({"opened_at": NOON, "expires_at": NOON + timedelta(hours=24)}, 23, LinkState.OPENED),
    ({"opened_at": NOON, "expires_at": NOON + timedelta(hours=24)}, 24, LinkState.EXPIRED),
    ({"revoked_at": NOON}, 0, LinkState.REVOKED),
    ({"revoked_at": NOON}, 99 * 24, LinkState.REVOKED),
]


@pytest.mark.parametrize(("facts", "hours", "state"), STATES)
def test_the_state_follows_from_the_facts_and_the_clock(
    facts: dict[str, datetime], hours: int, state: LinkState
) -> None:
    assert paylinks.state_of(link(**facts), NOON + timedelta(hours=hours)) is state


CAPS = [
    (date(2026, 12, 4), NOON + timedelta(days=12 + 90)),
    (date(2026, 11, 22), NOON + timedelta(days=90)),
    (date(2026, 1, 1), NOON + timedelta(days=90)),
    (None, NOON + timedelta(days=90)),
    (date(9999, 12, 31), NOON + timedelta(days=3_660 + 90)),
]


@pytest.mark.parametrize(("due_on", "ends_at"), CAPS)
def test_a_link_never_opened_lasts_to_days_past_due(due_on: date | None, ends_at: datetime) -> None:
    assert cap(due_on, LIFE, NOON) == ends_at


def test_an_item_has_one_live_link(engine: Engine, make_invoice: MakeInvoice) -> None:
    with store.transaction(engine) as session:
        invoice = make_invoice(session)
        first = paylinks.open_link(session, invoice, KEYS, LIFE, at=NOON)
        again = paylinks.open_link(session, invoice, KEYS, LIFE, at=NOON)
        assert first.id == again.id
        assert [line.kind for line in paylinks.activity_of(session, KEY, invoice.id)] == ["created"]
        assert KEYS.token(first.id, 1) not in repr(vars(first))


def test_a_revoked_link_is_not_opened(engine: Engine, make_invoice: MakeInvoice) -> None:
    with store.transaction(engine) as session:
        invoice = make_invoice(session)
        made = paylinks.open_link(session, invoice, KEYS, LIFE, at=NOON)
        paylinks.revoke(session, KEY, invoice.id, at=NOON)
        paylinks.note_open(session, made, LIFE, evidence={}, at=NOON)
        assert made.opened_at is None
        assert paylinks.live_link(session, KEY, invoice.id) is None


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    opens=st.lists(st.integers(min_value=-48, max_value=4_000), min_size=1, max_size=6),
    ttls=st.lists(st.integers(min_value=1, max_value=2_000), min_size=6, max_size=6),
)
def test_the_clock_is_set_once_and_never_moves(
    engine: Engine, make_invoice: MakeInvoice, opens: list[int], ttls: list[int]
) -> None:
    """In whichever order people open it, whatever the settings become, if the clock steps back."""
    with store.transaction(engine) as session:
        invoice = make_invoice(session)
        made = paylinks.open_link(session, invoice, KEYS, LIFE, at=NOON)
        first: datetime | None = None
        for hours, ttl_h in zip(opens, ttls, strict=False):
            at = NOON + timedelta(hours=hours)
            paylinks.note_open(session, made, Life(ttl_h, 90), evidence={}, at=at)
            first = first or made.expires_at
            assert made.expires_at == first
        kinds = [line.kind for line in paylinks.activity_of(session, KEY, invoice.id)]
        assert kinds.count("human_open") == (first is not None)


def test_the_end_is_written_down_once(engine: Engine, make_invoice: MakeInvoice) -> None:
    with store.transaction(engine) as session:
        invoice = make_invoice(session)
        opened = paylinks.open_link(session, invoice, KEYS, LIFE, at=NOON)
        paylinks.open_link(session, make_invoice(session), KEYS, LIFE, at=NOON)
        paylinks.note_open(session, opened, LIFE, evidence={}, at=NOON)
        later = NOON + timedelta(hours=30)
        assert paylinks.note_expired(session, at=NOON) == 0
        assert paylinks.note_expired(session, at=later) == 1
        session.flush()
        assert paylinks.note_expired(session, at=later) == 0
        ended = [
            line
            for line in paylinks.activity_of(session, KEY, invoice.id)
            if line.kind == "expired"
        ]
        assert [line.at for line in ended] == [opened.expires_at]
