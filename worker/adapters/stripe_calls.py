"""One call to Stripe: ended after a fixed time, its errors turned into ours.

What may have reached Stripe and changed something there is OutcomeUnknown: a lost answer, a time
out, any 5xx (docs.stripe.com/error-low-level). What surely changed nothing is TransientError if
waiting helps, else PermanentError. Messages carry Stripe's code, parameter and request id, which
the dashboard finds, and never its sentence, which may repeat an address.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import requests
import stripe
from urllib3.exceptions import NewConnectionError

from worker.kernel.errors import OutcomeUnknown, PermanentError, TillmailError, TransientError

T = TypeVar("T")


def call(work: Callable[[], T], *, what: str, changes: bool, deadline_s: float) -> T:
    """The result of `work`. `what` names the call in messages; `changes` says it writes."""
    if deadline_s <= 0:
        raise TransientError(f"No time was left to ask Stripe: {what}.")
    running = _Running(work)
    running.join(deadline_s)
    if running.is_alive():
        raise _lost(f"Stripe did not answer within {deadline_s:.0f} s: {what}.", changes=changes)
    if running.error is None:
        return running.result[0]
    if not isinstance(running.error, stripe.StripeError):
        raise running.error
    raise ours(running.error, what=what, changes=changes) from running.error


class _Running(threading.Thread, Generic[T]):
    """The work in a thread of its own: no socket option bounds a name look-up, or an answer that
    comes a byte at a time. Left behind, it ends by its socket's time-outs."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True, name="stripe-call")
        self.result: list[T] = []
        self.error: BaseException | None = None
        self._work = work
        self.start()

    def run(self) -> None:
        try:
            self.result.append(self._work())
        except BaseException as e:  # noqa: BLE001 - it is raised again in the caller's thread.
            self.error = e


def ours(error: stripe.StripeError, *, what: str, changes: bool) -> TillmailError:
    """The error in our words, by what the caller does next."""
    seen = _reference(error, what)
    status = error.http_status
    if isinstance(error, stripe.APIConnectionError):
        return _unconnected(error, what, changes=changes)
    if status == 429:
        return TransientError(f"Stripe asks us to wait: {seen}.", retry_after_s=_retry_after(error))
    if status == 409 or error.code == "lock_timeout":
        return TransientError(f"Stripe is busy with the same request or object: {seen}.")
    if status is None or status < 400 or status >= 500:
        return _lost(f"Stripe gave no clear answer: {seen}.", changes=changes)
    return PermanentError(f"{_advice(error)} ({seen})")


def _unconnected(error: stripe.StripeError, what: str, *, changes: bool) -> TillmailError:
    causes = list(_causes(error))
    if any(isinstance(cause, requests.ConnectTimeout | NewConnectionError) for cause in causes):
        return TransientError(f"Stripe cannot be reached: {what}.")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return TransientError(
            f"Stripe's certificate was not accepted: {what}. Check this machine's clock, and"
            " whether a proxy intercepts its connections."
        )
    return _lost(f"The connection to Stripe broke: {what}.", changes=changes)


def _lost(message: str, *, changes: bool) -> TransientError:
    if changes:
        return OutcomeUnknown(f"{message} It may have been done all the same.")
    return TransientError(message)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and what requests and urllib3 wrapped into arguments."""
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException):
            yield one
            waiting += [one.__cause__, getattr(one, "reason", None), *one.args]


def _advice(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.AuthenticationError):
        return "Stripe does not know this business's API key: set the right one."
    if isinstance(error, stripe.PermissionError):
        return "This business's API key may not do this: give it the permission or use another."
    if isinstance(error, stripe.IdempotencyError):
        return "The idempotency key was used for another request: look up what that one made."
    if error.code == "resource_missing":
        return "Stripe has no such object in this account."
    if error.code == "charge_disputed":
        return "The payer's bank took this payment back, or may: Stripe refunds nothing of it."
    return "Stripe refused the request; its log in the dashboard says why."


def _reference(error: stripe.StripeError, what: str) -> str:
    parts = [what, error.code, getattr(error, "param", None), error.request_id]
    return ", ".join(str(part) for part in parts if part)


def _retry_after(error: stripe.StripeError) -> int | None:
    text = str((error.headers or {}).get("Retry-After", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
