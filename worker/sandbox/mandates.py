"""Mandates: a payer's consent to debit a bank account (docs.stripe.com/api/mandates).

Cards have none at Stripe outside India; their consent is the seller's to keep.
"""

from __future__ import annotations

from worker.sandbox.call import Call, random_text
from worker.sandbox.events import emit
from worker.sandbox.state import Object

_LETTERS_OF_A_REFERENCE = 16


def new_mandate(
    call: Call, method: Object, *, multi_use: bool, amount: int = 0, currency: str = ""
) -> str:
    """The id of an active mandate: for many uses, kept with its method, or once for the amount."""
    kind = method["type"]
    mandate = call.new(
        "mandate",
        customer_acceptance={
            "accepted_at": call.now,
            "online": {"ip_address": "127.0.0.1", "user_agent": "sandbox"},
            "type": "online",
        },
        payment_method=method["id"],
        payment_method_details={"type": kind, kind: _details(call, kind)},
        status="active",
        type="multi_use" if multi_use else "single_use",
        **({"multi_use": {}} if multi_use else {"single_use": _once(amount, currency)}),
    )
    call.save(mandate)
    if multi_use:
        call.save(method | {"_mandate": mandate["id"]})
        method["_mandate"] = mandate["id"]
    return str(mandate["id"])


def end(call: Call, id_: str | None) -> None:
    """The mandate can no longer be used."""
    if id_ is None:
        return
    mandate = call.get("mandate", id_)
    if mandate["status"] == "active":
        mandate["status"] = "inactive"
        call.save(mandate)
        emit(call, "mandate.updated", mandate)


def is_active(call: Call, id_: str | None) -> bool:
    return id_ is not None and call.get("mandate", id_)["status"] == "active"


def _once(amount: int, currency: str) -> Object:
    return {"amount": amount, "currency": currency}


def _details(call: Call, kind: str) -> Object:
    reference = random_text(_LETTERS_OF_A_REFERENCE).upper()
    url = f"{call.base_url}/_sandbox/health"
    if kind == "sepa_debit":
        return {"reference": reference, "url": url}
    if kind == "bacs_debit":
        return {
            "network_status": "accepted",
            "reference": reference,
            "revocation_reason": None,
            "url": url,
        }
    return {"collection_method": "paper"}
