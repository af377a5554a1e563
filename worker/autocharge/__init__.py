"""Desk: charging stored cards on schedule. Notice, delay, consent, one charge, sensible retries.

What stands so far is pure: what follows a decline, when a card may be tried again, and the
calendar of a business.
"""

from worker.autocharge.business_days import Hours
from worker.autocharge.declines import Course, Decline, Remedy, course
from worker.autocharge.retrying import Caps, Past, may_try, next_try

__all__ = ["Caps", "Course", "Decline", "Hours", "Past", "Remedy", "course", "may_try", "next_try"]
