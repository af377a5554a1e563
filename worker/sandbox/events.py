"""Events, the endpoints that hear of them, and their signatures (docs.stripe.com/webhooks)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from worker.sandbox.call import Call, check_metadata, only, public, random_text
from worker.sandbox.faults import Fault
from worker.sandbox.state import Object, Page
from worker.sandbox.wire import invalid

_MANY = Page(limit=100)
_MOST_TYPES = 20
_EVENTS = "/v1/events"


def emit(call: Call, type_: str, subject: Object) -> Object:
    """The fact that something happened, told to every endpoint that wants to hear it."""
    endpoints = [one for one in _endpoints(call) if _hears(one, type_)]
    event = call.new(
        "event",
        type=type_,
        api_version=call.api_version,
        data={"object": public(subject)},
        pending_webhooks=len(endpoints),
        request={"id": call.request_id, "idempotency_key": call.key},
    )
    if call.account != call.owner:
        event["account"] = call.account
    call.save(event)
    fault = call.faults.strike(f"webhook {type_}")
    for endpoint in endpoints:
        _queue(call, event, endpoint, fault)
    return event


def _queue(call: Call, event: Object, endpoint: Object, fault: Fault | None) -> None:
    now = call.state.instant()
    if fault is None:
        call.state.queue_delivery(event["id"], endpoint, due_at=now)
    elif fault.do == "omit":
        # Never sent, and not taken either: the list of events still has it.
        call.state.queue_delivery(event["id"], endpoint, due_at=now, is_lost=True)
    elif fault.do == "duplicate":
        for _ in range(fault.copies):
            call.state.queue_delivery(event["id"], endpoint, due_at=now)
    elif fault.do in ("delay", "reorder"):
        # Held back, it is overtaken by what happens meanwhile.
        call.state.queue_delivery(event["id"], endpoint, due_at=now + fault.seconds)
    elif fault.do in ("sign_badly", "sign_stale"):
        call.state.queue_delivery(event["id"], endpoint, due_at=now, signing=fault.do)


def _endpoints(call: Call) -> list[Object]:
    return call.state.page(call.owner, "webhook_endpoint", _MANY)[0][::-1]


def _hears(endpoint: Object, type_: str) -> bool:
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or type_ in wanted)


def signature(payload: bytes, secret: str, at: int) -> str:
    """The `Stripe-Signature` header: time and HMAC-SHA256 of `time.payload`, scheme v1."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def list_events(call: Call, params: dict[str, Any]) -> Object:
    """Events of the last 30 days; `delivery_success=false` those some endpoint has not taken."""
    only(
        params,
        "created",
        "delivery_success",
        "limit",
        "starting_after",
        "ending_before",
        "type",
        "types",
    )
    types = params.get("types", [params["type"]] if "type" in params else [])
    if len(types) > _MOST_TYPES or ("type" in params and "types" in params):
        raise invalid("types", f"Give type, or types with at most {_MOST_TYPES} of them.")
    return call.listed(
        "event", {**params, "patterns": types, "delivered": params.get("delivery_success")}, _EVENTS
    )


def create_endpoint(call: Call, params: dict[str, Any]) -> Object:
    """An endpoint; its secret is shown this once."""
    only(params, "url", "enabled_events", "api_version", "description", "metadata")
    endpoint = add_endpoint(call, params["url"], f"whsec_{random_text(32)}")
    endpoint |= {
        "enabled_events": params["enabled_events"],
        "description": params.get("description"),
        "metadata": check_metadata(params.get("metadata") or {}),
    }
    return call.save(endpoint)


def add_endpoint(call: Call, url: str, secret: str) -> Object:
    """An endpoint for everything, with a secret that is given."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise invalid("url", "Invalid URL: it must begin with http:// or https://.", "url_invalid")
    return call.save(
        call.new(
            "webhook_endpoint",
            url=url,
            secret=secret,
            enabled_events=["*"],
            status="enabled",
            api_version=None,
            application=None,
            description=None,
            metadata={},
        )
    )


def list_endpoints(call: Call, params: dict[str, Any]) -> Object:
    only(params, "limit", "starting_after", "ending_before")
    page = call.listed("webhook_endpoint", params, "/v1/webhook_endpoints")
    return {**page, "data": [{**one, "secret": None} for one in page["data"]]}


def retrieve_endpoint(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params)
    return {**call.get("webhook_endpoint", id_), "secret": None}


def delete_endpoint(call: Call, params: dict[str, Any], id_: str) -> Object:
    only(params)
    call.get("webhook_endpoint", id_)
    call.state.remove(id_)
    return {"id": id_, "object": "webhook_endpoint", "deleted": True}
