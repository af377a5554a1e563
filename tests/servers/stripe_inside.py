"""The sandbox inside the test's own process: the same code, asked without a socket.

For stories of very many steps. Stripe's own client asks it; only the wire is missing. A line that a
fault cuts is an error of the connection here, too.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import stripe

from tests.servers.stripe import PAYS, form_of
from worker.sandbox import application
from worker.sandbox.api import Api
from worker.sandbox.faults import Faults
from worker.sandbox.state import State

T = TypeVar("T")
# Nobody listens there: no request leaves the process.
_URL = "http://127.0.0.1:9"
_FIRST_WEEK = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
_WEEK_S = 7 * 24 * 3600


class _Cut(Exception):
    """The line is cut: nobody hears the answer."""


class _Line:
    """What a fault cuts; the sandbox calls it its transport."""

    def abort(self) -> None:
        raise _Cut


class SandboxInside:
    """As `tests.servers.stripe.StripeSandbox`; `writes` counts what may have changed something."""

    def __init__(self, week: int) -> None:
        self.url = _URL
        self.writes = 0
        self._api = Api(_Standing(week), Faults(), _URL)
        self._app = application(self._api)
        self.http = _Inside(self)

    def close(self) -> None:
        """Forget everything."""
        self._api.state.close()

    def fail(self, on: str, do: str, **how: Any) -> None:
        """Ask for one fault, such as `fail("POST /v1/customers", "commit_then_drop")`."""
        self._api.faults.add({"on": on, "do": do, **how})

    def heal(self) -> None:
        """Call off every fault that is still to come."""
        self._api.faults.clear()

    def forward(self, seconds: int) -> None:
        """Move the sandbox's clock forward."""
        self._api.state.forward(seconds)

    def now(self) -> int:
        """The sandbox's time."""
        return self._api.state.now()

    def charges(self, **asked: str) -> list[dict[str, Any]]:
        """What was truly taken; `account` or `payment_intent` asks for less."""
        _, _, body = self.ask("GET", f"{_URL}/_sandbox/charges?{urlencode(asked)}", {}, b"")
        found: list[dict[str, Any]] = json.loads(body)
        return found

    def pay(self, page_url: str, number: str = PAYS) -> int:
        """The status that the hosted page gives to a filled-in form."""
        content = {"content-type": "application/x-www-form-urlencoded"}
        status, _, _ = self.ask("POST", page_url, content, urlencode(form_of(number)).encode())
        return status

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to one request."""
        self.writes += method.upper() != "GET"
        parts = urlsplit(url)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method.upper(),
            "scheme": "http",
            "server": ("127.0.0.1", 9),
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "sandbox.transport": _Line(),
        }
        return _at_once(self._answer(scope, body))

    async def _answer(
        self, scope: dict[str, Any], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent)


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that waits for nothing: no loop, no other thread."""
    try:
        work.send(None)
    except StopIteration as e:
        given: T = e.value
        return given
    work.close()
    raise AssertionError("The sandbox waits for something: ask it over a socket.")


class _Standing(State):
    """Its clock moves by `forward` alone: a seed tells the same story whenever it is told."""

    def __init__(self, week: int) -> None:
        super().__init__()
        self._begins = _FIRST_WEEK + week * _WEEK_S

    def instant(self) -> float:
        return self._begins + self._offset_s


class _Inside(stripe.HTTPClient):
    """Stripe's client speaks through this to the sandbox."""

    name = "inside"

    def __init__(self, sandbox: SandboxInside) -> None:
        super().__init__()
        self._sandbox = sandbox

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """One request; an answer that is lost is an error of the connection."""
        body = (post_data or "").encode()
        try:
            status, answered, content = self._sandbox.ask(method, url, headers or {}, body)
        except _Cut as e:
            # Stripe left its constructor without types.
            cut = stripe.APIConnectionError("The line was cut.")  # type: ignore[no-untyped-call]
            raise cut from e
        return content.decode(), status, answered

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def sandbox_inside(week: int = 0) -> Iterator[SandboxInside]:
    """A fresh sandbox, gone at the end; `week` is how much later in the year its time begins."""
    sandbox = SandboxInside(week)
    try:
        yield sandbox
    finally:
        sandbox.close()
