"""The weekly list of what is announced: sent once, answered by its numbers, line for line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.actors.desk import NORTHLIGHT, Desk, letter, opened
from tests.flows.papers import Paper, forward
from worker import actors, remittance
from worker.delivery import Notice
from worker.payments import Payment
from worker.remittance import Advice, Weekly
from worker.review import WorkItem

ANN = "Ann <accounts@brightwater.example>"
EVE = "Eve <eve@evil.example>"
BOB = "Bob Berg <bob@northlight.example>"
NUMBERS = ("F-7001", "F-7002", "F-7003")


def weekly(rules: str) -> str:
    """The rules with a list instead of a question for each claim, due since Monday at midnight."""
    return rules.replace("[remittance]", '[remittance]\nask = "weekly"\nlist_hour = 0')


@pytest.fixture(scope="module")
def kept_desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Desk]:
    with opened(tmp_path_factory.mktemp("desk"), migrated_file, weekly) as there:
        for place, number in enumerate(NUMBERS, start=1):
            there.take(forward(Paper(number=number, net=Decimal(100 * place))).raw())
            paid = f"We have paid {number} today: {119 * place}.00 EUR by bank transfer."
            there.take(letter(paid, sender=ANN, subject=number))
        there.keep()
        yield there


@pytest.fixture
def desk(kept_desk: Desk) -> Desk:
    """Brightwater told of 119.00, 238.00 and 357.00 EUR, each for one invoice."""
    kept_desk.start_over()
    return kept_desk


def listed(desk: Desk) -> Notice:
    """The list as it was mailed, however often the clock ticks."""
    for _ in range(3):
        actors.run_sweep(desk.app, "remittance.send_lists")
    return desk.one(Notice, kind="remittance_list")


def states(desk: Desk) -> str:
    """How each claim stands, by its first letter: announced, settled, withdrawn."""
    found = sorted(desk.all(Advice), key=lambda advice: advice.amount_minor or 0)
    return "".join(advice.state[0] for advice in found)


def test_the_list_says_who_how_much_and_since_when_once_a_week(desk: Desk) -> None:
    assert desk.all(WorkItem) == []
    notice = listed(desk)
    assert notice.recipient == "mara@northlight.example"
    rows = [
        (p["number"], p["customer"], p["amount"]["minor"], p["invoices"], p["days"])
        for p in notice.context["payments"]
    ]
    assert rows == [
        (n, "Brightwater Interiors GmbH", 11900 * n, [NUMBERS[n - 1]], 0) for n in (1, 2, 3)
    ]
    assert notice.context["totals"] == [{"minor": 71400, "currency": "EUR"}]
    assert desk.broken() == []


@pytest.mark.parametrize(
    ("words", "after", "is_open"),
    [
        ("received", "sss", False),
        ("Alle eingegangen, danke", "sss", False),
        ("1 3", "sas", True),
        ("1-2, not received 3", "ssw", False),
        ("nicht eingegangen 2", "awa", True),
        ("not received", "www", False),
        ("no 1 3", "aaa", True),
        ("1 4", "aaa", True),
        ("not received 2\n3", "aaa", True),
        ("1 119.00", "aaa", True),
        ("most of them", "aaa", True),
    ],
)
def test_each_line_is_settled_or_ended_as_the_answer_says(
    desk: Desk, words: str, after: str, *, is_open: bool
) -> None:
    notice = listed(desk)
    for _ in range(2):
        desk.answer(notice, words)
    assert states(desk) == after
    settled = [p for p in desk.all(Payment) if p.state == "settled"]
    assert {p.registered_by for p in settled} <= {"mara@northlight.example"}
    assert (desk.one(WorkItem, kind="remittance_list").resolved_at is None) is is_open
    assert desk.said() != []
    assert desk.broken() == []


def test_what_is_left_out_can_be_answered_later_and_is_on_the_next_list(desk: Desk) -> None:
    notice = listed(desk)
    for words in ("2", "1"):
        desk.answer(notice, words)
    assert states(desk) == "ssa"
    with desk.app.transaction() as s:
        zone, at = desk.rules.time_zone, desk.app.now()
        again = remittance.ask_list(s, NORTHLIGHT, "list_2", zone, at=at)
        assert again is not None
        assert [row["customer"] for row in again.evidence["waiting"]] == [
            "Brightwater Interiors GmbH"
        ]
    desk.answer(notice, "3")
    assert states(desk) == "ssa"
    assert desk.said()[-1] == "This is answered already"


@pytest.mark.parametrize("sender", [EVE, BOB, ANN])
def test_nobody_but_finance_settles_by_the_list(desk: Desk, sender: str) -> None:
    desk.answer(listed(desk), "received", sender=sender)
    assert states(desk) == "aaa"


@pytest.mark.parametrize(
    ("now", "week"),
    [
        ("2026-11-22T22:59", "2026-W47"),
        ("2026-11-22T23:00", None),
        ("2026-11-23T06:59", None),
        ("2026-11-23T07:00", "2026-W48"),
        ("2026-11-29T22:59", "2026-W48"),
        ("2026-11-29T23:00", None),
        ("2027-01-03T12:00", "2026-W53"),
        ("2026-07-06T06:00", "2026-W28"),
    ],
)
def test_a_list_is_due_from_its_hour_in_the_zone_of_the_business(
    now: str, week: str | None
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert Weekly("mon", 8, "Europe/Berlin").week(at) == week
