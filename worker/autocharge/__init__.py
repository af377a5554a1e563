"""Desk: charging stored cards on schedule. Notice, delay, consent, one charge, sensible retries."""

from worker.autocharge.business_days import Hours
from worker.autocharge.charging import Ask, answered, next_ask, refused, unanswered
from worker.autocharge.checking import Case
from worker.autocharge.declines import Course, Decline, Remedy, course
from worker.autocharge.items import Item, by_charge
from worker.autocharge.mandates import (
    Consent,
    Given,
    ask_for_card,
    card_order,
    card_stored,
    in_force,
    look_at_card_links,
    never_opened,
    page_opened,
    record,
    revoke,
)
from worker.autocharge.model import Act, Attempt, CardLink, Charge, ChargeState, Mandate
from worker.autocharge.noticing import announced, hand_out_due, not_announced, to_announce
from worker.autocharge.objecting import delay, hold, pause_all, resume, resume_all, stop
from worker.autocharge.outcomes import found_none, heard
from worker.autocharge.planning import Planned, plan_some, preview
from worker.autocharge.ports import (
    CardFacts,
    CardOrder,
    CardPage,
    ChargeFacts,
    ChargeOrder,
    StoredCards,
)
from worker.autocharge.reconciling import compare
from worker.autocharge.records import (
    attempt,
    attempts_of,
    card_link,
    charge,
    mandate,
    mandates_of,
    newest,
    of_item,
    on_mandate,
    pause,
)
from worker.autocharge.retrying import Caps, Past, may_try, next_try
from worker.autocharge.terms import Terms, terms_of

__all__ = [
    "Act",
    "Ask",
    "Attempt",
    "Caps",
    "CardFacts",
    "CardLink",
    "CardOrder",
    "CardPage",
    "Case",
    "Charge",
    "ChargeFacts",
    "ChargeOrder",
    "ChargeState",
    "Consent",
    "Course",
    "Decline",
    "Given",
    "Hours",
    "Item",
    "Mandate",
    "Past",
    "Planned",
    "Remedy",
    "StoredCards",
    "Terms",
    "announced",
    "answered",
    "ask_for_card",
    "attempt",
    "attempts_of",
    "by_charge",
    "card_link",
    "card_order",
    "card_stored",
    "charge",
    "compare",
    "course",
    "delay",
    "found_none",
    "hand_out_due",
    "heard",
    "hold",
    "in_force",
    "look_at_card_links",
    "mandate",
    "mandates_of",
    "may_try",
    "never_opened",
    "newest",
    "next_ask",
    "next_try",
    "not_announced",
    "of_item",
    "on_mandate",
    "page_opened",
    "pause",
    "pause_all",
    "plan_some",
    "preview",
    "record",
    "refused",
    "resume",
    "resume_all",
    "revoke",
    "stop",
    "terms_of",
    "to_announce",
    "unanswered",
]
