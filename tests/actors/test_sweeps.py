"""Sweeps go on for everybody when one business stands in their way; jobs that cannot be begun."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OTHER
from tests.commands.conftest import Desk, desk
from worker import actors, autocharge, delivery, payments, review
from worker.actors import FLOW, run_job
from worker.actors.shapes import Run
from worker.app import App
from worker.delivery import Letter, NoticeState
from worker.kernel.errors import PermanentError
from worker.kernel.events import (
    CardChanged,
    CheckoutHeard,
    InvoiceIssued,
    NoticeQueued,
    PayLinkOpened,
)
from worker.kernel.ids import BusinessKey
from worker.settings import load
from worker.store import outbox, tell
from worker.store.outbox import Job, Slip

__all__ = ["desk"]


class _OneHasNoKey(App):
    """Acme has no key; the gateway of the other business notes that it was asked."""

    asked = False

    def businesses(self) -> list[BusinessKey]:
        return [ACME, OTHER]

    def gateway(self, business: BusinessKey) -> payments.Gateway:
        if business == ACME:
            raise PermanentError("acme has no Stripe key.")
        self.asked = True
        return cast(payments.Gateway, _NothingListed())


class _NothingListed:
    def recent(self, **_since: object) -> list[payments.CheckoutFacts]:
        return []

    def recent_reversals(self, **_since: object) -> payments.Reversals:
        return payments.Reversals()


def _app(desk: Desk, kind: type[App] = App) -> App:
    app = kind(load(desk.home, desk.environment), FLOW)
    app.hand_out = lambda _slips: None
    return app


def test_a_business_without_a_key_keeps_nobody_from_being_compared(desk: Desk) -> None:
    app = cast(_OneHasNoKey, _app(desk, _OneHasNoKey))
    actors.run_sweep(app, "payments.compare_listing")
    app.close()
    assert app.asked


def _given_up(session: Session, business: BusinessKey) -> str:
    slip = outbox.add(session, NoticeQueued(business, "ntc_1"), "delivery.send_notice", at=AT)
    session.flush()
    job = session.get_one(Job, (business, slip.job))
    job.starts, job.leased_until = 3, AT - timedelta(days=1)
    return slip.job


def test_jobs_of_a_business_whose_file_is_gone_are_parked_like_all_others(desk: Desk) -> None:
    app = _app(desk)
    with app.transaction() as session:
        jobs = {_given_up(session, business) for business in (ACME, OTHER)}
    actors.run_sweep(app, "store.park_hopeless")
    with app.reading() as session:
        asked = {i.subject for b in (ACME, OTHER) for i in review.open_items(session, b)}
    app.close()
    assert asked == jobs


def test_a_job_held_by_somebody_else_is_not_prepared(desk: Desk) -> None:
    app = _app(desk)
    with app.transaction() as session:
        slip = outbox.add(session, NoticeQueued(ACME, "ntc_1"), "delivery.send_notice", at=AT)
    with app.transaction() as session:
        assert outbox.start(session, slip, at=AT) is not None
    # Neither the notice nor a press is there: preparing it would end the other's job.
    actors.run_job(app, slip)
    with app.reading() as session:
        assert review.open_items(session, ACME) == []
    app.close()


def test_a_notice_that_cannot_be_composed_ends_refused_and_a_person_is_told(desk: Desk) -> None:
    app = _app(desk)
    slips: list[Slip] = []
    app.hand_out = slips.extend
    with app.transaction() as session:
        letter = Letter("question", "work_1", "fay@acme.example", "en", "", {})
        notice = delivery.queue(session, ACME, letter, app.rules(ACME).mail, at=AT)
    actors.run_job(app, slips.pop())  # There is no press here.
    with app.reading() as session:
        ended = delivery.by_id(session, ACME, notice.id)
        [item] = review.open_items(session, ACME)
    app.close()
    assert ended is not None
    assert ended.state == NoticeState.REFUSED
    assert (item.kind, item.subject) == ("notice_undelivered", notice.id)


def test_what_cannot_be_prepared_for_is_left_to_the_queue(desk: Desk) -> None:
    app = _app(desk)
    slips: list[Slip] = []
    with app.transaction() as session:
        slip = outbox.add_started(session, InvoiceIssued(ACME, "inv_1"), "x", at=AT)
    app.hand_out = slips.extend
    run = Run(app, slip, may_begin=lambda _actor: True, is_started=True)
    # There is neither such an invoice nor such a checkout; of that a call reads nothing beforehand.
    with run.finish() as session:
        tell(session, PayLinkOpened(ACME, "inv_1"))
        tell(session, CheckoutHeard(ACME, "chk_1"))
        tell(session, CheckoutHeard(ACME, "chk_2"))
    app.close()
    assert [(s.actor, s.subject) for s in slips] == [
        ("documents.render_invoice", "inv_1"),
        ("payments.settle_checkout", "chk_2"),
    ]
    assert run.following is not None
    assert run.following.slip.subject == "chk_1"


def test_nothing_is_begun_by_a_transaction_that_is_not_kept(desk: Desk) -> None:
    app = _app(desk)
    with app.transaction() as session:
        slip = outbox.add(session, InvoiceIssued(ACME, "inv_1"), "x", at=AT)
    asleep = Run(app, slip, may_begin=lambda _actor: True)
    with app.transaction() as session:
        assert outbox.start(session, slip, at=AT) is not None
    with pytest.raises(outbox.LeaseLost), asleep.finish() as session:
        tell(session, CheckoutHeard(ACME, "chk_1"))
    app.close()
    assert asleep.following is None


class _LosesItsJob(App):
    """While it asks for the gateway, which it has none of, somebody else takes the job over."""

    def stored_cards(self, business: BusinessKey) -> autocharge.StoredCards:
        with self.transaction() as session:
            session.execute(update(Job).values(ticket="another"))
        raise PermanentError(f"{business} has no Stripe key.")


def test_a_problem_with_a_job_that_was_taken_over_is_the_other_ones(desk: Desk) -> None:
    app = _app(desk, _LosesItsJob)
    with app.transaction() as session:
        slip = outbox.add(session, CardChanged(ACME, "pm_1"), "cards.look_up_card", at=AT)
    assert run_job(app, slip) is None
    with app.reading() as session:
        job = session.get_one(Job, (ACME, slip.job))
        assert (job.done_at, job.ticket, review.open_items(session, ACME)) == (None, "another", [])
    app.close()
