"""Books: requests to prepay, and the standing orders that draft them."""

from worker.credits.listing import Line, read_list
from worker.credits.model import CreditPlan, CreditRequest, RequestState, Source
from worker.credits.planning import Days, Order, draft_due, end_plan, set_plan
from worker.credits.records import (
    by_card,
    by_id,
    called,
    drafts,
    newest,
    of_item,
    plan,
    plans,
    request_of,
    state_of,
)
from worker.credits.requesting import (
    Origin,
    Raising,
    Wish,
    confirm,
    draft,
    end,
)

__all__ = [
    "CreditPlan",
    "CreditRequest",
    "Days",
    "Line",
    "Order",
    "Origin",
    "Raising",
    "RequestState",
    "Source",
    "Wish",
    "by_card",
    "by_id",
    "called",
    "confirm",
    "draft",
    "draft_due",
    "drafts",
    "end",
    "end_plan",
    "newest",
    "of_item",
    "plan",
    "plans",
    "read_list",
    "request_of",
    "set_plan",
    "state_of",
]
