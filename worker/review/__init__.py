"""Books: what waits for a person, with the evidence and the choices."""

from worker.review.model import WorkItem
from worker.review.opening import Question, ask, settle
from worker.review.records import by_id, open_for, open_items

__all__ = ["Question", "WorkItem", "ask", "by_id", "open_for", "open_items", "settle"]
