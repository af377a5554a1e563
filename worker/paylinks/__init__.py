"""Desk: pay links. Made, opened by a person or a machine, expired, renewed; and their activity."""

from worker.paylinks.expiring import note_expired
from worker.paylinks.judging import Evidence, Verdict, judge
from worker.paylinks.model import Activity, Link, LinkState, state_of
from worker.paylinks.opening import Life, note, note_machine, note_open, open_link, revoke
from worker.paylinks.records import (
    activity_of,
    by_id,
    by_token,
    live_link,
    newest,
    of_item,
)
from worker.paylinks.renewing import Renewal, RenewalTerms, ask_renewal, renew, renewal
from worker.paylinks.tokens import LinkKeys

__all__ = [
    "Activity",
    "Evidence",
    "Life",
    "Link",
    "LinkKeys",
    "LinkState",
    "Renewal",
    "RenewalTerms",
    "Verdict",
    "activity_of",
    "ask_renewal",
    "by_id",
    "by_token",
    "judge",
    "live_link",
    "newest",
    "note",
    "note_expired",
    "note_machine",
    "note_open",
    "of_item",
    "open_link",
    "renew",
    "renewal",
    "revoke",
    "state_of",
]
