"""The ledger: balanced, once per source, never changed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OTHER
from worker import ledger, store
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.ledger import Account, Entry, Leg
from worker.ledger.invariants import INVARIANTS

TEN = Money(1000, "EUR")


def _post(
    session: Session, source: str = "test:1", *, amount: Money = TEN, business: BusinessKey = ACME
) -> Entry:
    legs = [
        ledger.debit(Account.RECEIVABLE, amount, customer_id="cus_1", item_id="inv_1"),
        ledger.credit(Account.INVOICED, amount),
    ]
    ledger.post(session, business, source=source, legs=legs, at=AT)
    entry = ledger.find(session, business, source)
    assert entry is not None
    return entry


def _broken(session: Session) -> list[str]:
    return [found for holds in INVARIANTS for found in holds(session)]


def test_what_is_posted_stands_in_both_accounts(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        _post(session)

    with store.reading(each_books) as session:
        assert ledger.balances(session, ACME) == {
            ("invoiced", "EUR"): -TEN,
            ("receivable", "EUR"): TEN,
        }
        held = ledger.held_for_item(session, ACME, Account.RECEIVABLE, "inv_1", "EUR")
        assert held == TEN
        assert _broken(session) == []


def test_posting_the_same_source_again_does_nothing(session: Session) -> None:
    assert _post(session).id == _post(session).id
    assert ledger.entry_count(session, ACME) == 1


def test_the_same_source_with_another_amount_is_refused(session: Session) -> None:
    _post(session)
    with pytest.raises(PermanentError, match="posted before"):
        _post(session, amount=Money(1001, "EUR"))


@pytest.mark.parametrize(
    "legs",
    [
        [Leg(Account.BANK, TEN)],
        [Leg(Account.BANK, TEN), Leg(Account.RECEIVABLE, TEN)],
        [Leg(Account.BANK, TEN), Leg(Account.RECEIVABLE, Money(-999, "EUR"))],
    ],
)
def test_legs_that_do_not_balance_are_refused(session: Session, legs: Sequence[Leg]) -> None:
    with pytest.raises(PermanentError, match="does not balance"):
        ledger.post(session, ACME, source="test:1", legs=legs, at=AT)


def test_businesses_do_not_see_each_other(session: Session) -> None:
    _post(session)
    assert ledger.balances(session, OTHER) == {}
    assert ledger.find(session, OTHER, "test:1") is None
    assert _post(session, business=OTHER).id != _post(session).id


def test_reversing_an_entry_leaves_nothing(session: Session) -> None:
    entry = _post(session)
    ledger.reverse(session, ACME, entry, source="undo:1", at=AT)

    undone = ledger.find(session, ACME, "undo:1")
    assert undone is not None
    assert undone.reverses == entry.id
    assert all(amount.is_zero for amount in ledger.balances(session, ACME).values())
    assert _broken(session) == []


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_posting"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET currency = 'USD'", "DELETE FROM {}"], ids=["update", "delete"]
)
def test_the_database_denies_changing_the_ledger(
    each_books: Engine, table: str, change: str
) -> None:
    with store.transaction(each_books) as session:
        _post(session)

    with pytest.raises(DBAPIError, match="append-only"), each_books.begin() as connection:
        connection.execute(text(change.format(table)))


def test_postgresql_denies_emptying_the_ledger_as_well(postgres_books: Engine) -> None:
    with pytest.raises(DBAPIError, match="append-only"), postgres_books.begin() as connection:
        connection.execute(text("TRUNCATE ledger_entry CASCADE"))


def test_lost_triggers_are_noticed(each_books: Engine) -> None:
    with each_books.begin() as connection:
        on = " ON ledger_entry" if each_books.dialect.name == "postgresql" else ""
        name = "ledger_entry_no_change" if on else "ledger_entry_no_update"
        connection.execute(text(f"DROP TRIGGER {name}{on}"))

    with store.reading(each_books) as session:
        assert _broken(session) == [
            "Table ledger_entry has lost the triggers that keep it append-only."
        ]


def test_a_leg_written_past_the_room_is_noticed(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        entry = _post(session)
        session.execute(
            text(
                "INSERT INTO ledger_posting"
                " (business, entry_id, position, account, currency, amount_minor)"
                f" VALUES ('acme', '{entry.id}', 3, 'bank', 'EUR', 7)"
            )
        )

    with store.reading(each_books) as session:
        assert _broken(session) == [
            "acme: test:1 does not balance.",
            "acme: EUR is off by 7 minor units.",
        ]


def test_a_balance_below_zero_is_noticed(session: Session) -> None:
    legs = [
        ledger.debit(Account.CUSTOMER_BALANCE, TEN, customer_id="cus_1"),
        ledger.credit(Account.RECEIVABLE, TEN, customer_id="cus_1"),
    ]
    ledger.post(session, ACME, source="test:1", legs=legs, at=AT)

    assert _broken(session) == ["acme: customer_balance of cus_1 is below zero in EUR."]


def test_a_reversal_that_undoes_only_half_is_noticed(session: Session) -> None:
    entry = _post(session)
    half = Money(-500, "EUR")
    legs = [Leg(Account.RECEIVABLE, half, "cus_1", "inv_1"), Leg(Account.INVOICED, -half)]
    ledger.post(session, ACME, source="undo:1", legs=legs, at=AT, reverses=entry.id)

    assert set(_broken(session)) == {"acme: undo:1 does not undo its entry."}


movements = st.lists(
    st.tuples(
        st.sampled_from([a for a in Account if a is not Account.CUSTOMER_BALANCE]),
        st.sampled_from([Account.RECEIVABLE, Account.BANK]),
        st.integers(1, 10**9),
        st.sampled_from(["EUR", "JPY"]),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(movements)
def test_whatever_is_posted_adds_up_to_nothing(
    sqlite_books: Engine, movements: list[tuple[Account, Account, int, str]]
) -> None:
    with store.transaction(sqlite_books) as session:
        for debited, credited, minor, currency in movements:
            amount = Money(minor, currency)
            legs = [ledger.debit(debited, amount), ledger.credit(credited, amount)]
            ledger.post(session, ACME, source=new_id("test"), legs=legs, at=AT)
        sums = dict.fromkeys(("EUR", "JPY"), 0)
        for (_, currency), held in ledger.balances(session, ACME).items():
            sums[currency] += held.minor
        assert set(sums.values()) == {0}
