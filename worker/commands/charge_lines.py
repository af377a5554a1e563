"""Everything that happened to one charge, as the lines that are shown of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import autocharge, delivery
from worker.autocharge import Attempt, Charge, ChargeState
from worker.kernel.ids import BusinessKey

_CALLS = ("create", "confirm", "cancel")


def time_line(session: Session, key: BusinessKey, charge: Charge) -> list[dict[str, Any]]:
    """What was planned, told, tried, answered and settled, in the order of time."""
    tries = autocharge.attempts_of(session, charge)
    # After a try the day is that of the next one.
    plan = str(charge.amount) if tries else f"to be charged on {charge.due_on}"
    lines = [_line(charge.planned_at, "planned", plan)]
    papers = delivery.about(session, key, charge.item_id)
    told = [one for one in papers if delivery.charge_told_in(one) == charge.id]
    for notice in [*told, *delivery.about(session, key, charge.id)]:
        lines.append(_line(notice.queued_at, notice.kind, f"{notice.recipient}: {notice.state}"))
    # A clock that stands still, in a demo, must not turn the calls around.
    calls = sorted(tries, key=lambda a: (a.begun_at, _CALLS.index(a.act)))
    for attempt in calls:
        said = f"{attempt.outcome or 'no answer yet'} {_reason(attempt)}".strip()
        lines.append(_line(attempt.begun_at, attempt.act, said))
    if charge.state == ChargeState.DECLINED and charge.due_at is not None:
        lines.append(_line(charge.due_at, "next try", "planned"))
    for at, what in ((charge.held_at, "held"), (charge.ended_at, charge.state)):
        if at is not None:
            lines.append(_line(at, what, charge.because or ""))
    return sorted(lines, key=lambda line: line["at"])


def _reason(attempt: Attempt) -> str:
    """Why a call was refused, in all the codes that decided what follows."""
    codes = [
        attempt.decline_code,
        attempt.advice_code,
        attempt.network_advice_code and f"network advice {attempt.network_advice_code}",
        attempt.visa_code and f"Visa {attempt.visa_code}",
    ]
    return ", ".join(code for code in codes if code) or attempt.problem or ""


def _line(at: datetime, what: str, detail: str) -> dict[str, Any]:
    return {"at": at, "what": what, "detail": detail}
