"""Webhook signatures over raw bytes, at the instant that is given (bad-input row 62)."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.adapters.stripe_gateway import StripeAccess, StripeGateway
from worker.payments.ports import BadSignature

AT = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
NEW, OLD = "whsec_new", "whsec_old"
ACCESS = StripeAccess("sk_test_x", (NEW, OLD), expects_livemode=False, expected_account="acct_ours")
GATEWAY = StripeGateway(ACCESS)
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "created": int(AT.timestamp()) - 2,
    "livemode": False,
    "data": {"object": {"id": "cs_test_1", "object": "checkout.session"}},
}
BODY = json.dumps(EVENT, indent=2).encode()


def signed(body: bytes = BODY, secret: str = NEW, at: datetime = AT, scheme: str = "v1") -> str:
    t = int(at.timestamp())
    mac = hmac.new(secret.encode(), b"%d." % t + body, hashlib.sha256).hexdigest()
    return f"t={t},{scheme}={mac}"


def test_a_signed_event_is_opened() -> None:
    event = GATEWAY.open_event(BODY, signed(), at=AT)
    assert (event.event_id, event.type) == ("evt_1", "checkout.session.completed")
    assert (event.object_id, event.session_id) == ("cs_test_1", "cs_test_1")
    assert event.created_at == AT - timedelta(seconds=2)
    assert GATEWAY.is_ours(event)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(signed(secret=OLD), id="the secret that is being rolled"),
        pytest.param(signed(secret="whsec_x") + "," + signed().partition(",")[2], id="two"),
        pytest.param(signed() + ",v0=abc", id="another scheme besides"),
        pytest.param(signed().replace(",", ", "), id="spaced"),
        pytest.param(signed(at=AT - timedelta(seconds=300)), id="just not too old"),
        pytest.param(signed(at=AT + timedelta(seconds=300)), id="just not too new"),
    ],
)
def test_a_good_signature_is_enough(header: str) -> None:
    assert GATEWAY.open_event(BODY, header, at=AT).event_id == "evt_1"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="none"),
        pytest.param("v1=", id="no time"),
        pytest.param(signed(secret="whsec_x"), id="a stranger's"),
        pytest.param(signed(secret=""), id="an empty secret"),
        pytest.param(signed(at=AT - timedelta(seconds=301)), id="too old"),
        pytest.param(signed(at=AT + timedelta(seconds=301)), id="from the future"),
        pytest.param(signed(scheme="v0"), id="an older scheme only"),
        pytest.param(f"t={int(AT.timestamp())}," + signed(), id="two times"),
        pytest.param(signed().replace("t=", "t=0"), id="another writing of the time"),
        pytest.param("t=٣,v1=00", id="a time in other digits"),
        pytest.param("t=" + "9" * 400 + ",v1=00", id="a time without end"),
        pytest.param(signed() + "é", id="not ascii"),
    ],
)
def test_a_bad_signature_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        GATEWAY.open_event(BODY, header, at=AT)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(json.loads(BODY)).encode(), id="encoded again"),
        pytest.param(BODY + b"\n", id="a line more"),
        pytest.param(gzip.compress(BODY), id="compressed"),
        pytest.param(b"", id="empty"),
    ],
)
def test_other_bytes_than_those_signed_are_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        GATEWAY.open_event(body, signed(), at=AT)


@given(st.binary(max_size=200), st.text(max_size=200))
def test_whatever_comes_is_refused_and_never_crashes(body: bytes, header: str) -> None:
    with pytest.raises(BadSignature):
        GATEWAY.open_event(body, header, at=AT)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(b"\xff", id="not text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="nothing"),
        pytest.param(b'{"object": "v2.core.event", "id": "evt_2"}', id="a thin event"),
        pytest.param(json.dumps({**EVENT, "created": 10**20}).encode(), id="no instant"),
        pytest.param(json.dumps({**EVENT, "id": 7}).encode(), id="a number for an id"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(event: bytes) -> None:
    with pytest.raises(BadSignature, match="not a Stripe event"):
        GATEWAY.open_event(event, signed(event), at=AT)


def test_an_event_about_something_else_names_no_session() -> None:
    charge = {**EVENT, "type": "a.type.of.tomorrow", "data": {"object": {"id": "x_1"}}}
    body = json.dumps(charge).encode()
    event = GATEWAY.open_event(body, signed(body), at=AT)
    assert (event.type, event.object_id, event.session_id) == ("a.type.of.tomorrow", "x_1", None)
    balance = {**EVENT, "data": {"object": {"object": "balance"}}}
    body = json.dumps(balance).encode()
    assert GATEWAY.open_event(body, signed(body), at=AT).object_id == ""


@pytest.mark.parametrize(
    ("changed", "connected", "is_ours"),
    [
        ({}, None, True),
        ({"account": "acct_ours"}, None, True),
        ({"account": "acct_theirs"}, None, False),
        ({"livemode": True}, None, False),
        ({}, "acct_connected", False),
        ({"account": "acct_connected"}, "acct_connected", True),
        ({"account": "acct_theirs"}, "acct_connected", False),
    ],
)
def test_an_event_of_another_account_or_mode_is_not_ours(
    changed: dict[str, object], connected: str | None, is_ours: bool
) -> None:
    gateway = StripeGateway(replace(ACCESS, account=connected))
    body = json.dumps({**EVENT, **changed}).encode()
    event = gateway.open_event(body, signed(body), at=AT)
    assert gateway.is_ours(event) is is_ours
