"""Desk: pay links. Made, opened by a person or a machine, expired, renewed; and their activity."""

from worker.paylinks.expiring import note_expired
from worker.paylinks.judging import Evidence, Thresholds, Verdict, is_within_scan, judge
from worker.paylinks.model import Activity, Link, LinkState, Subject, state_of
from worker.paylinks.opening import (
    Life,
    note,
    note_email_open,
    note_machine,
    note_open,
    on_papers,
    open_customer_link,
    open_link,
    revoke,
)
from worker.paylinks.records import (
    activity_of,
    activity_of_customer,
    by_id,
    by_token,
    live_link,
    live_link_of_customer,
    newest,
    of_item,
)
from worker.paylinks.renewing import (
    Renewal,
    RenewalTerms,
    ask_for_all,
    ask_renewal,
    live_beside,
    renew,
    renewal,
)
from worker.paylinks.seeing import Sight, sight
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
    "Sight",
    "Subject",
    "Thresholds",
    "Verdict",
    "activity_of",
    "activity_of_customer",
    "ask_for_all",
    "ask_renewal",
    "by_id",
    "by_token",
    "is_within_scan",
    "judge",
    "live_beside",
    "live_link",
    "live_link_of_customer",
    "newest",
    "note",
    "note_email_open",
    "note_expired",
    "note_machine",
    "note_open",
    "of_item",
    "on_papers",
    "open_customer_link",
    "open_link",
    "renew",
    "renewal",
    "revoke",
    "sight",
    "state_of",
]
