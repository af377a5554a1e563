"""Opening a question for a person, once, and closing it with an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import store
from worker.kernel.events import WorkItemOpened
from worker.kernel.ids import BusinessKey, new_id
from worker.review import records
from worker.review.model import WorkItem
from worker.store import tell


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of whom it is about, what is known, and how it can be answered."""

    kind: str
    subject: str
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[str] = ()


def ask(session: Session, business: BusinessKey, question: Question, *, at: datetime) -> WorkItem:
    """The open work item for this question: opened now, or the one that is open already."""
    while (there := records.open_about(session, business, question.kind, question.subject)) is None:
        item = WorkItem(
            business=business,
            id=new_id("work"),
            kind=question.kind,
            subject=question.subject,
            question=question.text,
            evidence=dict(question.evidence),
            choices=list(question.choices),
            opened_at=at,
        )
        # Desk and worker may ask at one moment: the second waits here and takes the first's.
        if store.add_once(session, item):
            tell(session, WorkItemOpened(business, item.id))
            return item
    return there


def settle(
    session: Session,
    business: BusinessKey,
    subject: str,
    *,
    answer: str,
    by: str,
    at: datetime,
    kind: str | None = None,
) -> int:
    """Close every open question about a subject, or that of a kind; gives how many there were."""
    items = [
        item for item in records.open_for(session, business, subject) if kind in (None, item.kind)
    ]
    for item in items:
        item.resolved_at = at
        item.resolution = answer
        item.resolved_by = by
    return len(items)
