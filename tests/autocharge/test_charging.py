"""A stored card is charged after notice and delay, once, whatever happens meanwhile."""

from __future__ import annotations

from tests.autocharge.house import House
from worker.autocharge import ChargeState


def test_a_due_invoice_is_announced_and_charged_once(house: House) -> None:
    customer = house.customer()
    house.card(customer)
    item = house.invoice(customer)
    charge = house.until_tried(item)

    assert charge.state == ChargeState.SETTLED, charge.because
    assert [one["amount"] for one in house.taken()] == [11900]
    assert house.booked() == ({charge.stripe_intent_id: 11900}, 11900)
    assert [n.context["amount"]["minor"] for n in house.notices("charge_notice")] == [11900]
    assert house.broken() == []
