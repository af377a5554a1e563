"""Bank statements recorded: each entry once, balances that chain, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.books import ACME, copy_of, issue, lent, zoo
from tests.payments.bank import DAY, IBAN, RULES, book, entry, record, statement, unsound
from tests.payments.test_crediting import euro, owed
from worker import ledger, payments, store
from worker.kernel.errors import Refused
from worker.payments import BankEntry, BankStatement, Gap
from worker.readers.model import BankDetail, EntryStatus, Problem, Statement

DAYS = 4


def day(nth: int) -> list[Any]:
    """What happens on a day: something new, something that says the same twice, something out."""
    on = DAY + timedelta(days=nth)
    return [
        entry("119.00", f"RE-{1000 + nth}", on=on),
        entry("10.00", "same", on=on),
        entry("10.00", "same", on=on),
        entry("-5.00", "fee", on=on),
    ]


def days(first: int, last: int, **changes: Any) -> Statement:
    """The statement of these days, the last included; a day is worth 134.00."""
    told = [each for nth in range(first, last + 1) for each in day(nth)]
    opening = f"{1000 + 134 * first}.00"
    return statement(*told, opening=opening, number=f"{first}-{last}", **changes)


def entries(session: Session) -> int:
    return len(session.scalars(select(BankEntry.id)).all())


def what_it_came_to(session: Session) -> object:
    """The books without what is drawn by lot: ids and the order of things."""
    rows = session.scalars(select(BankEntry)).all()
    told = sorted((e.booked_on, e.ordinal, e.amount_minor, e.said, e.outcome) for e in rows)
    return told, ledger.balances(session, ACME)


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ([(0, 1), (2, 3)], 16),
        ([(0, 1), (0, 1)], 8),
        ([(0, 3), (2, 5)], 24),
        ([(0, 3), (1, 2)], 16),
        ([(2, 3), (0, 1)], 16),
        ([(2, 3), (0, 2)], 16),
        ([(1, 1), (0, 5)], 24),
    ],
)
def test_files_that_touch_or_overlap_book_each_entry_once(
    session: Session, files: list[tuple[int, int]], count: int
) -> None:
    for first, last in files:
        book(session, days(first, last))
    assert entries(session) == count
    assert unsound(session) == []


def test_a_gap_is_refused_until_it_is_closed_or_accepted(session: Session) -> None:
    book(session, days(0, 0))
    with pytest.raises(Gap, match="entries between them are missing"):
        record(session, days(2, 2))
    assert entries(session) == 4
    book(session, days(2, 2), accepts_gap=True)
    gap = [s.gap_accepted_by for s in session.scalars(select(BankStatement)) if s.gap_accepted_by]
    assert gap == ["ann"]
    book(session, days(0, 3))
    assert entries(session) == 16
    assert not [s for s in session.scalars(select(BankStatement)) if s.gap_accepted_by]
    assert unsound(session) == []


def test_a_file_without_balances_is_taken_into_the_chain_later(session: Session) -> None:
    book(session, days(0, 0))
    [loose] = record(session, statement(*day(1), opening=None))
    assert (loose.booked, loose.has_balances) == (4, False)
    [done] = record(session, days(1, 1))
    assert (done.booked, done.known) == (0, 4)
    book(session, days(2, 2))
    assert entries(session) == 12
    assert unsound(session) == []


def test_a_file_that_tells_the_last_first_is_turned(session: Session) -> None:
    told = days(0, 2)
    book(session, told.model_copy(update={"entries": told.entries[::-1]}))
    book(session, days(1, 3))
    assert entries(session) == 16


def test_what_is_not_booked_yet_is_left_out(session: Session) -> None:
    pending = entry("50.00", "later", status=EntryStatus.PENDING)
    [done] = record(session, statement(entry("1.00"), opening=None).model_copy(
        update={"entries": (entry("1.00"), pending)}
    ))  # fmt: skip
    assert done.booked == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"account": "DE89370400440532013000"}, "account …3000, which is none of Acme's"),
        ({"account": ""}, "does not say which account"),
        ({"currency": "USD"}, "is in EUR, not USD"),
        ({"entries": (entry("1.00", currency="USD"),)}, "is in EUR, not USD"),
        ({"problems": (Problem(rule="BALANCE", text="off by 1.00"),)}, "off by 1.00"),
        ({"entries": (entry("1.001"),)}, "finer than the smallest unit"),
    ],
)
def test_a_file_that_must_not_be_booked_is_refused_whole(
    session: Session, changes: dict[str, Any], why: str
) -> None:
    wrong = days(1, 1).model_copy(update=changes)
    with pytest.raises(Refused, match=why):
        record(session, days(0, 0), wrong)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (days(0, 0), "entries between them are missing"),
        (statement(entry("1.00"), opening=None), "has no balances"),
    ],
)
def test_by_mail_nothing_is_booked_that_does_not_follow(
    session: Session, told: Statement, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        record(session, told, only=IBAN)


def test_a_file_for_another_accounts_address_is_refused(session: Session) -> None:
    with pytest.raises(Refused, match="came to the address of another account"):
        record(session, days(0, 0), only="DE89370400440532013000")


def test_an_account_is_known_by_every_name_banks_give_it() -> None:
    for name in (IBAN, "DE02 1203 0000 0000 2020 51", "12030000/202051", f"{IBAN}EUR"):
        assert RULES.bank_account(name) is not None, name
    assert RULES.bank_account("12030000/202052") is None


def test_entries_without_their_own_reference_are_told_apart_by_their_payer(
    session: Session,
) -> None:
    one, other = (
        entry("5.00", "x", details=(BankDetail(counterparty_name=name),)) for name in ("A", "B")
    )
    record(session, statement(one, other))
    prints = {e.fingerprint for e in session.scalars(select(BankEntry))}
    assert len(prints) == 2


spans = st.tuples(st.integers(0, DAYS - 1), st.integers(0, DAYS - 1)).map(sorted)


@pytest.fixture(scope="module")
def at_once(migrated_file: Path) -> object:
    """The books after one file of all days."""
    return _booked(migrated_file, [[0, DAYS - 1]])


@settings(max_examples=4)
@given(files=st.lists(spans, min_size=1, max_size=5))
def test_any_order_and_overlap_of_files_comes_to_the_same_books(
    migrated_file: Path, at_once: object, files: list[list[int]]
) -> None:
    assert _booked(migrated_file, [*files, [0, DAYS - 1]]) == at_once


def _booked(template: Path, files: list[list[int]]) -> object:
    with (
        TemporaryDirectory() as folder,
        lent(copy_of(template, Path(folder))) as engine,
        store.transaction(engine) as session,
    ):
        zoo(session)
        for nth in range(DAYS):
            issue(session, number=f"RE-{1000 + nth}")
        waiting = [*files]
        while waiting:
            waiting = [span for span in waiting if not _could_book(session, *span)]
        assert unsound(session) == []
        return what_it_came_to(session)


def _could_book(session: Session, first: int, last: int) -> bool:
    try:
        book(session, days(first, last))
    except payments.Gap:
        return False
    return True


def test_an_invoice_is_paid_by_the_statement_that_names_it(session: Session) -> None:
    zoo(session)
    item = issue(session, number="RE-1001")
    book(session, days(0, 2))
    assert owed(session, item) == euro("0.00")
