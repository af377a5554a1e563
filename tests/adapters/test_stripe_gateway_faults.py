"""What the gateway says when the line, or Stripe, fails (fault rows 24, 31, 32 and 33)."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.processes import free_port
from tests.servers.stripe import KEY, SECRET, StripeSandbox, pay, running_sandbox
from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.kernel.errors import OutcomeUnknown, PermanentError, TransientError
from worker.kernel.money import Money
from worker.payments.ports import CheckoutOrder

CREATE = "POST /v1/checkout/sessions"
LOOK_UP = "GET /v1/checkout/sessions/*"
EXPIRE = "POST /v1/checkout/sessions/*/expire"


@pytest.fixture(scope="module")
def running() -> Iterator[StripeSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: StripeSandbox) -> Iterator[StripeSandbox]:
    yield running
    running.heal()


@pytest.fixture
def gateway(sandbox: StripeSandbox) -> StripeGateway:
    return gateway_at(sandbox.url)


def gateway_at(url: str, *, deadline_s: float = 30) -> StripeGateway:
    return StripeGateway(
        StripeAccess(KEY, (SECRET,), expects_livemode=False, base_url=url, deadline_s=deadline_s)
    )


def order() -> CheckoutOrder:
    at = datetime.now(UTC)
    return CheckoutOrder(
        reference=f"chk_{secrets.token_hex(8)}",
        business="acme",
        amount=Money(124050, "EUR"),
        title="Invoice 2026-0042",
        customer_email=None,
        language="en",
        success_url="https://pay.example.com/thanks",
        cancel_url="https://pay.example.com/back",
        asked_at=at,
        expires_at=at + timedelta(hours=2),
    )


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ("drop_before", OutcomeUnknown),
        ("commit_then_drop", OutcomeUnknown),
        ("error_500_before", OutcomeUnknown),
        ("error_429", TransientError),
        ("error_409", TransientError),
    ],
)
def test_asked_again_with_the_same_key_there_is_one_page(
    gateway: StripeGateway, sandbox: StripeSandbox, trouble: str, expected: type[Exception]
) -> None:
    wanted = order()
    sandbox.fail(CREATE, trouble)
    with pytest.raises(expected) as failed:
        gateway.open_checkout(wanted, key=wanted.reference)
    assert type(failed.value) is expected
    page = gateway.open_checkout(wanted, key=wanted.reference)
    ours = [
        facts.session_id
        for facts in gateway.recent(since=wanted.asked_at - timedelta(seconds=2))
        if facts.reference == wanted.reference
    ]
    assert ours == [page.session_id]


def test_a_500_that_is_kept_stays_unknown_and_the_page_is_found_by_listing(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    wanted = order()
    sandbox.fail(CREATE, "commit_then_500")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match=wanted.reference):
            gateway.open_checkout(wanted, key=wanted.reference)
    recent = gateway.recent(since=wanted.asked_at - timedelta(seconds=2))
    assert [one.status for one in recent if one.reference == wanted.reference] == ["open"]


@pytest.mark.parametrize("trouble", ["drop_before", "error_500_before", "error_429"])
def test_a_look_up_that_fails_is_tried_again_and_unknown_to_nobody(
    gateway: StripeGateway, sandbox: StripeSandbox, trouble: str
) -> None:
    wanted = order()
    page = gateway.open_checkout(wanted, key=wanted.reference)
    sandbox.fail(LOOK_UP, trouble)
    with pytest.raises(TransientError) as failed:
        gateway.look_up(page.session_id)
    assert type(failed.value) is TransientError
    assert gateway.look_up(page.session_id).status == "open"


def test_expiring_a_page_that_was_paid_meanwhile_finds_the_payment(
    gateway: StripeGateway, sandbox: StripeSandbox
) -> None:
    wanted = order()
    page = gateway.open_checkout(wanted, key=wanted.reference)
    sandbox.fail(EXPIRE, "drop_before")
    with pytest.raises(OutcomeUnknown):
        gateway.expire(page.session_id, key=f"end-{wanted.reference}")
    pay(page.url)
    facts = gateway.expire(page.session_id, key=f"end-{wanted.reference}")
    assert (facts.status, facts.is_paid) == ("complete", True)


@pytest.mark.parametrize(
    ("trouble", "how"),
    [("commit_then_hang", {}), ("commit_then_trickle", {"seconds": 0.3})],
)
def test_a_call_ends_by_its_deadline_even_if_bytes_keep_coming(
    sandbox: StripeSandbox, trouble: str, how: dict[str, float]
) -> None:
    wanted = order()
    sandbox.fail(CREATE, trouble, **how)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="within 1 s"):
        gateway_at(sandbox.url, deadline_s=1).open_checkout(wanted, key=wanted.reference)
    assert time.monotonic() - started < 3


def test_an_order_asked_again_when_its_key_is_forgotten_makes_no_second_page() -> None:
    with running_sandbox() as sandbox:
        gateway, wanted = gateway_at(sandbox.url), order()
        page = gateway.open_checkout(wanted, key=wanted.reference)
        sandbox.forward(25 * 3_600)
        with pytest.raises(PermanentError, match="expires_at"):
            gateway.open_checkout(wanted, key=wanted.reference)
        recent = gateway.recent(since=wanted.asked_at - timedelta(seconds=2))
        assert [one.session_id for one in recent] == [page.session_id]


def test_without_time_left_nothing_is_asked(sandbox: StripeSandbox) -> None:
    wanted = order()
    with pytest.raises(TransientError, match="No time was left") as late:
        gateway_at(sandbox.url, deadline_s=0).open_checkout(wanted, key=wanted.reference)
    assert not isinstance(late.value, OutcomeUnknown)


def test_a_server_that_is_not_there_was_told_nothing() -> None:
    wanted = order()
    with pytest.raises(TransientError, match="cannot be reached") as refused:
        gateway_at(f"http://127.0.0.1:{free_port()}").open_checkout(wanted, key="k")
    assert not isinstance(refused.value, OutcomeUnknown)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot json!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
        b"no http at all\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener, answer))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(OutcomeUnknown):
            gateway_at(url).open_checkout(order(), key="k")
        thread.join()


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)


def test_messages_name_ids_and_no_persons(gateway: StripeGateway, sandbox: StripeSandbox) -> None:
    sandbox.fail(CREATE, "error_500_before")
    wanted = order()
    with pytest.raises(OutcomeUnknown) as failed:
        gateway.open_checkout(wanted, key=wanted.reference)
    assert wanted.reference in str(failed.value)
    assert "req_" in str(failed.value)
    assert KEY not in str(failed.value)
