"""Queueing notices: once per kind, subject, version, occasion and recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from worker import store
from worker.businesses import MailRules
from worker.delivery import records
from worker.delivery.addressing import NoticeKey, message_id
from worker.delivery.model import Notice, NoticeState
from worker.kernel.events import NoticeQueued
from worker.kernel.ids import BusinessKey, new_id
from worker.store import tell


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said, about what, to whom, in which words."""

    kind: str
    subject_id: str
    recipient: str
    language: str
    template_set: str
    context: Mapping[str, Any]
    customer_id: str | None = None
    version: int = 1
    occasion: str = ""


def queue(
    session: Session, business: BusinessKey, letter: Letter, rules: MailRules, *, at: datetime
) -> Notice:
    """The notice for a letter: queued now, or the one that was queued before."""
    key = NoticeKey(
        business,
        letter.kind,
        letter.subject_id,
        letter.version,
        letter.occasion,
        letter.recipient.lower(),
    )
    notice = Notice(
        business=business,
        id=new_id("ntc"),
        kind=letter.kind,
        subject_id=letter.subject_id,
        version=letter.version,
        occasion=letter.occasion,
        recipient=letter.recipient,
        customer_id=letter.customer_id,
        language=letter.language,
        template_set=letter.template_set,
        context=dict(letter.context),
        message_id=message_id(key, rules),
        state=NoticeState.QUEUED.value,
        queued_at=at,
    )
    if store.add_once(session, notice):
        tell(session, NoticeQueued(business, notice.id))
        return notice
    return records.queued_as(session, notice)
