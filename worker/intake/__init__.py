"""Desk: from a mail in a mailbox to what it is, from whom, and how far to trust it."""

from worker.intake.answering import admit, complete
from worker.intake.corresponding import ask_about_letter, mentioned, own_words
from worker.intake.drafting import drafts, issue_invoices
from worker.intake.judging import Sender, judge, order
from worker.intake.model import Disposition, Mail
from worker.intake.ports import Arrival, Mailbox, Reader, Spot
from worker.intake.receiving import receive
from worker.intake.records import by_id, dispositions, newest
from worker.intake.sorting import ask, quarantine, sort
from worker.intake.trust import Level, Trust, trust
from worker.intake.watching import let_go, read_to, watch, went_badly, went_well

__all__ = [
    "Arrival",
    "Disposition",
    "Level",
    "Mail",
    "Mailbox",
    "Reader",
    "Sender",
    "Spot",
    "Trust",
    "admit",
    "ask",
    "ask_about_letter",
    "by_id",
    "complete",
    "dispositions",
    "drafts",
    "issue_invoices",
    "judge",
    "let_go",
    "mentioned",
    "newest",
    "order",
    "own_words",
    "quarantine",
    "read_to",
    "receive",
    "sort",
    "trust",
    "watch",
    "went_badly",
    "went_well",
]
