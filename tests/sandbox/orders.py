"""What the sandbox's tests ask for, in the SDK's words."""

from __future__ import annotations

from typing import Any


def line(amount: int = 124050, currency: str = "eur", name: str = "Invoice 2026-0042") -> Any:
    return {
        "quantity": 1,
        "price_data": {
            "currency": currency,
            "unit_amount": amount,
            "product_data": {"name": name},
        },
    }


def order(**changed: Any) -> Any:
    """A plain Checkout Session for one invoice; None takes a parameter out."""
    params = {
        "mode": "payment",
        "success_url": "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/back",
        "line_items": [line()],
        **changed,
    }
    return {name: value for name, value in params.items() if value is not None}
