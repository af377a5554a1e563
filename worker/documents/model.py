"""An invoice as PDF bytes, frozen when made. Nothing renders it again.

What is sent without the pay link, where the frozen PDF carries one, is a second face of it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from worker.store import Record


class Document(Record):
    """One PDF of one invoice and the template set it was made with."""

    __tablename__ = "document"
    business: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str]
    face: Mapped[str] = mapped_column(doc="`payment_sheet` or `invoice`.")
    with_link: Mapped[bool] = mapped_column(default=True, server_default=true())
    pdf_sha256: Mapped[str]
    pages: Mapped[int]
    template_set: Mapped[str]
    frozen_at: Mapped[datetime]
    __table_args__ = (
        ForeignKeyConstraint(["business", "item_id"], ["invoice.business", "invoice.id"]),
        ForeignKeyConstraint(["business", "pdf_sha256"], ["blob.business", "blob.sha256"]),
        UniqueConstraint("business", "item_id", "with_link"),
    )
