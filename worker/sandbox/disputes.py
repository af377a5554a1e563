"""Disputes: the payer's bank takes money back, and perhaps returns it.

A card's dispute waits for evidence; an inquiry moves no money yet. A bank debit that is returned
after settlement is a dispute that is lost from the start (docs.stripe.com/disputes,
docs.stripe.com/payments/sepa-debit). The fee stays with Stripe, whoever wins.
"""

from __future__ import annotations

from typing import Any

from worker.sandbox import balance
from worker.sandbox.call import Call, check_metadata, only, public
from worker.sandbox.events import emit
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError

REASONS = (
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
# Either of these in evidence[uncategorized_text] decides the dispute (docs.stripe.com/testing).
_EVIDENCE = {"winning_evidence": True, "losing_evidence": False}
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_DUE_S = 7 * 86_400
_FEE = 2_000
_NETWORK = {"fraudulent": "10.4", "product_not_received": "13.1"}


def open_dispute(
    call: Call, charge: Object, reason: str, *, inquiry: bool = False, amount: int | None = None
) -> Object:
    """The dispute of a charge. Raises ValueError for what no bank would dispute."""
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is not one of Stripe's reasons: {REASONS}.")
    wanted = charge["amount"] if amount is None else amount
    if not charge["paid"] or charge["disputed"]:
        raise ValueError(f"{charge['id']} was not paid, or is disputed already.")
    if type(wanted) is not int or not 0 < wanted <= charge["amount"]:
        raise ValueError(f"A dispute of {charge['id']} is over 1 to {charge['amount']}.")
    dispute = _new_dispute(call, charge, reason, wanted, inquiry=inquiry)
    charge |= {"disputed": True, "_refundable": inquiry}
    call.save(charge)
    final = not balance.is_card(charge)
    if final:
        dispute["status"] = "lost"
    call.save(dispute)
    if not inquiry:
        _move(call, dispute, -wanted, _FEE)
    emit(call, "charge.dispute.created", dispute)
    if not inquiry:
        emit(call, "charge.dispute.funds_withdrawn", dispute)
    if final:
        emit(call, "charge.dispute.closed", dispute)
    return dispute


def at_once(call: Call, charge_id: str, reason: str) -> None:
    """What a disputing test card brings upon its charge."""
    inquiry = reason == "inquiry"
    charge = call.get("charge", charge_id)
    if not charge["disputed"]:
        open_dispute(call, charge, "fraudulent" if inquiry else reason, inquiry=inquiry)


def decide(call: Call, dispute: Object, what: str) -> Object:
    """The dispute after its bank did `win`, `lose` (for us), `review` or `escalate`."""
    if dispute["status"] not in _OPEN:
        raise ValueError(f"{dispute['id']} is {dispute['status']} already.")
    is_inquiry = dispute["status"].startswith("warning")
    if what == "review":
        return _become(call, dispute, "warning_under_review" if is_inquiry else "under_review")
    if what == "escalate" and is_inquiry:
        return _escalate(call, dispute)
    if what not in ("win", "lose"):
        raise ValueError(f"{what!r} is not one of win, lose, review; or escalate, of an inquiry.")
    if is_inquiry:
        return _close(call, dispute, "warning_closed")
    return _close(call, dispute, "won" if what == "win" else "lost")


def update(call: Call, params: dict[str, Any], id_: str) -> Object:
    """Takes evidence; it is sent to the bank unless submit=false."""
    only(params, "evidence", "metadata", "submit")
    dispute = call.get("dispute", id_)
    if "metadata" in params:
        merged = {**dispute["metadata"], **(params["metadata"] or {})}
        dispute["metadata"] = check_metadata(merged) if params["metadata"] else {}
    if "evidence" not in params:
        return call.save(dispute)
    if dispute["status"] not in _OPEN:
        raise _closed(dispute)
    evidence = params["evidence"] or {}
    dispute["evidence"] |= evidence
    dispute["evidence_details"]["has_evidence"] = True
    if not params.get("submit", True):
        return call.save(dispute)
    dispute["evidence_details"]["submission_count"] += 1
    dispute = decide(call, dispute, "review")
    verdict = _EVIDENCE.get(str(evidence.get("uncategorized_text")))
    return dispute if verdict is None else decide(call, dispute, "win" if verdict else "lose")


def close(call: Call, params: dict[str, Any], id_: str) -> Object:
    """Accepts the dispute as lost."""
    only(params)
    dispute = call.get("dispute", id_)
    if dispute["status"] not in _OPEN:
        raise _closed(dispute)
    return decide(call, dispute, "lose")


def list_disputes(call: Call, params: dict[str, Any]) -> Object:
    only(params, "charge", "created", "payment_intent", "limit", "starting_after", "ending_before")
    return call.listed("dispute", params, "/v1/disputes", "charge", "payment_intent")


def _become(call: Call, dispute: Object, status: str) -> Object:
    dispute["status"] = status
    call.save(dispute)
    emit(call, "charge.dispute.updated", dispute)
    return dispute


def _escalate(call: Call, dispute: Object) -> Object:
    charge = call.get("charge", dispute["charge"])
    call.save(charge | {"_refundable": False})
    dispute["is_charge_refundable"] = False
    _move(call, dispute, -dispute["amount"], _FEE)
    _become(call, dispute, "needs_response")
    emit(call, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _close(call: Call, dispute: Object, status: str) -> Object:
    dispute["status"] = status
    call.save(dispute)
    if status == "won":
        _move(call, dispute, dispute["amount"], 0)
        charge = call.get("charge", dispute["charge"])
        call.save(charge | {"_refundable": True})
    emit(call, "charge.dispute.closed", dispute)
    if status == "won":
        emit(call, "charge.dispute.funds_reinstated", dispute)
    return dispute


def _move(call: Call, dispute: Object, amount: int, fee: int) -> None:
    txn = balance.post(call, "adjustment", amount, dispute, fee)
    dispute["balance_transactions"].append(public(call.get("balance_transaction", txn)))
    call.save(dispute)


def _new_dispute(call: Call, charge: Object, reason: str, amount: int, *, inquiry: bool) -> Object:
    kind = charge["payment_method_details"]["type"]
    details: Object = {"type": kind}
    network = _NETWORK.get(reason)
    if kind == "card":
        case = "inquiry" if inquiry else "chargeback"
        brand = charge["payment_method_details"]["card"]["brand"]
        details["card"] = {"brand": brand, "case_type": case, "network_reason_code": network}
    return call.new(
        "dispute",
        amount=amount,
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={
            "due_by": call.now + _DUE_S if kind == "card" else None,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=inquiry,
        metadata={},
        network_reason_code=network,
        payment_intent=charge["payment_intent"],
        payment_method_details=details,
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )


def _closed(dispute: Object) -> ApiError:
    return ApiError(400, f"This dispute is already closed: it is {dispute['status']}.", stored=True)
