"""Every actor of the flow, run twice with the same slip: the second time changes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.flows.house import BUSINESS, House, running_house
from tests.flows.papers import Paper, forward
from tests.servers.processes import free_port
from worker import intake
from worker.actors import Carrier, run_job
from worker.actors.businesses import publish
from worker.delivery import Notice
from worker.documents import Document
from worker.invoices import Invoice
from worker.ledger import Entry
from worker.store.outbox import Job, Slip


def test_a_slip_that_comes_twice_changes_nothing(tmp_path: Path) -> None:
    with running_house(tmp_path, free_port(), {}, processes=()) as house:
        slips = prepared(house)
        seen = set()
        while slips:
            slip = slips.pop(0)
            seen.add(slip.actor)
            run_job(house.app, slip)
            follows = list(slips)
            run_job(house.app, slip)
            assert slips == follows
        assert seen == {
            "intake.sort_mail",
            "documents.render_invoice",
            "delivery.send_notice",
        }
        assert [len(house.all_of(kind)) for kind in (Invoice, Document, Notice, Entry)] == [1] * 4
        assert len(house.emails()) == 1
        assert all(job.done_at and not job.problem for job in house.all_of(Job))
        house.verify()
        a_thread_carries_on(house, slips)
        house.verify()


def a_thread_carries_on(house: House, slips: list[Slip]) -> None:
    """All the way by itself; up to what acts outside, where that is left to others."""
    arrive(house, "CARRIED-1")
    Carrier(house.app, calls=1).run(slips.pop())
    assert slips == []
    assert len(house.emails()) == 2

    arrive(house, "CARRIED-2")
    Carrier(house.app, calls=0).run(slips.pop())
    assert [slip.actor for slip in slips] == ["delivery.send_notice"]
    assert len(house.emails()) == 2
    run_job(house.app, slips.pop())
    assert len(house.emails()) == 3


def prepared(house: House) -> list[Slip]:
    """The slips that follow from one forwarded invoice, instead of a queue."""
    slips: list[Slip] = []
    house.app.hand_out = slips.extend
    house.app.start_children(reader=True, press=True)
    publish(house.app, BUSINESS)
    arrive(house, "ONCE-1")
    return slips


def arrive(house: House, number: str) -> None:
    """A forwarded invoice comes in."""
    rules = house.app.rules(BUSINESS).mailboxes[0]
    with house.app.transaction() as session:
        raw = forward(Paper(number=number)).raw()
        spot = intake.Spot("new", "0", number)
        at = house.app.now()
        arrival = intake.Arrival(spot=spot, size_bytes=len(raw), arrived_at=at, raw=raw)
        intake.receive(session, BUSINESS, rules.name, arrival, at=at)
