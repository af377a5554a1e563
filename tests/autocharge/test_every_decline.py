"""Every course that a decline may take, from the bank to the customer's mail.

The table of all codes is in test_declines.py; here one code goes each way, and all that Stripe
knows of do where TILLMAIL_EVERY_DECLINE is set, as `make prove` does.
"""

from __future__ import annotations

import os

from tests.autocharge.house import House
from worker import autocharge
from worker.autocharge import Act, Attempt, ChargeState, Course, Decline, course
from worker.invoices import Invoice
from worker.sandbox.declines import _KNOWN


def _course_of(code: str) -> Course:
    advice, network = _KNOWN[code]
    return course(Decline(code, advice, visa_code=network))


_ONE_EACH = {_course_of(code): code for code in sorted(_KNOWN)}
CODES = sorted(_KNOWN if os.environ.get("TILLMAIL_EVERY_DECLINE") else _ONE_EACH.values())


def test_each_decline_takes_its_course(house: House) -> None:
    house.repeats = 1
    items = {}
    for code in CODES:
        customer = house.customer()
        mandate = house.card(customer)
        items[code] = house.invoice(customer), mandate
        on = f"card {mandate.stripe_method_id}"
        house.sandbox.fail(on, "decline", decline_code=code)
    house.tick("autocharge.plan", *["autocharge.hand_out_due"] * 4)
    # Which day that is depends on the week the story begins in: the business has holidays.
    [charged_from] = {house.charge_of(item).not_before for item, _ in items.values()}
    assert charged_from is not None
    house.forward(charged_from - house.at)
    house.tick(*["autocharge.hand_out_due"] * 4)

    told = {notice.subject_id for notice in house.notices("charge_failed")}
    with house.reading() as s:
        for code, (item, mandate) in items.items():
            charge = house.charge_of(item)
            tries = _tries(house, item)
            assert [a.decline_code for a in tries] == [code]
            follows = _course_of(code)
            again = ChargeState.DECLINED if follows.tries else ChargeState.NEEDS_CUSTOMER
            assert charge.state == again, (code, charge.state, charge.because)
            assert (charge.due_at is not None) is (follows.tries > 0)
            assert (charge.id in told) is (code not in ("duplicate_transaction", "invalid_amount"))
            card = s.get(autocharge.Mandate, (mandate.business, mandate.id))
            assert card is not None
            assert (card.stopped_at is not None) is follows.stops_card
            assert (card.revoked_at is not None) is follows.ends_mandate
    assert {one["payment_intent"] for one in house.taken()} == set(house.booked()[0])
    assert house.broken() == []


def _tries(house: House, item: Invoice) -> list[Attempt]:
    with house.reading() as s:
        made = autocharge.attempts_of(s, house.charge_of(item))
        return [attempt for attempt in made if attempt.act == Act.CONFIRM]
