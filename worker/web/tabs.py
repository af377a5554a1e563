"""The tabs of a portal: invoices, contracts, cards. A pay link has none."""

from __future__ import annotations

from typing import Literal

from worker.paylinks import Link

Tab = Literal["invoices", "contracts", "cards"]
_BELOW: dict[Tab, str] = {"invoices": "", "contracts": "/contracts", "cards": "/cards"}


def tabs_of(link: Link, path: str, current: Tab) -> list[dict[str, object]] | None:
    """Each tab with its address; None where the link is no portal link."""
    if link.contact_id is None:
        return None
    return [
        {"name": name, "path": path + below, "is_current": name == current}
        for name, below in _BELOW.items()
    ]
