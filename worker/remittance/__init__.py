"""The remittance desk: a payer's claim, matched to what he owes.

`match` decides for one payment against the items of one payer; `propose` for a whole mail against a
list of items. Both are pure: they read no clock, no database and no settings. `take` does it with
the books: a claim becomes a memo or a question, and is settled, corrected or lapses; see advices.
"""

from worker.remittance.advices import Advice, AdviceState, ProposedLine
from worker.remittance.answering import deduction, received, review
from worker.remittance.asking import proposal
from worker.remittance.claiming import announce
from worker.remittance.lapsing import lapse_unproved, note_returned, note_settled, undo
from worker.remittance.listing import (
    LIST,
    LineAnswer,
    Weekly,
    ask_list,
    ask_weekly,
    decided,
    is_answered,
)
from worker.remittance.matching import match
from worker.remittance.model import Decision, Item, Line, Match, Terms
from worker.remittance.numbers import How, Named, Numbers
from worker.remittance.open_items import NotOpenItems, OpenItems, Row
from worker.remittance.open_items import read as read_open_items
from worker.remittance.proposing import currency_filled, propose
from worker.remittance.records import (
    announced,
    by_id,
    line_called,
    lines_of,
    newest,
    of_payment,
)
from worker.remittance.registering import STANDING_ORDER, Policy, Told, take

__all__ = [
    "LIST",
    "STANDING_ORDER",
    "Advice",
    "AdviceState",
    "Decision",
    "How",
    "Item",
    "Line",
    "LineAnswer",
    "Match",
    "Named",
    "NotOpenItems",
    "Numbers",
    "OpenItems",
    "Policy",
    "ProposedLine",
    "Row",
    "Terms",
    "Told",
    "Weekly",
    "announce",
    "announced",
    "ask_list",
    "ask_weekly",
    "by_id",
    "currency_filled",
    "decided",
    "deduction",
    "is_answered",
    "lapse_unproved",
    "line_called",
    "lines_of",
    "match",
    "newest",
    "note_returned",
    "note_settled",
    "of_payment",
    "proposal",
    "propose",
    "read_open_items",
    "received",
    "review",
    "take",
    "undo",
]
