"""The remittance desk: a payer's claim, matched to what he owes.

`match` decides for one payment against the items of one payer; `propose` for a whole mail against a
list of items. Both are pure: they read no clock, no database and no settings.
"""

from worker.remittance.advices import Advice, AdviceState, ProposedLine
from worker.remittance.matching import match
from worker.remittance.model import Decision, Item, Line, Match, Terms
from worker.remittance.numbers import How, Named, Numbers
from worker.remittance.open_items import NotOpenItems, OpenItems, Row
from worker.remittance.open_items import read as read_open_items
from worker.remittance.proposing import currency_filled, propose

__all__ = [
    "Advice",
    "AdviceState",
    "Decision",
    "How",
    "Item",
    "Line",
    "Match",
    "Named",
    "NotOpenItems",
    "Numbers",
    "OpenItems",
    "ProposedLine",
    "Row",
    "Terms",
    "currency_filled",
    "match",
    "propose",
    "read_open_items",
]
