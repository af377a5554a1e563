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
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from worker.sandbox import later, routes, sessions, shapes
from worker.sandbox.call import API_VERSION, Call
from worker.sandbox.faults import Fault, Faults
from worker.sandbox.state import Object, Reply, State
from worker.sandbox.wire import ApiError, decode

KEY_LIFE_S = 24 * 60 * 60
EVENT_LIFE_S = 30 * 24 * 60 * 60
_FORGET_EVERY_S = 60 * 60
_MAX_BODY = 1_000_000
_MAX_KEY = 255
_HANG_S = 600
_SECRET_KEY = re.compile(r"[sr]k_test_[A-Za-z0-9_]{1,200}", re.ASCII)


class Dropped(Exception):
    """The connection is to be cut without an answer."""


@dataclass(frozen=True, slots=True)
class Work:
    """One request that was understood: who asks, which endpoint of which objects, with what."""

    call: Call
    route: routes.Route
    ids: tuple[str, ...]
    asked: dict[str, Any]
    fault: Fault | None

    @property
    def slot(self) -> tuple[str, str]:
        """Under what the answer is kept: keys are each account's own."""
        return self.call.account, self.call.key or ""

    @property
    def fingerprint(self) -> str:
        """The same for the same request."""
        asked = [self.route.method, self.route.path, self.ids, self.asked]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body; `replayed` when it was given before."""

    status: int
    body: Object
    replayed: bool = False


@dataclass(slots=True)
class Api:
    """The state and what is under way. `keys` limits whose keys are known; empty means any."""

    state: State
    faults: Faults
    base_url: str
    keys: frozenset[str] = frozenset()
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    forgets_at: int = 0

    def call_for(self, account: str) -> Call:
        """A call that nobody's key made: of a hosted page, or of time that passed."""
        owner = self.state.owner_of(account) or account
        return Call(self.state, self.faults, account, owner, self.base_url)

    @contextmanager
    def acting_on(self, id_: str) -> Iterator[Call]:
        """A call of the account that has this object, in one transaction. Raises ValueError."""
        account = self.state.home_of(id_)
        if account is None:
            raise ValueError(f"There is no {id_}.")
        with self.acting_for(account) as call:
            yield call

    @contextmanager
    def acting_for(self, account: str) -> Iterator[Call]:
        """A call of this account, in one transaction. Raises ValueError."""
        if self.state.owner_of(account) is None:
            raise ValueError(f"There is no account {account}.")
        self.catch_up()
        with self.state.transaction():
            yield self.call_for(account)

    def catch_up(self) -> None:
        """Does what time has brought: sessions expire, and what was to happen later happens."""
        for account, session in self.state.lapsed_sessions():
            with self.state.transaction():
                sessions.lapse(self.call_for(account), session)
            self.wake.set()
        self.state.release_transactions()
        while timer := self.state.next_timer():
            self._happen(timer)
            self.wake.set()
        if (now := self.state.now()) >= self.forgets_at:
            with self.state.transaction():
                self.state.forget(replies_before=now - KEY_LIFE_S, events_before=now - EVENT_LIFE_S)
            self.forgets_at = now + _FORGET_EVERY_S

    def _happen(self, timer: sqlite3.Row) -> None:
        """What the timer is for, once: what cannot happen any more is said and left."""
        call = self.call_for(timer["account"])
        try:
            with self.state.transaction():
                self.state.drop_timer(timer["position"])
                later.happen(call, timer)
        except (ApiError, ValueError) as e:
            self.state.drop_timer(timer["position"])
            sys.stderr.write(f"sandbox: {timer['what']} {timer['subject']} was left: {e}\n")

    async def answer(self, request: Request) -> Response:
        """The answer to a request under /v1. Raises Dropped when a fault cuts the line."""
        request_id = f"req_{secrets.token_hex(7)}"
        fault = self.faults.strike(f"{request.method} {request.url.path}")
        try:
            answer = await self._answer(await self._understand(request, request_id, fault))
        except ApiError as error:
            answer = Answer(error.status, error.envelope(request_id))
        self.wake.set()
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        }
        if answer.replayed:
            headers["Idempotent-Replayed"] = "true"
        if key := request.headers.get("idempotency-key"):
            headers["Idempotency-Key"] = key
        return await _spoil(fault, JSONResponse(answer.body, answer.status, headers))

    async def _understand(self, request: Request, request_id: str, fault: Fault | None) -> Work:
        call = self._call(request, request_id)
        route, ids = routes.find(request.method, request.url.path)
        asked = decode(await _encoded(request))
        self.catch_up()
        if fault:
            _refuse(fault)
        return Work(call, route, ids, asked, fault)

    async def _answer(self, work: Work) -> Answer:
        if work.route.method == "POST" and work.call.key:
            return await self._once(work)
        params = shapes.check(work.route.params, work.asked)
        await _late(work.fault)
        return self._execute(work, params)

    async def _once(self, work: Work) -> Answer:
        if len(work.call.key or "") > _MAX_KEY:
            raise ApiError(400, f"An idempotency key has at most {_MAX_KEY} characters.")
        if work.slot in self.in_flight:
            raise _key_in_use(work.call.key or "")
        kept = self._kept(work)
        if kept:
            return Answer(kept.status, kept.body, replayed=True)
        params = shapes.check(work.route.params, work.asked)
        self.in_flight.add(work.slot)
        try:
            await _late(work.fault)
            return self._execute(work, params)
        finally:
            self.in_flight.discard(work.slot)

    def _kept(self, work: Work) -> Reply | None:
        kept = self.state.reply(*work.slot)
        if kept is None or kept.made_at <= self.state.now() - KEY_LIFE_S:
            return None
        if kept.request != work.fingerprint:
            raise ApiError(
                400,
                f"The key {work.call.key} was first used with other parameters. Use another key"
                " for another request.",
                kind="idempotency_error",
            )
        return kept

    def _execute(self, work: Work, params: dict[str, Any]) -> Answer:
        """The work and the answer kept for its key, in one transaction. An error that is not to be
        kept undoes whatever was begun."""
        with self.state.transaction():
            answer = _run(work, params)
            if work.fault and work.fault.do == "commit_then_500":
                answer = _failed(work)
            if work.route.method == "POST" and work.call.key:
                now = self.state.now()
                reply = Reply(work.fingerprint, answer.status, answer.body, now)
                self.state.keep_reply(*work.slot, reply)
        return answer

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


def _run(work: Work, params: dict[str, Any]) -> Answer:
    call = work.call
    try:
        body = work.route.does(call, params, *work.ids)
        return Answer(200, call.expand(body, params.get("expand", [])))
    except ApiError as error:
        if not error.stored:
            raise
        return Answer(error.status, error.envelope(call.request_id or ""))


def _failed(work: Work) -> Answer:
    error = ApiError(500, "The sandbox was told to fail.", kind="api_error")
    return Answer(error.status, error.envelope(work.call.request_id or ""))


async def _encoded(request: Request) -> str:
    if request.method == "GET":
        return request.url.query
    raw = await request.body()
    if len(raw) > _MAX_BODY:
        raise ApiError(413, "The request is too large.")
    return raw.decode("utf-8", errors="replace")


def _refuse(fault: Fault) -> None:
    """What strikes before the endpoint begins."""
    if fault.do == "drop_before":
        raise Dropped
    if fault.do == "error_429":
        raise ApiError(429, "Too many requests.", code="rate_limit")
    if fault.do == "refuse":
        raise ApiError(400, "The sandbox was told to refuse.", code="parameter_invalid")
    if fault.do == "lock_timeout":
        raise ApiError(
            429, "This object cannot be accessed right now. Try again.", code="lock_timeout"
        )
    if fault.do == "key_in_use":
        raise _key_in_use("named")
    if fault.do == "error_409":
        raise ApiError(
            409, "This object is being accessed by another request.", code="lock_timeout"
        )
    if fault.do == "error_500_before":
        raise ApiError(500, "The sandbox was told to fail.", kind="api_error")


def _key_in_use(key: str) -> ApiError:
    return ApiError(
        409,
        f"Another request with the key {key} is under way. Try again later.",
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )


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
