"""What a customer will be charged when, as planning sees it now; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from worker.autocharge import items, records
from worker.autocharge.items import Item
from worker.autocharge.model import ENDED, ChargeState, Mandate
from worker.autocharge.planning import decide, standing_of
from worker.autocharge.terms import Terms
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Coming:
    """One charge to come: of which item, how much, on which day, to which card.

    `is_announced`: the customer was told, and has time to object. `is_held`: staff look at it.
    """

    item: Item
    amount: Money
    day: date
    mandate: Mandate
    is_announced: bool = False
    is_held: bool = False


def foresee(
    session: Session, business: BusinessKey, customer_id: str, terms: Terms, *, at: datetime
) -> list[Coming]:
    """Every charge to come of a customer, the first day first: those planned, and those that
    would be if nothing changes. Empty where charging is off or paused."""
    if not terms.is_on or records.pause(session, business) is not None:
        return []
    owed = items.of_customer(session, business, customer_id)
    standing = standing_of(session, business, owed, at=at)
    mandates = {one.id: one for one in standing.mandates.get(customer_id, ())}
    coming: list[Coming] = []
    for item in owed:
        live = [
            one
            for one in standing.charges.get(item.id, ())
            if ChargeState(one.state) not in ENDED and one.mandate_id in mandates
        ]
        if live:
            [charge] = live[-1:]
            state = ChargeState(charge.state)
            if mandates[charge.mandate_id].revoked_at is None and state is not ChargeState.ENDING:
                coming.append(
                    Coming(
                        item,
                        charge.amount,
                        charge.due_on,
                        mandates[charge.mandate_id],
                        is_announced=charge.noticed_at is not None,
                        is_held=state is ChargeState.HELD,
                    )
                )
            continue
        planned = decide(item, standing, terms, at=at)
        if planned.mandate is not None:
            coming.append(Coming(item, item.owed, planned.day, planned.mandate))
    return sorted(coming, key=lambda one: (one.day, one.item.number))
