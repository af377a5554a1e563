"""What a person must decide, with the evidence and the choices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store import Record


class WorkItem(Record):
    """One open question about one subject; the same question is never open twice.

    `kind` says what is asked (`invoice_held`, `mail_unreadable`, `job_parked`, …), `subject` is
    the id it is about, `choices` the commands or words that answer it.
    """

    __tablename__ = "work_item"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    question: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    choices: Mapped[list[str]] = mapped_column(JSON)
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
    resolved_by: Mapped[str | None]
    resolved_from: Mapped[str | None] = mapped_column(doc="The mail that answered it, if one did.")
    asked_again: Mapped[int] = mapped_column(default=0, server_default="0")


_IS_OPEN = text("resolved_at IS NULL")
Index(
    "uq_work_item_open",
    WorkItem.business,
    WorkItem.kind,
    WorkItem.subject,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)
