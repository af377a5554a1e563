"""Dataclasses as the plain JSON that a template sees under the same names."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from worker.kernel.money import Money


def plain(value: Any) -> Any:
    """A value as JSON has it: money and days as the filters of templates read them."""
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return fields_of(value) if is_dataclass(value) else value


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass under their own names."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
