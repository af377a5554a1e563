"""Starting the sandbox and what only a sandbox has: faults, clock, oracle."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import psutil
import pytest
import stripe

from tests.sandbox.conftest import client_of
from tests.sandbox.orders import order
from tests.servers.stripe import HTTP, SECRET, StripeSandbox, pay, running_sandbox
from worker.sandbox.state import Reply, State


def test_it_listens_on_loopback_only(sandbox: StripeSandbox) -> None:
    listening = [
        one.laddr.ip
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == sandbox.port
    ]
    assert listening == ["127.0.0.1"]


def test_it_says_when_it_is_ready_and_where() -> None:
    command = [sys.executable, "-m", "worker.sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:3] == ["sandbox", "ready", "at"]
            health = HTTP.get(f"{words[3]}/_sandbox/health").json()
            assert health == {"ready": True, "real_money": False}
        finally:
            process.terminate()


def test_a_webhook_without_a_secret_stops_the_start() -> None:
    command = [sys.executable, "-m", "worker.sandbox", "--webhook", "sk_test_x=http://127.0.0.1/"]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert stopped.returncode == 2
    assert "sk_test_…=http://host/path,whsec_…" in stopped.stderr


def test_a_key_may_come_as_basic_authentication(sandbox: StripeSandbox, key: str) -> None:
    as_user = HTTP.get(f"{sandbox.url}/v1/account", auth=(key, ""))
    as_bearer = client_of(sandbox, key).v1.accounts.retrieve_current()
    assert as_user.json()["id"] == as_bearer.id


def test_answers_carry_the_version_and_a_request_id(sandbox: StripeSandbox, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Stripe-Version": "2026-10-28.endive"}
    answer = HTTP.get(f"{sandbox.url}/v1/customers/cus_nothing", headers=headers)
    assert answer.headers["stripe-version"] == "2026-10-28.endive"
    assert answer.headers["request-id"].startswith("req_")
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", {"on": "POST /v1/customers", "do": "explode"}),
        ("faults", {"on": "webhook customer.created", "do": "drop_before"}),
        ("faults", {"do": "delay"}),
        ("faults", "nonsense"),
        ("clock", {"seconds": -5}),
        ("clock", {"seconds": "5"}),
        ("clock", []),
        ("deliveries", {"event": "evt_nothing"}),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    sandbox: StripeSandbox, name: str, body: Any
) -> None:
    answer = HTTP.post(f"{sandbox.url}/_sandbox/{name}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_fault_may_let_some_pass_and_strike_several_times(
    sandbox: StripeSandbox, client: stripe.StripeClient
) -> None:
    sandbox.fail("POST /v1/customers", "error_429", skip=1, times=2)
    outcomes = []
    for _ in range(4):
        try:
            client.v1.customers.create({})
            outcomes.append("made")
        except stripe.RateLimitError:
            outcomes.append("refused")
    assert outcomes == ["made", "refused", "refused", "made"]


def test_state_outlives_the_process_and_the_clock_with_it() -> None:
    with running_sandbox("--webhook", f"sk_test_x=http://127.0.0.1:9/,{SECRET}") as sandbox:
        client = client_of(sandbox, "sk_test_x")
        session = client.v1.checkout.sessions.create(order())
        sandbox.forward(3_600)
        sandbox.stop()
        sandbox.start()
        assert pay(session.url or "").status_code == 303
        (charge,) = sandbox.charges()
        assert charge["session"] == session.id
        assert charge["created"] - session.created >= 3_600
        assert len(client.v1.webhook_endpoints.list().data) == 1
        balance = client.v1.balance.retrieve()
        assert [(one.amount, one.currency) for one in balance.pending] == [(122164, "eur")], (
            "less 1.5 % and 25 cents"
        )


def test_an_endpoint_can_be_made_seen_and_removed(client: stripe.StripeClient) -> None:
    made = client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]}
    )
    assert (made.secret or "").startswith("whsec_")
    assert client.v1.webhook_endpoints.retrieve(made.id).secret is None
    client.v1.webhook_endpoints.delete(made.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.webhook_endpoints.retrieve(made.id)


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        ("refuse", 400, "parameter_invalid"),
        ("error_429", 429, "rate_limit"),
        ("lock_timeout", 429, "lock_timeout"),
        ("error_409", 409, "lock_timeout"),
        ("key_in_use", 409, "idempotency_key_in_use"),
        ("error_500_before", 500, None),
    ],
)
def test_a_request_that_is_refused_does_nothing_and_may_be_repeated(
    sandbox: StripeSandbox,
    client: stripe.StripeClient,
    trouble: str,
    status: int,
    code: str | None,
) -> None:
    sandbox.fail("POST /v1/customers", trouble)
    with pytest.raises(stripe.StripeError) as refused:
        client.v1.customers.create({}, {"idempotency_key": "k"})
    error = refused.value.error
    assert error is not None
    assert (refused.value.http_status, error.to_dict().get("code")) == (status, code)
    assert client.v1.customers.list().data == []
    client.v1.customers.create({}, {"idempotency_key": "k"})


def test_what_can_be_told_is_listed_with_an_example(sandbox: StripeSandbox) -> None:
    index = HTTP.get(f"{sandbox.url}/_sandbox").json()
    assert "do_not_honor" in index["POST /_sandbox/faults"]
    assert all(index.values())


def test_what_stripe_forgets_is_forgotten() -> None:
    state = State()
    state.save("acct_1", {"id": "evt_1", "object": "event", "created": state.now()})
    state.save("acct_1", {"id": "cus_1", "object": "customer", "created": state.now()})
    state.queue_delivery("evt_1", {"url": "http://x", "secret": "s"}, due_at=0)
    state.keep_reply("acct_1", "k", Reply("r", 200, {}, state.now()))
    for events_ahead, events, replies in ((-5, 1, 1), (5, 0, 0)):
        limit = state.now() + events_ahead
        state.forget(replies_before=limit, events_before=limit)
        assert len(state.every("event")) == len(state.deliveries()) == events
        assert (state.reply("acct_1", "k") is not None) is bool(replies)
    assert len(state.every("customer")) == 1
    state.close()
