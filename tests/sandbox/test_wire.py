"""Reading requests: whatever Stripe's own client encodes, and whatever else may come."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe.params import PaymentIntentConfirmParams
from stripe.params.checkout import SessionCreateParams, SessionListParams

from tests.sandbox.orders import order
from tests.servers.stripe import HTTP, StripeSandbox
from worker.sandbox.shapes import check
from worker.sandbox.wire import ApiError, decode, nest

_NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
_VALUES = st.recursive(
    st.text(max_size=8),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(_NAMES, inner, min_size=1, max_size=4)
    ),
    max_leaves=8,
)


def flat(value: Any, at: str) -> list[tuple[str, str]]:
    """Bracketed form fields, as Stripe's clients write them."""
    if isinstance(value, dict):
        return [pair for name, part in value.items() for pair in flat(part, f"{at}[{name}]")]
    if isinstance(value, list):
        return [pair for i, part in enumerate(value) for pair in flat(part, f"{at}[{i}]")]
    return [(at, value)]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_what_is_written_flat_is_read_nested(params: dict[str, Any]) -> None:
    fields = [pair for name, value in params.items() for pair in flat(value, name)]
    if all(key.count("[") < 8 for key, _ in fields):
        assert nest(fields) == params


@pytest.mark.parametrize(
    ("encoded", "params"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[10]=x&a[9]=y", {"a": ["y", "x"]}),
        ("created[gte]=5", {"created": {"gte": "5"}}),
        ("m%5Bk%5D=%C3%A9", {"m": {"k": "é"}}),
    ],
)
def test_a_form_is_decoded(encoded: str, params: dict[str, Any]) -> None:
    assert decode(encoded) == params


@pytest.mark.parametrize(
    "encoded",
    ["a=1&a=2", "a=1&a[b]=2", "a[b]=1&a=2", "[a]=1", "a[b=1", "a" + "[b]" * 9 + "=1", "a=%ff"],
)
def test_a_form_that_makes_no_sense_is_a_400(encoded: str) -> None:
    with pytest.raises(ApiError) as refused:
        decode(encoded)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("params", "raw", "typed"),
    [
        (SessionListParams, {"limit": "3"}, {"limit": 3}),
        (SessionListParams, {"created": "5"}, {"created": 5}),
        (SessionListParams, {"created": {"gte": "5"}}, {"created": {"gte": 5}}),
        (PaymentIntentConfirmParams, {"off_session": "true"}, {"off_session": True}),
        (PaymentIntentConfirmParams, {"off_session": "one_off"}, {"off_session": "one_off"}),
        (SessionCreateParams, {"metadata": {"a": "1"}}, {"metadata": {"a": "1"}}),
    ],
)
def test_values_get_the_types_that_the_sdk_names(
    params: type, raw: dict[str, Any], typed: dict[str, Any]
) -> None:
    assert check(params, raw) == typed


@pytest.mark.parametrize(
    ("params", "raw", "param"),
    [
        (SessionListParams, {"created": {"gt_": "5"}}, "created[gt_]"),
        (SessionListParams, {"created": {"gte": "five"}}, "created[gte]"),
        (SessionListParams, {"limit": "٣"}, "limit"),
        (SessionListParams, {"api_key": "sk"}, "api_key"),
        (PaymentIntentConfirmParams, {"off_session": "perhaps"}, "off_session"),
        (SessionCreateParams, {"line_items": "x"}, "line_items"),
        (SessionCreateParams, {"line_items": [{"quantity": "x"}]}, "line_items[0][quantity]"),
    ],
)
def test_a_wrong_value_is_named(params: type, raw: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        check(params, raw)
    assert refused.value.fields["param"] == param


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(sorted(order())),
    st.text(max_size=20) | st.integers().map(str) | st.just("[0][price_data]"),
    st.binary(max_size=60),
)
def test_no_request_makes_the_sandbox_fail(
    running: StripeSandbox, name: str, value: str, body: bytes
) -> None:
    for content in (f"{name}={value}".encode(), f"{name}[{value}]=1".encode(), body):
        for path in ("checkout/sessions", "payment_intents", "customers", "nothing"):
            answer = HTTP.post(
                f"{running.url}/v1/{path}",
                content=content,
                headers={"Authorization": "Bearer sk_test_fuzz"},
            )
            assert answer.status_code in (200, 400, 404)


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(["limit", "created", "created[gte]", "starting_after", "expand[]", "status"]),
    st.text(max_size=20) | st.integers().map(str) | st.sampled_from(["data", "data.customer"]),
)
def test_no_question_makes_the_sandbox_fail(running: StripeSandbox, name: str, value: str) -> None:
    for path in ("checkout/sessions", "payment_intents", "customers", "events", "account"):
        answer = HTTP.get(
            f"{running.url}/v1/{path}",
            params={name: value},
            headers={"Authorization": "Bearer sk_test_fuzz"},
        )
        assert answer.status_code in (200, 400, 404)
