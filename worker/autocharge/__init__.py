"""Desk: charging stored cards on schedule. Notice, delay, consent, one charge, sensible retries.

What stands so far is pure: what follows a decline, when a card may be tried again, and the
calendar of a business.
"""

from worker.autocharge.business_days import Hours
from worker.autocharge.declines import Course, Decline, Remedy, course
from worker.autocharge.model import Attempt, CardLink, Charge, ChargeState, Mandate
from worker.autocharge.retrying import Caps, Past, may_try, next_try

__all__ = [
    "Attempt",
    "Caps",
    "CardLink",
    "Charge",
    "ChargeState",
    "Course",
    "Decline",
    "Hours",
    "Mandate",
    "Past",
    "Remedy",
    "course",
    "may_try",
    "next_try",
]
