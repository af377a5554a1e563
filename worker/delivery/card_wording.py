"""What the emails about stored cards are given: one frozen value per notice, as in `wording`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from worker.delivery.plain_values import fields_of
from worker.kernel.money import Money

if TYPE_CHECKING:  # Only to name it: `wording` knows every notice, these among them.
    from worker.delivery.wording import SenderFace


@dataclass(frozen=True, slots=True)
class ChargeNotice:
    """That a stored card will be charged, and how to object. Template folder `charge_notice`.

    `reply_to` is where STOP or DELAY counts; empty where the business has no domain for it.
    """

    business: SenderFace
    customer_name: str
    number: str
    amount: Money
    card: str
    charge_on: date
    pay_url: str | None = None
    item_kind: str = "invoice"
    reply_to: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class ChargeFailedNotice:
    """That a card was declined, and what the customer can do. Template folder `charge_failed`.

    `words`: declined, funds, technical, bank, card_data, expired, not_supported, confirm or
    revoked. With `again_on` it is tried again by itself.
    """

    business: SenderFace
    customer_name: str
    number: str
    amount: Money
    card: str
    words: str
    again_on: date | None = None
    pay_url: str | None = None
    item_kind: str = "invoice"

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)


@dataclass(frozen=True, slots=True)
class CardExpiringNotice:
    """That a stored card expires, to its owner. Template folder `card_expiring`.

    `portal_link` and `portal_url` are as in `PortalNotice`.
    """

    business: SenderFace
    customer_name: str
    card: str
    expires_on: date
    portal_link: str = ""
    portal_url: str = ""

    def context(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return fields_of(self)
