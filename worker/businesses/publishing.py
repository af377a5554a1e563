"""Publishing a checked tree of templates, by content hash.

The caller has rendered every template of the tree with sample facts before. A broken tree is never
published: the newest good set stays in force, and a notice keeps the set it was queued with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from worker.businesses.model import TemplateSet
from worker.kernel.ids import BusinessKey
from worker.store import Prepared, blobs, table_of


def set_hash(files: Mapping[str, bytes]) -> str:
    """The name of a tree: a hash over its paths and contents."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{blobs.hash_of(files[path])}\n".encode())
    return total.hexdigest()[:32]


def publish(
    session: Session, business: BusinessKey, files: Mapping[str, bytes], *, at: datetime
) -> TemplateSet:
    """Put a tree in force; publishing the same again makes it the newest again."""
    name = set_hash(files)
    published = session.get(TemplateSet, (business, name))
    if published is None:
        published = TemplateSet(
            business=business,
            sha256=name,
            files={p: blobs.keep(session, business, c, at=at) for p, c in files.items()},
            published_at=at,
        )
        session.add(published)
    published.published_at = at
    session.flush()
    return published


_set = table_of(TemplateSet).c
_NEWEST = Prepared(
    select(_set.sha256)
    .where(_set.business == bindparam("business"))
    .order_by(_set.published_at.desc())
    .limit(1)
)


def newest_set(session: Session, business: BusinessKey) -> str | None:
    """The hash of the set in force."""
    newest: str | None = _NEWEST.scalar(session, {"business": business})
    return newest


def files_of(session: Session, business: BusinessKey, sha256: str) -> dict[str, bytes]:
    """The files of a set, by path."""
    published = session.get(TemplateSet, (business, sha256))
    if published is None:
        return {}
    return {p: blobs.fetch(session, business, blob) for p, blob in published.files.items()}
