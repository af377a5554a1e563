"""A payment that the mail inside a forward tells of: the payer's words, not the forwarder's.

What our own side wrote and somebody sends back is no advice. What the forwarder says against it, or
asks about it, is a doubt.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from email.utils import parsedate_to_datetime

from worker.readers import remittance_advice, replies, sorting
from worker.readers.model import Envelope, Forwarded, Kind, Reply
from worker.readers.remittance_advice import Advice, Written
from worker.readers.sorting import Sorted
from worker.readers.written_dates import DateOrder

# What a forwarder's own words leave undecided; else the mail is theirs.
_UNDECIDED = frozenset({Kind.OTHER, Kind.ACKNOWLEDGEMENT})


def sort(decided: Sorted, forwarded: Forwarded, envelope: Envelope) -> Sorted:
    """The kind by the mail inside, where the words above it do not say it."""
    if decided.kind not in _UNDECIDED | {Kind.REMITTANCE} or _is_ours(forwarded, envelope):
        return decided
    words = replies.reply(forwarded.body).text
    lure = sorting.lure_in(forwarded.subject, words)
    if lure is not None:
        return Sorted(Kind.SUSPICIOUS, (f"In the mail passed on: {lure}",))
    said = sorting.paid_in(forwarded.subject, words) if decided.kind in _UNDECIDED else None
    if said is None:
        return decided
    because = f"The mail passed on says that something was paid: “{said[:160]}”."
    return Sorted(Kind.REMITTANCE, (because,))


def advice(forwarded: Forwarded, envelope: Envelope, note: Reply | None) -> Advice | None:
    """What the mail inside says was paid, with the forwarder's words against it as doubts."""
    if _is_ours(forwarded, envelope):
        return None
    written = Written(
        subject=forwarded.subject,
        text=replies.reply(forwarded.body).text,
        sent_on=_day(forwarded.date),
        is_reply=remittance_advice.is_answer(forwarded.subject, ()),
    )
    found = remittance_advice.read(written)
    if not found.remittances:
        return None
    claim = found.claim.model_copy(update={"written_by": forwarded.sender.address})
    against = sorting.second_thought(note.text) if note is not None else None
    doubts = [f"who passed it on writes “{against[:120]}”"] if against else []
    return replace(found, claim=claim).doubted(doubts)


def _is_ours(forwarded: Forwarded, envelope: Envelope) -> bool:
    """Whether the mail inside is from where the mail itself went: it only comes back."""
    writer = forwarded.sender.address.casefold()
    return not writer or writer in {box.address.casefold() for box in (*envelope.to, *envelope.cc)}


def _day(written: str) -> dt.date | None:
    """The day of the mail inside; none where month and day could change places."""
    try:
        return parsedate_to_datetime(written).date()
    except (ValueError, TypeError, OverflowError):
        days = {DateOrder(month_first=first).first(written) for first in (False, True)}
        return days.pop() if len(days) == 1 else None
