"""Idempotency as API v1 has it: docs.stripe.com/api/idempotent_requests."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox.conftest import client_of
from tests.sandbox.orders import line, order
from tests.servers.stripe import StripeSandbox, running_sandbox

SESSIONS = "POST /v1/checkout/sessions"


def test_the_same_key_gives_the_same_session(client: stripe.StripeClient) -> None:
    first = client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    again = client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_another_request_under_the_key_is_refused(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v1.checkout.sessions.create(
            order(line_items=[line(amount=1)]), {"idempotency_key": "k"}
        )
    assert refused.value.http_status == 400


def test_a_key_is_its_accounts_own(sandbox: StripeSandbox) -> None:
    ids = {
        client_of(sandbox, key).v1.customers.create({}, {"idempotency_key": "k"}).id
        for key in ("sk_test_one", "sk_test_two")
    }
    assert len(ids) == 2


def test_a_second_request_meanwhile_is_a_conflict_that_is_not_kept(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    sandbox.fail(SESSIONS, "delay", seconds=3)

    def ask(_: int) -> str:
        try:
            return client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"}).id
        except stripe.APIError as e:
            return f"{e.http_status} {e.error.code if e.error else None}"

    with ThreadPoolExecutor(2) as pool:
        conflict, made = sorted(pool.map(ask, range(2)))
    assert conflict == "409 idempotency_key_in_use"
    assert ask(0) == made


def test_a_500_is_given_again_though_the_work_was_done(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    sandbox.fail(SESSIONS, "commit_then_500")
    for _ in range(3):
        with pytest.raises(stripe.APIError) as lost:
            client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
        assert lost.value.http_status == 500
    assert len(client.v1.checkout.sessions.list().data) == 1


@pytest.mark.parametrize("trouble", ["drop_before", "error_429", "error_409", "error_500_before"])
def test_what_strikes_before_the_work_leaves_nothing_behind(
    client: stripe.StripeClient, sandbox: StripeSandbox, trouble: str
) -> None:
    sandbox.fail(SESSIONS, trouble)
    with pytest.raises(stripe.StripeError):
        client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    assert client.v1.checkout.sessions.list().data == []
    client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_an_answer_that_got_lost_is_given_again(
    client: stripe.StripeClient, sandbox: StripeSandbox
) -> None:
    sandbox.fail(SESSIONS, "commit_then_drop")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    made = client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
    assert [one.id for one in client.v1.checkout.sessions.list().data] == [made.id]


def test_a_refused_request_is_not_kept(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(order(mode=None), {"idempotency_key": "k"})
    client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})


def test_a_decline_is_kept(client: stripe.StripeClient, sandbox: StripeSandbox) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            client.v1.payment_intents.confirm(
                intent.id,
                {"payment_method": "pm_card_visa_chargeDeclined"},
                {"idempotency_key": "k"},
            )
        assert declined.value.code == "card_declined"
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1
    assert [one for one in sandbox.charges() if one["payment_intent"] == intent.id] == []


def test_a_key_outlives_a_crash_but_not_a_day() -> None:
    with running_sandbox() as sandbox:
        client = client_of(sandbox, "sk_test_x")
        first = client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
        sandbox.stop(with_signal=signal.SIGKILL)
        sandbox.start()
        again = client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
        assert again.id == first.id
        sandbox.forward(24 * 3_600 + 1)
        later = client.v1.checkout.sessions.create(order(), {"idempotency_key": "k"})
        assert later.id != first.id
