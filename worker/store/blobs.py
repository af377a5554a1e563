"""Raw bytes by their content hash, in the database so that one transaction covers them.

`keep` and `fetch` are the whole port: object storage can take over behind them.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from worker.kernel.errors import PermanentError
from worker.kernel.ids import BlobHash, BusinessKey
from worker.store.once import insert_once
from worker.store.prepared import Prepared
from worker.store.tables import Record, table_of


class Blob(Record):
    """Bytes that never change. The same bytes of one business are kept once."""

    __tablename__ = "blob"
    business: Mapped[str] = mapped_column(ForeignKey("business.key"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    kept_at: Mapped[datetime]


_blob = table_of(Blob).c
_CONTENT = Prepared(
    select(_blob.content).where(
        _blob.business == bindparam("business"), _blob.sha256 == bindparam("sha256")
    )
)


def hash_of(content: bytes) -> BlobHash:
    """The name these bytes are kept under."""
    return BlobHash(hashlib.sha256(content).hexdigest())


def keep(session: Session, business: BusinessKey, content: bytes, *, at: datetime) -> BlobHash:
    """Keep the bytes, once; gives their hash."""
    sha256, _ = keep_once(session, business, content, at=at)
    return sha256


def keep_once(
    session: Session, business: BusinessKey, content: bytes, *, at: datetime
) -> tuple[BlobHash, bool]:
    """Keep the bytes; gives their hash, and whether they were not here before."""
    sha256 = hash_of(content)
    row = {
        "business": business,
        "sha256": sha256,
        "size_bytes": len(content),
        "content": content,
        "kept_at": at,
    }
    # Two transactions may keep the same bytes at once: the second finds them there.
    return sha256, insert_once(session, Blob, row)


def fetch(session: Session, business: BusinessKey, sha256: str) -> bytes:
    """The bytes; raises PermanentError when they are not here or not what was kept."""
    content: bytes | None = _CONTENT.scalar(session, {"business": business, "sha256": sha256})
    if content is None:
        raise PermanentError(f"Blob {sha256} of {business} is missing.")
    if hash_of(content) != sha256:
        raise PermanentError(f"Blob {sha256} of {business} is damaged: restore it from a backup.")
    return content
