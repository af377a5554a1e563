"""How Stripe talks over HTTP: bracketed form fields in, an error envelope out.

Sources: docs.stripe.com/api/errors and docs.stripe.com/error-low-level (read November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_FIELDS = 1_000
_MAX_DEPTH = 8


class ApiError(Exception):
    """An answer that is an error.

    `stored` says whether the endpoint had begun its work: only then does Stripe keep the answer
    for the idempotency key (validation errors, 409 and 429 are not kept).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        stored: bool = False,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.stored = stored
        self.fields = fields

    def envelope(self, request_id: str) -> dict[str, Any]:
        """The body Stripe's clients expect."""
        known = {name: value for name, value in self.fields.items() if value is not None}
        error = {"type": self.kind, "message": self.message, **known}
        return {"error": {**error, "request_log_url": f"/_sandbox/requests/{request_id}"}}


def missing(kind: str, id_: str) -> ApiError:
    """There is no such object in this account."""
    return ApiError(404, f"No such {kind}: '{id_}'", code="resource_missing", param="id")


def invalid(param: str, message: str, code: str = "parameter_invalid") -> ApiError:
    """A parameter that is well-formed but not allowed."""
    return ApiError(400, message, param=param, code=code)


def decode(encoded: str) -> dict[str, Any]:
    """The nested parameters in a form body or a query string, all leaves text."""
    try:
        fields = parse_qsl(
            encoded, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError as e:
        raise ApiError(400, f"The form body could not be read: {e}") from e
    return nest(fields)


def nest(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0]=x` as `{"a": {"b": ["x"]}}`; `a[]=x` appends."""
    root: dict[str, Any] = {}
    for key, value in fields:
        found = _KEY.fullmatch(key)
        if not found:
            raise ApiError(400, f"Invalid parameter name: {key!r}", code="parameter_unknown")
        steps = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        if len(steps) > _MAX_DEPTH:
            raise ApiError(400, f"Parameter nested too deeply: {found[1]}")
        _put(root, steps, value)
    return {name: _lists(value) for name, value in root.items()}


def _put(root: dict[str, Any], steps: list[str], value: str) -> None:
    here = root
    for step in steps[:-1]:
        here = here.setdefault(step or str(len(here)), {})
        if not isinstance(here, dict):
            raise ApiError(400, f"{steps[0]} is given both as text and as an object.")
    last = steps[-1] or str(len(here))
    if last in here:
        raise ApiError(400, f"{steps[0]} is given twice.")
    here[last] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(part) for name, part in value.items()}
    if inner and all(re.fullmatch(r"\d{1,4}", name, re.ASCII) for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
