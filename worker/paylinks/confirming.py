"""One-time codes: what a person wants done on a portal is done when they type what was mailed.

A code is good for one wish, in the browser that asked, for ten minutes and five tries. A contact
is mailed few of them: who has the link and guesses all day is right once in 20,000 days.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from worker import customers
from worker.kernel.events import CodeAsked
from worker.kernel.ids import BusinessKey, new_id
from worker.paylinks import records
from worker.paylinks.model import Confirmation, Link
from worker.paylinks.opening import note
from worker.paylinks.tokens import LinkKeys
from worker.store import tell

CODE_LIFE = timedelta(minutes=10)
TRIES = 5
CODES_AN_HOUR = 5
CODES_A_DAY = 10
_PURPOSE = "portal-code"


class Outcome(StrEnum):
    """What became of a code that was typed. *over*: too late, too often, or of somebody else."""

    CONFIRMED = "confirmed"
    WRONG = "wrong"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done: its kind, what it needs to know, and the browser that asks."""

    what: str
    details: Mapping[str, Any]
    browser: str


def ask_code(
    session: Session, link: Link, wish: Wish, keys: LinkKeys, *, at: datetime
) -> Confirmation | None:
    """The wish, kept until its code is typed, with the code on its way to the link's contact.

    None when the contact was sent as many codes as there may be.
    """
    business, contact_id = BusinessKey(link.business), link.contact_id or ""
    customers.lock(session, business, link.customer_id)
    today = records.confirmations_of(session, business, contact_id, since=at - timedelta(days=1))
    lately = [one for one in today if one.asked_at > at - timedelta(hours=1)]
    if len(today) >= CODES_A_DAY or len(lately) >= CODES_AN_HOUR:
        note(session, link, "code_refused", who="tillmail", at=at, evidence={"wish": wish.what})
        return None
    asked = Confirmation(
        business=business,
        id=new_id("cnf"),
        link_id=link.id,
        contact_id=contact_id,
        what=wish.what,
        details=dict(wish.details),
        browser=_hash(wish.browser),
        key_version=keys.newest,
        asked_at=at,
        ends_at=at + CODE_LIFE,
    )
    session.add(asked)
    session.flush()
    about = {"wish": wish.what, "confirmation": asked.id}
    note(session, link, "code_asked", who=f"contact {contact_id}", at=at, evidence=about)
    tell(session, CodeAsked(business, asked.id))
    return asked


def waiting(
    session: Session, link: Link, confirmation_id: str, browser: str | None, *, at: datetime
) -> Confirmation | None:
    """What waits for its code on this portal, in this browser; None for anything else."""
    asked = records.confirmation(session, BusinessKey(link.business), confirmation_id)
    if asked is None or asked.link_id != link.id or browser is None:
        return None
    is_same = hmac.compare_digest(asked.browser, _hash(browser))
    is_open = asked.done_at is None and at < asked.ends_at and asked.tries < TRIES
    return asked if is_same and is_open else None


def try_code(
    session: Session, link: Link, asked: Confirmation, code: str, keys: LinkKeys, *, at: datetime
) -> Outcome:
    """Whether the code is the one that was mailed; then the wish counts as confirmed, once."""
    customers.lock(session, BusinessKey(link.business), link.customer_id)
    records.lock_confirmation(session, asked)
    if asked.done_at is not None or at >= asked.ends_at or asked.tries >= TRIES:
        return Outcome.OVER
    asked.tries += 1
    typed = "".join(code.split()).encode("utf-8", "replace")
    about = {"wish": asked.what, "confirmation": asked.id, "try": asked.tries}
    who = f"contact {asked.contact_id}"
    if not hmac.compare_digest(code_of(asked, keys).encode(), typed):
        note(session, link, "code_wrong", who=who, at=at, evidence=about)
        return Outcome.WRONG if asked.tries < TRIES else Outcome.OVER
    asked.done_at = at
    note(session, link, "code_confirmed", who=who, at=at, evidence=about)
    return Outcome.CONFIRMED


def code_of(asked: Confirmation, keys: LinkKeys) -> str:
    """The six digits; made for the mail when it is sent, and to compare."""
    return keys.digits(_PURPOSE, asked.id, asked.key_version)


def _hash(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
