"""A webhook's signature, checked over its raw bytes (docs.stripe.com/webhooks/signature).

Stripe's own check reads the wall clock and takes times from the future; ours takes the instant it
is given, looks both ways, and tries several secrets, so that one can be rolled.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from worker.payments.ports import BadSignature, GatewayEvent

TOLERANCE_S = 300
CHARGE, CARD_LINK = "tillmail_charge", "tillmail_card_link"
# What json and datetime raise for bytes that are no event; RecursionError for nesting without end.
_NO_EVENT = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
_REVERSALS = ("charge.refund", "refund.", "charge.dispute.")
_CARD_CHANGED = {
    "payment_method.automatically_updated",
    "payment_method.card_automatically_updated",
    "payment_method.updated",
}
_TIME = re.compile(r"\d{1,12}", re.ASCII)


def verify(raw: bytes, header: str, secrets: Sequence[str], *, at: datetime) -> None:
    """Raises BadSignature unless one of the secrets signed these bytes at about this time."""
    items = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in items if name == "t"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise BadSignature("The Stripe-Signature header names no time, or several.")
    if abs(at.timestamp() - int(times[0])) > TOLERANCE_S:
        raise BadSignature(f"The webhook was not signed within {TOLERANCE_S} s of now.")
    given = [value.encode() for name, _, value in items if name == "v1"]
    signed = times[0].encode() + b"." + raw
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
        if any(hmac.compare_digest(expected, one) for one in given):
            return
    raise BadSignature("No signature fits any of this business's webhook secrets.")


def read(raw: bytes, *, own_account: str | None) -> GatewayEvent:
    """The event in a verified body. `own_account` is whose event it is when it names nobody."""
    try:
        event = json.loads(raw)
        subject = event["data"]["object"]
        created = datetime.fromtimestamp(event["created"], UTC)
        return GatewayEvent(
            event_id=_text(event["id"]),
            type=_text(event["type"]),
            object_id=_text(subject.get("id") or ""),
            account=event.get("account") or own_account,
            livemode=event["livemode"] is True,
            created_at=created,
            session_id=_session_id(subject),
            reversed_intent_id=_reversed_intent(_text(event["type"]), subject),
            charge_id=_ours(subject, "payment_intent", CHARGE),
            card_link_id=_ours(subject, "checkout.session", CARD_LINK),
            method_id=_changed_method(_text(event["type"]), subject),
        )
    except _NO_EVENT as e:
        raise BadSignature("The webhook's body is not a Stripe event.") from e


def _session_id(subject: dict[str, Any]) -> str | None:
    return _text(subject["id"]) if subject.get("object") == "checkout.session" else None


def _reversed_intent(type_: str, subject: dict[str, Any]) -> str | None:
    """The payment of which money went back: of an event about a refund or a dispute."""
    if not type_.startswith(_REVERSALS):
        return None
    intent = subject.get("payment_intent")
    return _text(intent) if intent is not None else None


def _changed_method(type_: str, subject: dict[str, Any]) -> str | None:
    """The stored card that a network or somebody changed; detached ones are nobody's concern.

    Since API version 2020-08-27 the event has the shorter of the names
    (docs.stripe.com/changelog/2020-08-27/renames-automatically-updated-event-type).
    """
    return _text(subject["id"]) if type_ in _CARD_CHANGED else None


def _ours(subject: dict[str, Any], kind: str, name: str) -> str | None:
    """Our own id in the metadata of an object of this kind."""
    metadata = subject.get("metadata")
    if subject.get("object") != kind or not isinstance(metadata, dict) or name not in metadata:
        return None
    return _text(metadata[name])


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text.")
    return value
