"""The three families of errors, by what the actor does next.

Messages carry ids, never names, addresses or card data. What a person reads says what happened and
what to do.
"""

from __future__ import annotations


class TillmailError(Exception):
    """Anything we raise on purpose."""


class TransientError(TillmailError):
    """It may work later: the same job runs again."""

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(TillmailError):
    """It will not work: stop and record why."""


class ReviewNeeded(TillmailError):
    """A person must decide: stop and open a work item."""


class OutcomeUnknown(TransientError):
    """A call left and no answer came back. Look the outcome up; never assume it."""


class Refused(PermanentError):
    """What was asked may not be done; the message tells the person why and what to do instead."""
