"""On which terms a business charges stored cards: its rules as one value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import get_args

from worker.autocharge.business_days import LAST_DAY, Hours
from worker.autocharge.retrying import Caps
from worker.businesses import Rules
from worker.businesses.model import Weekday
from worker.customers import Customer
from worker.kernel.money import Money

_WEEKDAYS = get_args(Weekday)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a business decided. `mail_read_to` is up to when all its mail was read and sorted;
    None where that is not known."""

    is_on: bool
    delay_days: int
    postpone_days: int
    hours: Hours
    caps: Caps
    largest: Money | None
    livemode: bool
    invoices: bool = True
    mail_read_to: datetime | None = None

    def hours_of(self, customer: Customer | None) -> Hours:
        """The same hours where the customer lives."""
        return self.hours_in(customer.time_zone if customer else None)

    def hours_in(self, zone: str | None) -> Hours:
        """The same hours in another time zone."""
        return replace(self.hours, zone=zone) if zone else self.hours


def terms_of(rules: Rules, *, mail_read_to: datetime | None = None) -> Terms:
    """The terms in a business's file."""
    own = rules.autocharge
    most = Money.of(own.largest, rules.currency) if own.largest is not None else None
    return Terms(
        is_on=own.enabled,
        delay_days=own.delay_days,
        postpone_days=own.postpone_days,
        hours=Hours(
            zone=rules.time_zone,
            first=time(own.first_hour),
            last=time(own.last_hour),
            weekdays=frozenset(_WEEKDAYS.index(day) for day in own.weekdays),
            holidays=frozenset(own.holidays),
        ),
        caps=Caps(
            per_charge=own.tries,
            per_card_per_day=own.card_tries_per_day,
            per_card_per_30_days=own.card_tries_per_30_days,
            give_up_after=timedelta(days=own.give_up_days),
            paydays=tuple(LAST_DAY if day == "last" else day for day in own.paydays),
        ),
        largest=most,
        livemode=rules.stripe.livemode,
        invoices=own.invoices,
        mail_read_to=mail_read_to,
    )
