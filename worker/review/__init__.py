"""Books: what waits for a person, with the evidence and the choices, and how it was answered."""

from worker.review.answering import Answer, Heard, close, fits, hear, words_of
from worker.review.model import WorkItem
from worker.review.opening import Question, ask, settle
from worker.review.records import by_id, open_for, open_items, open_of_kind

__all__ = [
    "Answer",
    "Heard",
    "Question",
    "WorkItem",
    "ask",
    "by_id",
    "close",
    "fits",
    "hear",
    "open_for",
    "open_items",
    "open_of_kind",
    "settle",
    "words_of",
]
