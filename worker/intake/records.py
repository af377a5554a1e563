"""Mails, found."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from worker import store
from worker.intake.model import Disposition, Mail
from worker.intake.ports import Spot
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey


def by_id(session: Session, business: BusinessKey, mail_id: str) -> Mail | None:
    """One mail."""
    return store.get(session, Mail, business, mail_id)


def at_spot(session: Session, business: BusinessKey, mailbox: str, spot: Spot) -> Mail:
    """The mail seen at this place of the mailbox before; PermanentError when none was."""
    place = {"folder": spot.folder, "epoch": spot.epoch, "uid": spot.uid}
    mail = store.one(session, Mail, business=business, mailbox=mailbox, **place)
    if mail is None:
        raise PermanentError(f"No mail was seen at {spot.folder}/{spot.epoch}/{spot.uid} before.")
    return mail


_WITH_BYTES = store.Question(
    Mail,
    select(Mail)
    .where(
        Mail.business == bindparam("business"),
        Mail.raw_sha256 == bindparam("sha256"),
        Mail.id != bindparam("but"),
    )
    .order_by(Mail.received_at, Mail.id)
    .limit(1),
)


def earlier_with_bytes(session: Session, mail: Mail) -> Mail | None:
    """The first other mail with these very bytes."""
    about = {"business": mail.business, "sha256": mail.raw_sha256, "but": mail.id}
    return next(iter(_WITH_BYTES.ask(session, about)), None)


_SAME_MESSAGE = store.Question(
    Mail,
    select(Mail).where(
        Mail.business == bindparam("business"),
        Mail.message_id == bindparam("message_id"),
        Mail.id != bindparam("but"),
        Mail.sorted_at.is_not(None),
        Mail.disposition != Disposition.DUPLICATE.value,
    ),
)


def same_message(session: Session, mail: Mail) -> Mail | None:
    """An earlier mail with the same Message-ID, sender, date and words: delivered twice.

    The Message-ID alone is not enough: anybody can write one.
    """
    if mail.message_id is None:
        return None
    about = {"business": mail.business, "message_id": mail.message_id, "but": mail.id}
    others = _SAME_MESSAGE.ask(session, about)
    return next((other for other in others if _content(other) == _content(mail)), None)


def dispositions(
    session: Session, business: BusinessKey, mail_ids: Sequence[str]
) -> dict[str, Disposition]:
    """How these mails ended, those that have."""
    rows = session.execute(
        select(Mail.id, Mail.disposition).where(
            Mail.business == business, Mail.id.in_(mail_ids), Mail.disposition.is_not(None)
        )
    )
    return {mail_id: Disposition(ending) for mail_id, ending in rows if ending is not None}


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Mail]:
    """The last mails received, newest first."""
    return session.scalars(
        select(Mail)
        .where(Mail.business == business)
        .order_by(Mail.received_at.desc(), Mail.id)
        .limit(limit)
    ).all()


def _content(mail: Mail) -> object:
    reading = mail.reading or {}
    envelope = reading.get("envelope", {})
    parts = [part.get("sha256") for part in reading.get("parts", [])]
    return mail.sender, mail.trust, envelope.get("date"), envelope.get("body"), parts
