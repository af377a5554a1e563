"""Stripe for tests: our sandbox and localstripe, each its own process, and who listens and pays.

localstripe (a test tool, other people's work) has customers, PaymentIntents and signed webhooks but
no Checkout, no idempotency and no events list; it also listens on every interface, which it gives
no option for.
"""

from __future__ import annotations

import http.server
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, ClassVar

import httpx

from tests.servers.processes import (
    await_ready,
    free_port,
    server_directory,
    start_server,
    stop_server,
)

KEY = "sk_test_of_the_tests"
OTHER_KEY = "sk_test_of_another_business"
SECRET = "whsec_of_the_tests"
PAYS, DECLINED, NO_FUNDS, ASKS = (
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000002500003155",
)
_WAIT_S = 10.0

# Loopback without TLS: building a TLS context for every call would cost more than the tests.
HTTP = httpx.Client(verify=False)


@dataclass
class StripeSandbox:
    """`worker.sandbox` on a loopback port; can be stopped, killed and started again in a test."""

    directory: Path
    arguments: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    _process: Popen[bytes] | None = None
    # Asked over a socket, as Stripe is.
    http: ClassVar[None] = None
    writes: ClassVar[None] = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with what it had kept."""
        state = self.directory / "stripe.sqlite"
        command = [sys.executable, "-m", "worker.sandbox", "--port", str(self.port)]
        command += ["--state", str(state), *self.arguments]
        log = self.directory / "sandbox.log"
        self._process = start_server(command, log=log)
        await_ready(self._process, lambda: _answers(f"{self.url}/_sandbox/health"), log=log)

    def stop(self, *, with_signal: signal.Signals = signal.SIGTERM) -> None:
        """End it; SIGKILL is a crash."""
        if self._process:
            stop_server(self._process, with_signal=with_signal)
        self._process = None

    def fail(self, on: str, do: str, **how: Any) -> None:
        """Ask for one fault, such as `fail("POST /v1/customers", "commit_then_drop")`."""
        self.control("faults", {"on": on, "do": do, **how})

    def heal(self) -> None:
        """Call off every fault that is still to come."""
        HTTP.delete(f"{self.url}/_sandbox/faults").raise_for_status()

    def forward(self, seconds: int) -> None:
        """Move the sandbox's clock forward."""
        self.control("clock", {"seconds": seconds})

    def now(self) -> int:
        """The sandbox's time."""
        return int(HTTP.get(f"{self.url}/_sandbox/clock").json()["now"])

    def pay(self, page_url: str, number: str = PAYS) -> int:
        """The status that the hosted page gives to a filled-in form."""
        return pay(page_url, number).status_code

    def charges(self, **asked: str) -> list[dict[str, Any]]:
        """What was truly taken; `account` or `payment_intent` asks for less."""
        return self._listed("charges", asked)

    def movements(self, **asked: str) -> list[dict[str, Any]]:
        """Every true movement of money, oldest first: charges, refunds, disputes, payouts;
        `account` asks for one account's, `after` for what came after that id."""
        return self._listed("movements", asked)

    def deliveries(self) -> list[dict[str, Any]]:
        """Every webhook delivery and how it went."""
        return self._listed("deliveries", {})

    def await_deliveries(self) -> None:
        """Return once every webhook that is due has been answered."""
        deadline = time.monotonic() + _WAIT_S
        while any(
            one["done_at"] is None and not one["attempts"] and one["due_at"] <= self.now()
            for one in self.deliveries()
        ):
            if time.monotonic() > deadline:
                raise AssertionError("The sandbox still has webhooks to send.")
            time.sleep(0.02)

    def _listed(self, name: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        answer = HTTP.get(f"{self.url}/_sandbox/{name}", params=asked)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    def control(self, name: str, body: Any) -> Any:
        answer = HTTP.post(f"{self.url}/_sandbox/{name}", json=body)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_sandbox(*arguments: str) -> Iterator[StripeSandbox]:
    """A fresh sandbox, gone at the end; `arguments` are those of its command line."""
    with server_directory("stripe") as directory:
        sandbox = StripeSandbox(directory, arguments)
        sandbox.start()
        try:
            yield sandbox
        finally:
            sandbox.stop()


@contextmanager
def running_localstripe() -> Iterator[str]:
    """The address of a fresh localstripe, gone at the end."""
    with server_directory("localstripe") as directory:
        port, log = free_port(), directory / "localstripe.log"
        program = Path(sys.executable).with_name("localstripe")
        command: list[str | Path] = [sys.executable, program, "--port", str(port), "--from-scratch"]
        process = start_server(command, log=log)
        try:
            await_ready(process, lambda: _answers(f"http://127.0.0.1:{port}/"), log=log)
            yield f"http://127.0.0.1:{port}"
        finally:
            stop_server(process)


def _answers(url: str) -> bool:
    try:
        HTTP.get(url)
    except httpx.TransportError:
        return False
    return True


@dataclass
class Heard:
    """One webhook as it came in."""

    body: bytes
    signature: str
    event: dict[str, Any]


class WebhookEndpoint:
    """A listener for webhooks. `answers` is the status it gives; what it heard is in `heard`;
    `secret` is what they are signed with, once known."""

    def __init__(self) -> None:
        self.answers = 200
        self.secret: str | None = SECRET
        self.heard: list[Heard] = []
        self._news = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/stripe"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> WebhookEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, body: bytes, signature: str) -> None:
        with self._news:
            event = httpx.Response(200, content=body).json()
            self.heard.append(Heard(body, signature, event))
            self._news.notify_all()

    def await_types(self, *wanted: str) -> list[Heard]:
        """All that was heard, once every wanted type was, each as often as it is named."""
        deadline = time.monotonic() + _WAIT_S
        with self._news:
            while _missing(wanted, self.types()):
                if not self._news.wait(deadline - time.monotonic()):
                    raise AssertionError(f"Wanted {wanted}, heard {self.types()}.")
            return list(self.heard)

    def types(self) -> list[str]:
        return [one.event["type"] for one in self.heard]


def _missing(wanted: Sequence[str], heard: list[str]) -> list[str]:
    return [one for one in set(wanted) if heard.count(one) < list(wanted).count(one)]


def _handler(endpoint: WebhookEndpoint) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Before the test hears of it, and may change its mind about the next one.
            answer = endpoint.answers
            endpoint.take(body, self.headers["Stripe-Signature"])
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def pay(page_url: str, number: str = PAYS, **changed: str) -> httpx.Response:
    """What the hosted page answers to a filled-in form; a redirect is not followed."""
    return HTTP.post(page_url, data=form_of(number, **changed))


def form_of(number: str, **changed: str) -> dict[str, str]:
    """The hosted page's form, filled in."""
    return {
        "email": "payer@example.org",
        "number": number,
        "expiry": "12 / 34",
        "cvc": "123",
        "name": "Pat Payer",
        **changed,
    }
