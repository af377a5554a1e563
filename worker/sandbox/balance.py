"""Balance transactions: every movement of the account's money, one line each; never changed.

Their fees are the sandbox's own, of the size Stripe's price list for Europe has; what a charge
brought is its amount less the fee (docs.stripe.com/reports/balance-transaction-types).
"""

from __future__ import annotations

from typing import Any

from worker.sandbox.call import Call, only
from worker.sandbox.state import Object

DAY_S = 86_400
_CARD_AFTER_S, _DEBIT_AFTER_S = 3 * DAY_S, 7 * DAY_S
_CARD_PER_MILLE, _CARD_FIXED, _DEBIT_FIXED = 15, 25, 35
_CATEGORIES = {
    "payment": "charge",
    "payment_refund": "refund",
    "payment_failure_refund": "refund_failure",
}


def post(call: Call, type_: str, amount: int, source: Object, fee: int = 0) -> str:
    """The id of a new transaction over `amount`, signed as the account sees it. `source` is a
    charge, or what happened to one."""
    now = call.now
    charge = source if source["object"] == "charge" else call.get("charge", source["charge"])
    txn = call.new(
        "balance_transaction",
        amount=amount,
        available_on=now,
        balance_type="payments",
        currency=charge["currency"],
        description=charge["description"],
        exchange_rate=None,
        fee=fee,
        fee_details=_fee_details(fee, charge["currency"]),
        net=amount - fee,
        reporting_category=_category(type_, source),
        source=source["id"],
        status="available",
        type=type_,
        _charge=charge["id"],
        _payout=None,
    )
    if source["object"] == "charge":
        wait = _CARD_AFTER_S if is_card(charge) else _DEBIT_AFTER_S
        txn |= {"available_on": now + wait, "status": "pending"}
    call.save(txn)
    return str(txn["id"])


def post_charge(call: Call, charge: Object) -> str:
    """The transaction of a charge that succeeded, less its fee."""
    fee = _DEBIT_FIXED
    if is_card(charge):
        # Half a minor unit is rounded up.
        fee = (charge["amount"] * _CARD_PER_MILLE + 500) // 1_000 + _CARD_FIXED
    type_ = "charge" if is_card(charge) else "payment"
    return post(call, type_, charge["amount"], charge, min(fee, charge["amount"]))


def is_card(charge: Object) -> bool:
    return bool(charge["payment_method_details"]["type"] == "card")


def retrieve_balance(call: Call, params: dict[str, Any]) -> Object:
    """What was taken and not yet paid out, less fees, by currency."""
    only(params)
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for txn in call.state.unpaid_transactions(call.account):
        by_currency = sums[txn["status"]]
        by_currency[txn["currency"]] = by_currency.get(txn["currency"], 0) + txn["net"]
    shown = {
        status: [
            {"amount": total, "currency": currency} for currency, total in sums[status].items()
        ]
        for status in sums
    }
    return {"object": "balance", "livemode": False, **shown}


def list_transactions(call: Call, params: dict[str, Any]) -> Object:
    only(
        params,
        "created",
        "currency",
        "limit",
        "payout",
        "source",
        "type",
        "starting_after",
        "ending_before",
    )
    if "payout" in params:
        call.get("payout", params["payout"])
        params = {**params, "_payout": params["payout"]}
    filters = ("currency", "source", "type", "_payout")
    return call.listed("balance_transaction", params, "/v1/balance_transactions", *filters)


def _category(type_: str, source: Object) -> str:
    if source["object"] == "dispute":
        return "dispute"
    return _CATEGORIES.get(type_, type_)


def _fee_details(fee: int, currency: str) -> list[Object]:
    if not fee:
        return []
    detail = {"amount": fee, "application": None, "currency": currency}
    return [{**detail, "description": "Stripe processing fees", "type": "stripe_fee"}]
