"""Payouts: what is available goes to the account's bank, with the list of what it is made of.

Stripe pays out by its own timetable; here `/_sandbox/payouts` says when.
"""

from __future__ import annotations

from typing import Any

from worker.sandbox.call import Call, only
from worker.sandbox.events import emit
from worker.sandbox.state import Object

_TO_THE_BANK_S = 86_400


def pay_out(call: Call, currency: str) -> Object:
    """A payout of all that is available in this currency. Raises ValueError if that is nothing."""
    unpaid = [
        txn
        for txn in call.state.unpaid_transactions(call.account)
        if txn["status"] == "available" and txn["currency"] == currency
    ]
    total = sum(txn["net"] for txn in unpaid)
    if total <= 0:
        raise ValueError(f"Nothing is available in {currency!r}: {total}. Move the clock first.")
    payout = _new_payout(call, total, currency)
    own = _transaction(call, payout, "payout", -total)
    payout["balance_transaction"] = own["id"]
    call.save(payout)
    for txn in [*unpaid, own]:
        call.save(txn | {"_payout": payout["id"]})
    emit(call, "payout.created", payout)
    payout["status"] = "paid"
    call.save(payout)
    emit(call, "payout.paid", payout)
    return payout


def fail(call: Call, id_: str) -> Object:
    """The payout, which the bank sent back; the money is available again."""
    payout = call.get("payout", id_)
    if payout["status"] != "paid":
        raise ValueError(f"{id_} is {payout['status']}: only what was paid fails.")
    txn = _transaction(call, payout, "payout_failure", payout["amount"])
    payout |= {
        "failure_balance_transaction": txn["id"],
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
        "status": "failed",
    }
    call.save(payout)
    emit(call, "payout.failed", payout)
    return payout


def list_payouts(call: Call, params: dict[str, Any]) -> Object:
    only(params, "arrival_date", "created", "limit", "status", "starting_after", "ending_before")
    return call.listed("payout", params, "/v1/payouts", "status", "arrival_date")


def _new_payout(call: Call, amount: int, currency: str) -> Object:
    return call.new(
        "payout",
        amount=amount,
        application_fee=None,
        application_fee_amount=None,
        arrival_date=call.now + _TO_THE_BANK_S,
        automatic=True,
        balance_transaction=None,
        currency=currency,
        description="STRIPE PAYOUT",
        destination=None,
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        metadata={},
        method="standard",
        original_payout=None,
        reconciliation_status="completed",
        reversed_by=None,
        source_type="card",
        statement_descriptor=None,
        status="in_transit",
        type="bank_account",
    )


def _transaction(call: Call, payout: Object, type_: str, amount: int) -> Object:
    txn = call.new(
        "balance_transaction",
        amount=amount,
        available_on=call.now,
        balance_type="payments",
        currency=payout["currency"],
        description=payout["description"],
        exchange_rate=None,
        fee=0,
        fee_details=[],
        net=amount,
        reporting_category=type_,
        source=payout["id"],
        status="available",
        type=type_,
        _charge=None,
        _payout=None,
    )
    return call.save(txn)
