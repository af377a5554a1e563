"""Any story of pages, payers and faults: what the gateway says is what was truly taken."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.servers.stripe import (
    ASKS,
    DECLINED,
    PAYS,
    SECRET,
    StripeSandbox,
    pay,
    running_sandbox,
)
from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.kernel.errors import TransientError
from worker.kernel.money import Money
from worker.payments.ports import CheckoutOrder, CheckoutPage

TROUBLES = (
    "drop_before",
    "error_429",
    "error_409",
    "error_500_before",
    "commit_then_drop",
)


@dataclass
class Opened:
    """An order and the page it got."""

    order: CheckoutOrder
    page: CheckoutPage


class Story(RuleBasedStateMachine):
    """Business and payers act in any order; every call may meet a fault, then is made again."""

    pages = Bundle("pages")
    sandbox: StripeSandbox

    @initialize()
    def begin(self) -> None:
        key, url = f"sk_test_{secrets.token_hex(8)}", self.sandbox.url
        self.gateway = StripeGateway(
            StripeAccess(key, (SECRET,), expects_livemode=False, base_url=url)
        )
        self.began_at = datetime.now(UTC) - timedelta(seconds=2)
        self.known: dict[str, Opened] = {}

    @rule(target=pages, minor=st.integers(50, 10_000), trouble=st.sampled_from(TROUBLES))
    def open_page(self, minor: int, trouble: str) -> Opened:
        order = an_order(minor)
        self.sandbox.fail("POST /v1/checkout/sessions", trouble)
        page = until_heard(lambda: self.gateway.open_checkout(order, key=order.reference))
        self.known[page.session_id] = Opened(order, page)
        return self.known[page.session_id]

    @rule(opened=pages, card=st.sampled_from([PAYS, PAYS, DECLINED, ASKS]))
    def customer_pays(self, opened: Opened, card: str) -> None:
        pay(opened.page.url, card)

    @rule(opened=pages, trouble=st.sampled_from(TROUBLES))
    def business_expires(self, opened: Opened, trouble: str) -> None:
        key = f"end-{secrets.token_hex(8)}"
        self.sandbox.fail("POST /v1/checkout/sessions/*/expire", trouble)
        facts = until_heard(lambda: self.gateway.expire(opened.page.session_id, key=key))
        assert facts.status in ("complete", "expired")
        assert facts.is_paid is (facts.status == "complete")

    @invariant()
    def what_is_said_is_what_was_taken(self) -> None:
        if not hasattr(self, "known"):
            return
        self.sandbox.heal()
        taken: dict[str, list[int]] = {}
        for charge in self.sandbox.charges():
            taken.setdefault(charge["session"], []).append(charge["amount"])
        listed = {facts.session_id: facts for facts in self.gateway.recent(since=self.began_at)}
        for session_id, opened in self.known.items():
            facts = self.gateway.look_up(session_id)
            assert facts == listed[session_id]
            assert facts.amount == opened.order.amount
            assert taken.get(session_id, []) == ([facts.amount.minor] if facts.is_paid else [])
        references = [facts.reference for facts in listed.values()]
        assert len(references) == len(set(references)), "one page for each order"


def test_what_the_gateway_says_is_what_was_taken() -> None:
    with running_sandbox() as sandbox:

        class OnOneSandbox(Story):
            pass

        OnOneSandbox.sandbox = sandbox
        run_state_machine_as_test(
            OnOneSandbox,
            settings=settings(max_examples=10, stateful_step_count=10, deadline=None),
        )


def an_order(minor: int) -> CheckoutOrder:
    at = datetime.now(UTC)
    return CheckoutOrder(
        reference=f"chk_{secrets.token_hex(8)}",
        business="acme",
        amount=Money(minor, "EUR"),
        title="Invoice 2026-0042",
        customer_email="pat@example.org",
        language="en",
        success_url="https://pay.example.com/thanks",
        cancel_url="https://pay.example.com/back",
        asked_at=at,
        expires_at=at + timedelta(hours=2),
    )


def until_heard(ask: Callable[[], Any]) -> Any:
    """The answer, asked for again with the same key after each fault."""
    for _ in range(3):
        try:
            return ask()
        except TransientError:
            continue
    return ask()
