"""One API request, step by step: who asks, what is asked, was it asked before, do it, answer.

Idempotency is that of API v1 (docs.stripe.com/api/idempotent_requests): the status and body of the
first request whose endpoint began are kept for the key and given again, a 500 too; other parameters
under the same key are a 400, a second request while the first is under way a 409; validation
errors, 409 and 429 are not kept; keys are forgotten after a day.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from worker.sandbox import routes, shapes
from worker.sandbox.call import API_VERSION, Call
from worker.sandbox.faults import Fault, Faults
from worker.sandbox.state import Object, Reply, State
from worker.sandbox.wire import ApiError, decode

KEY_LIFE_S = 24 * 60 * 60
_MAX_BODY = 1_000_000
_HANG_S = 600
_SECRET_KEY = re.compile(r"[sr]k_test_[A-Za-z0-9_]{1,200}", re.ASCII)


class Dropped(Exception):
    """The connection is to be cut without an answer."""


@dataclass(slots=True)
class Api:
    """The state and what is under way. `keys` limits whose keys are known; empty means any."""

    state: State
    faults: Faults
    base_url: str
    keys: frozenset[str] = frozenset()
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        """The answer to a request under /v1. Raises Dropped when a fault cuts the line."""
        request_id = f"req_{secrets.token_hex(7)}"
        method, path = request.method, request.url.path
        fault = self.faults.strike(f"{method} {path}")
        try:
            status, body, replayed = await self._work(request, request_id, fault)
        except ApiError as error:
            status, body, replayed = error.status, error.envelope(request_id), False
        self.wake.set()
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        }
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        key = request.headers.get("idempotency-key")
        if key:
            headers["Idempotency-Key"] = key
        return await _spoil(fault, JSONResponse(body, status_code=status, headers=headers))

    async def _work(
        self, request: Request, request_id: str, fault: Fault | None
    ) -> tuple[int, Object, bool]:
        call = self._call(request, request_id)
        route, ids = routes.find(request.method, request.url.path)
        encoded = await _encoded(request)
        if fault:
            _refuse(fault)
        if request.method != "POST" or not call.key:
            params = shapes.check(route.params, decode(encoded))
            await _late(fault)
            status, body, _ = self._execute(call, route, ids, params, fault)
            return status, body, False
        return await self._once(call, route, ids, encoded, fault)

    async def _once(
        self,
        call: Call,
        route: routes.Route,
        ids: tuple[str, ...],
        encoded: str,
        fault: Fault | None,
    ) -> tuple[int, Object, bool]:
        if len(call.key or "") > 255:
            raise ApiError(400, "An idempotency key has at most 255 characters.")
        fingerprint = _fingerprint(route, ids, decode(encoded))
        slot = (call.account, call.key or "")
        if slot in self.in_flight:
            raise ApiError(
                409,
                f"Another request with the key {call.key} is under way. Try again later.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        kept = self._kept(slot, fingerprint)
        if kept:
            return kept.status, kept.body, True
        params = shapes.check(route.params, decode(encoded))
        self.in_flight.add(slot)
        try:
            await _late(fault)
            status, body, _ = self._execute(call, route, ids, params, fault, fingerprint)
        finally:
            self.in_flight.discard(slot)
        return status, body, False

    def _kept(self, slot: tuple[str, str], fingerprint: str) -> Reply | None:
        kept = self.state.reply(*slot)
        if kept is None or kept.made_at <= self.state.now() - KEY_LIFE_S:
            return None
        if kept.request != fingerprint:
            raise ApiError(
                400,
                f"The key {slot[1]} was first used with other parameters. Use another key for"
                " another request.",
                kind="idempotency_error",
            )
        return kept

    def _execute(
        self,
        call: Call,
        route: routes.Route,
        ids: tuple[str, ...],
        params: dict[str, Any],
        fault: Fault | None,
        fingerprint: str | None = None,
    ) -> tuple[int, Object, bool]:
        with self.state.transaction():
            status, body, stored = _run(call, route, ids, params)
            if fault and fault.do == "commit_then_500":
                lost = ApiError(500, "The sandbox was told to fail.", kind="api_error")
                status, body = 500, lost.envelope(call.request_id or "")
            if stored and fingerprint and call.key:
                reply = Reply(fingerprint, status, body, self.state.now())
                self.state.keep_reply(call.account, call.key, reply)
        return status, body, stored

    def _call(self, request: Request, request_id: str) -> Call:
        """Who asks: the key's own account, or one connected to it that the request names."""
        owner = account_of(self._key(request))
        self.state.open_account(owner, owner)
        account = request.headers.get("stripe-account", owner)
        if account != owner:
            if not re.fullmatch(r"acct_[A-Za-z0-9_]{1,100}", account, re.ASCII):
                raise ApiError(400, f"Invalid account: {account!r}.", code="account_invalid")
            self.state.open_account(account, owner)
            if self.state.owner_of(account) != owner:
                raise ApiError(
                    403,
                    f"The key has no access to account {account}.",
                    code="account_invalid",
                )
        return Call(
            self.state,
            self.faults,
            account,
            owner,
            self.base_url,
            request.headers.get("stripe-version", API_VERSION),
            request_id,
            request.headers.get("idempotency-key"),
        )

    def _key(self, request: Request) -> str:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        key = credentials.strip()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key, validate=True).decode("ascii").partition(":")[0]
            except (binascii.Error, UnicodeDecodeError) as e:
                raise ApiError(401, "The Authorization header could not be read.") from e
        if not key:
            raise ApiError(401, "You did not provide an API key.")
        if not _SECRET_KEY.fullmatch(key) or (self.keys and key not in self.keys):
            raise ApiError(401, f"Invalid API Key provided: {key[:8]}…{key[-4:]}")
        return key


def account_of(key: str) -> str:
    """The account a key opens: always the same one."""
    return "acct_1" + hashlib.sha256(key.encode()).hexdigest()[:15]


def _run(
    call: Call, route: routes.Route, ids: tuple[str, ...], params: dict[str, Any]
) -> tuple[int, Object, bool]:
    """Status, body, and whether the answer is kept for the key."""
    try:
        body = call.expand(route.does(call, params, *ids), params.get("expand", []))
    except ApiError as error:
        return error.status, error.envelope(call.request_id or ""), error.stored
    return 200, body, True


async def _encoded(request: Request) -> str:
    if request.method == "GET":
        return request.url.query
    raw = await request.body()
    if len(raw) > _MAX_BODY:
        raise ApiError(413, "The request is too large.")
    return raw.decode("utf-8", errors="replace")


def _fingerprint(route: routes.Route, ids: tuple[str, ...], params: dict[str, Any]) -> str:
    asked = json.dumps([route.method, route.path, ids, params], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _refuse(fault: Fault) -> None:
    """What strikes before the endpoint begins."""
    if fault.do == "drop_before":
        raise Dropped
    if fault.do == "error_429":
        raise ApiError(429, "Too many requests.", code="rate_limit")
    if fault.do == "error_409":
        raise ApiError(
            409, "This object is being accessed by another request.", code="lock_timeout"
        )
    if fault.do == "error_500_before":
        raise ApiError(500, "The sandbox was told to fail.", kind="api_error")


async def _late(fault: Fault | None) -> None:
    if fault and fault.do == "delay":
        await asyncio.sleep(fault.seconds)


async def _spoil(fault: Fault | None, answer: JSONResponse) -> Response:
    """What strikes after the work is done: the answer is lost, or never ends."""
    if fault is None:
        return answer
    if fault.do == "commit_then_drop":
        raise Dropped
    if fault.do == "commit_then_hang":
        await asyncio.sleep(_HANG_S)
    if fault.do == "commit_then_trickle":
        return StreamingResponse(_trickle(bytes(answer.body), fault.seconds))
    return answer


async def _trickle(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    for i in range(len(body)):
        yield body[i : i + 1]
        await asyncio.sleep(seconds)
