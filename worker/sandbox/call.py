"""One request at work: whose account it is, and what it reads, writes and shows."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.sandbox.faults import Faults
from worker.sandbox.state import Object, Page, State
from worker.sandbox.wire import ApiError, invalid, missing

API_VERSION = "2026-10-28.endive"
_MAX_EXPAND = 4
_LETTERS = string.ascii_letters + string.digits
# How ids begin and go on; those of a bank debit's charge and refund differ, the objects do not.
_PREFIXES = {
    "balance_transaction": ("txn_", 24),
    "charge": ("ch_", 24),
    "checkout.session": ("cs_test_", 58),
    "customer": ("cus_", 14),
    "dispute": ("du_", 24),
    "event": ("evt_", 24),
    "mandate": ("mandate_", 24),
    "payment": ("py_", 24),
    "payment_intent": ("pi_", 24),
    "payment_method": ("pm_", 24),
    "payment_refund": ("pyr_", 24),
    "payout": ("po_", 24),
    "refund": ("re_", 24),
    "setup_intent": ("seti_", 24),
    "webhook_endpoint": ("we_", 24),
}
_KINDS_OF = {"payment": "charge", "payment_refund": "refund"}
# Stripe shows no mode on these.
_WITHOUT_MODE = ("refund", "balance_transaction")
_KINDS = {prefix: _KINDS_OF.get(kind, kind) for kind, (prefix, _) in _PREFIXES.items()}


@dataclass(frozen=True, slots=True)
class Call:
    """`account` owns the objects; `owner` is the key's account: the same, or its platform."""

    state: State
    faults: Faults
    account: str
    owner: str
    base_url: str
    api_version: str = API_VERSION
    request_id: str | None = None
    key: str | None = None

    @property
    def now(self) -> int:
        return self.state.now()

    def new(self, kind: str, **fields: Any) -> Object:
        """A fresh object of this kind, not yet saved."""
        prefix, length = _PREFIXES[kind]
        object_ = _KINDS_OF.get(kind, kind)
        # A mandate shows no date; the list still needs its place.
        when = "_created" if kind == "mandate" else "created"
        body = {"id": prefix + random_text(length), "object": object_, when: self.now}
        if object_ not in _WITHOUT_MODE:
            body["livemode"] = False
        return {**body, **fields}

    def save(self, body: Object) -> Object:
        return self.state.save(self.account, body)

    def later(self, seconds: int, what: str, id_: str, outcome: str) -> None:
        """Has something happen by itself: `later.py` says what."""
        self.state.set_timer(self.account, self.state.instant() + seconds, (what, id_, outcome))

    def get(self, kind: str, id_: str) -> Object:
        found = self.state.find(self.account, kind, id_)
        if found is None:
            raise missing(kind, id_)
        return found

    def listed(self, kind: str, params: dict[str, Any], url: str, *filters: str) -> Object:
        """A page of a list in Stripe's shape, newest first."""
        for cursor in ("starting_after", "ending_before"):
            if cursor in params:
                self.get(kind, params[cursor])
        limit = params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise invalid("limit", "Limit must be between 1 and 100.", "parameter_invalid_integer")
        created = params.get("created")
        if isinstance(created, int):
            created = {"gte": created, "lte": created}
        where = {name: params[name] for name in filters if name in params}
        page = Page(
            limit,
            params.get("starting_after"),
            params.get("ending_before"),
            created,
            where,
            params.get("patterns", []),
            params.get("delivered"),
        )
        found, more = self.state.page(self.account, kind, page)
        return {"object": "list", "url": url, "has_more": more, "data": found}

    def expand(self, body: Object, paths: list[str]) -> Object:
        """The object as it is shown, with the wanted ids replaced by what they name."""
        for path in paths:
            steps = path.split(".")
            if len(steps) > _MAX_EXPAND:
                raise invalid("expand", f"You cannot expand more than {_MAX_EXPAND} levels.")
            body = self._expand(body, steps, path)
        return public(body)

    def _expand(self, body: Object, steps: list[str], path: str) -> Object:
        name, *rest = steps
        if name == "data" and rest and body["object"] == "list":
            return {**body, "data": [self._expand(one, rest, path) for one in body["data"]]}
        hidden = body.get("_expandable", {})
        if name in ("id", "data") or (name not in body and name not in hidden):
            raise invalid("expand", f"This property cannot be expanded ({path}).")
        value = body.get(name) or hidden.get(name)
        if isinstance(value, str):
            value = public(self.get(_kind_of(value), value))
        if rest and isinstance(value, dict):
            value = self._expand(value, rest, path)
        return {**body, name: value}


def public(body: Object) -> Object:
    """The object without what only the sandbox knows (`_names`; `_expandable` holds what is shown
    when asked for); the parts of a list likewise."""
    shown = {name: value for name, value in body.items() if not name.startswith("_")}
    if shown.get("object") == "list":
        shown["data"] = [public(one) for one in shown["data"]]
    return shown


def random_text(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def check_metadata(metadata: dict[str, str], param: str = "metadata") -> dict[str, str]:
    """Metadata within Stripe's bounds: 50 keys of 40 characters, values of 500."""
    if len(metadata) > 50:
        raise invalid(param, "Metadata has at most 50 keys.")
    for name, value in metadata.items():
        if len(name) > 40 or len(value) > 500:
            raise invalid(f"{param}[{name}]", "Metadata keys have 40 characters, values 500.")
    return {name: value for name, value in metadata.items() if value != ""}


def only(params: dict[str, Any], *known: str) -> None:
    """Refuses what Stripe takes but the sandbox does not act on, rather than ignore it."""
    for name in params:
        if name not in known and name != "expand":
            raise ApiError(
                400,
                f"The sandbox does not act on {name}; Stripe would.",
                code="sandbox_unsupported",
                param=name,
            )


def by_id(kind: str) -> Callable[[Call, dict[str, Any], str], Object]:
    """The endpoint that gives one object of a kind."""

    def retrieve(call: Call, params: dict[str, Any], id_: str) -> Object:
        only(params, "client_secret")
        return call.get(kind, id_)

    return retrieve


def _kind_of(id_: str) -> str:
    for prefix, kind in _KINDS.items():
        if id_.startswith(prefix):
            return kind
    raise invalid("expand", "This property cannot be expanded.")
