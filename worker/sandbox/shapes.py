"""Checks a request against the typed parameters that ship with Stripe's own SDK.

The SDK's `…Params` classes are generated from Stripe's OpenAPI description, so a name that Stripe
does not know, a missing required one or a wrong type fails here as it would there. The SDK leaves
enumerations open (`Literal[…] | str`) so that old clients can read new values; a request has no
such excuse, and only the listed values pass.
"""

from __future__ import annotations

import re
import sys
import types
import typing
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import stripe
import typing_extensions as te

from worker.sandbox.wire import ApiError

_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_UNIONS = (typing.Union, types.UnionType)
_MAX_TEXT = 5_000


def check(params: type, raw: dict[str, Any]) -> dict[str, Any]:
    """The request's parameters with their types; raises ApiError 400 at the first wrong one."""
    return _object(params, raw, "")


@cache
def _fields(params: type) -> dict[str, Any]:
    own = {
        name: annotation
        for name, annotation in params.__annotations__.items()
        if name not in stripe.RequestOptions.__annotations__
    }
    # get_type_hints of the class itself would also resolve RequestOptions, whose names are not
    # importable at run time.
    holder = types.SimpleNamespace(__annotations__=own)
    namespace = vars(sys.modules[params.__module__])
    return te.get_type_hints(holder, globalns=namespace, include_extras=True)


def _object(params: type, raw: Any, at: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _wrong(at, "an object", raw)
    fields = _fields(params)
    for name in raw:
        if name not in fields:
            at_name = _join(at, name)
            raise ApiError(
                400,
                f"Received unknown parameter: {at_name}",
                code="parameter_unknown",
                param=at_name,
            )
    for name, kind in fields.items():
        if name not in raw and te.get_origin(kind) is not te.NotRequired:
            at_name = _join(at, name)
            raise ApiError(
                400,
                f"Missing required param: {at_name}.",
                code="parameter_missing",
                param=at_name,
            )
    return {name: _value(fields[name], value, _join(at, name)) for name, value in raw.items()}


def _value(kind: Any, raw: Any, at: str) -> Any:
    origin = te.get_origin(kind)
    if origin in (te.NotRequired, te.Required):
        return _value(te.get_args(kind)[0], raw, at)
    if origin in _UNIONS:
        return _one_of(te.get_args(kind), raw, at)
    if origin is list:
        return _list(te.get_args(kind)[0], raw, at)
    if origin is dict:
        return _map(te.get_args(kind)[1], raw, at)
    if origin in (typing.Literal, te.Literal):
        if raw not in te.get_args(kind):
            raise _wrong(at, f"one of {', '.join(map(repr, te.get_args(kind)))}", raw)
        return raw
    if te.is_typeddict(kind):
        return _object(kind, raw, at)
    return _scalar(kind, raw, at)


def _one_of(kinds: tuple[Any, ...], raw: Any, at: str) -> Any:
    listed = [kind for kind in kinds if te.get_origin(kind) is typing.Literal]
    # An empty value alone is no enumeration: it takes back a text that may be any.
    if any(te.get_args(kind) != ("",) for kind in listed):
        kinds = tuple(kind for kind in kinds if kind is not str)
    errors: list[ApiError] = []
    for kind in kinds:
        try:
            return _value(kind, raw, at)
        except ApiError as error:
            errors.append(error)
    # The alternative that got furthest into the value explains best what is wrong with it.
    raise max(errors, key=lambda error: len(str(error.fields.get("param", ""))))


def _list(kind: Any, raw: Any, at: str) -> list[Any]:
    if raw == "":
        return []
    if not isinstance(raw, list):
        raise _wrong(at, "an array", raw)
    return [_value(kind, part, f"{at}[{i}]") for i, part in enumerate(raw)]


def _map(kind: Any, raw: Any, at: str) -> dict[str, Any]:
    if isinstance(raw, list):
        raw = {str(i): part for i, part in enumerate(raw)}
    if not isinstance(raw, dict):
        raise _wrong(at, "an object", raw)
    return {name: _value(kind, part, _join(at, name)) for name, part in raw.items()}


def _scalar(kind: Any, raw: Any, at: str) -> Any:
    if not isinstance(raw, str) or len(raw) > _MAX_TEXT:
        raise _wrong(at, "a text of at most 5000 characters", raw)
    if kind is bool:
        if raw not in ("true", "false"):
            raise _wrong(at, "a boolean", raw)
        return raw == "true"
    if kind is int:
        if not _WHOLE.fullmatch(raw):
            raise _wrong(at, "an integer", raw, code="parameter_invalid_integer")
        return int(raw)
    if kind in (float, Decimal):
        try:
            return Decimal(raw)
        except InvalidOperation as e:
            raise _wrong(at, "a number", raw) from e
    if kind is str or kind is Any:
        return raw
    raise _wrong(at, f"a {kind!r}, which the sandbox does not read", raw)


def _wrong(at: str, wanted: str, raw: Any, *, code: str = "parameter_invalid") -> ApiError:
    shown = repr(raw)[:60]
    return ApiError(400, f"Invalid {at}: must be {wanted}, not {shown}.", code=code, param=at)


def _join(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name
