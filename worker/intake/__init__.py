"""Desk: from a mail in a mailbox to what it is, from whom, and how far to trust it."""

from worker.intake.drafting import drafts, issue_invoices, parts_to_keep
from worker.intake.model import Disposition, Mail
from worker.intake.ports import Arrival, Mailbox, Reader, Spot
from worker.intake.receiving import receive
from worker.intake.records import at_spot, by_id, dispositions, newest
from worker.intake.sorting import judge, park, quarantine, sort
from worker.intake.trust import Level, Trust, trust
from worker.intake.watching import let_go, watch, went_badly, went_well

__all__ = [
    "Arrival",
    "Disposition",
    "Level",
    "Mail",
    "Mailbox",
    "Reader",
    "Spot",
    "Trust",
    "at_spot",
    "by_id",
    "dispositions",
    "drafts",
    "issue_invoices",
    "judge",
    "let_go",
    "newest",
    "park",
    "parts_to_keep",
    "quarantine",
    "receive",
    "sort",
    "trust",
    "watch",
    "went_badly",
    "went_well",
]
