"""Bank debits: asked for today, paid or failed days later, and returned even after that.

The intent is `processing` meanwhile. What the bank decides comes from the test account, or from
`/_sandbox/debits`; a debit that comes back after it was paid is a dispute that is lost already.
"""

from __future__ import annotations

from worker.sandbox import accounts, charges, completion, disputes, mandates, outcomes
from worker.sandbox.call import Call
from worker.sandbox.events import emit
from worker.sandbox.state import Object

ACTIONS = ("succeed", "fail", "return")
_RETURNS = {"insufficient_funds": "insufficient_funds", "no_account": "incorrect_account_details"}


def begin(call: Call, intent: Object, method: Object, fault: str | None = None) -> Object:
    """The intent, which waits for the bank. `fault` is a reason to fail with, in its stead."""
    account = account_of(method)
    charge = charges.new_charge(call, intent, method, "pending")
    call.save(charge)
    intent |= {
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "status": "processing",
    }
    call.save(intent)
    outcomes.keep_method(call, intent)
    emit(call, "payment_intent.processing", intent)
    emit(call, "charge.pending", charge)
    reason = fault or account.fails
    if account.after_s is not None:
        outcome = f"fail {reason}" if reason else "succeed"
        call.later(account.after_s, "debit", charge["id"], outcome)
    return intent


def on_time(call: Call, charge_id: str, outcome: str) -> None:
    """Decides as the test account does, unless somebody has decided before."""
    charge = call.get("charge", charge_id)
    if charge["status"] == "pending" or outcome.startswith("return"):
        decide(call, charge["payment_intent"], outcome)


def decide(call: Call, id_: str, outcome: str) -> Object:
    """The intent after the bank has decided: `succeed`, or `fail` or `return` with a reason."""
    what, _, reason = outcome.partition(" ")
    intent = call.get("payment_intent", id_)
    if what == "return":
        _return(call, intent, reason or "debit_not_authorized")
        return intent
    if intent["status"] != "processing":
        return intent
    charge = call.get("charge", intent["latest_charge"])
    method = call.get("payment_method", intent["payment_method"])
    if what == "succeed":
        intent = outcomes.taken(call, intent, charges.succeed(call, charge))
        account = account_of(method)
        if account.disputes:
            call.later(0, "debit", charge["id"], f"return {account.disputes}")
    elif what == "fail":
        why = accounts.failure(reason or "payment_intent_payment_attempt_failed")
        intent = outcomes.failed(call, intent, why, charges.refuse(call, charge, why))
        if why.code == "debit_not_authorized":
            mandates.end(call, intent.get("_mandate"))
    else:
        raise ValueError(f"{what!r} is not one of {ACTIONS}.")
    completion.tell_later(call, intent)
    return intent


def can_stop(call: Call, intent: Object) -> bool:
    """Whether the debit has not gone to the bank yet: only an ACH debit waits that long."""
    if intent["status"] != "processing":
        return False
    method = call.get("payment_method", intent["payment_method"])
    return bool(method["type"] == "us_bank_account")


def stop(call: Call, intent: Object) -> None:
    """The debit does not go to the bank."""
    charge = call.get("charge", intent["latest_charge"])
    why = accounts.failure("payment_intent_payment_attempt_failed")
    emit(call, "charge.failed", charges.refuse(call, charge, why))


def account_of(method: Object) -> accounts.Account:
    """The test account behind a method."""
    account = accounts.by_number(method["type"], method["_number"])
    if account is None:
        raise LookupError(f"{method['id']} is no test account.")
    return account


def _return(call: Call, intent: Object, reason: str) -> None:
    if intent["status"] != "succeeded":
        raise ValueError(f"{intent['id']} is {intent['status']}: only what was paid comes back.")
    charge = call.get("charge", intent["latest_charge"])
    if charge["payment_method_details"]["type"] == "card":
        raise ValueError(f"{charge['id']} is a card's: dispute it instead.")
    if charge["disputed"]:
        return
    disputes.open_dispute(call, charge, _RETURNS.get(reason, reason))
    if reason not in ("insufficient_funds", "bank_cannot_process"):
        mandates.end(call, intent.get("_mandate"))
