"""Taking a mail in: raw bytes first, once per place and once per content."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import review
from worker.intake import records
from worker.intake.model import Disposition, Mail
from worker.intake.ports import Arrival
from worker.kernel.events import MailReceived
from worker.kernel.ids import BusinessKey, new_id
from worker.store import add_once, blobs, change, tell


def receive(
    session: Session, business: BusinessKey, mailbox: str, arrival: Arrival, *, at: datetime
) -> Mail:
    """The row of this mail: made now, or the one made when it was seen before.

    The same bytes in another place are a duplicate, and do nothing but say so.
    """
    kept = arrival.raw if arrival.raw is not None else arrival.headers
    sha256, is_new = blobs.keep_once(session, business, kept, at=at)
    mail = _row(business, mailbox, arrival, sha256, at=at)
    if not add_once(session, mail):
        return records.at_spot(session, business, mailbox, arrival.spot)
    first = None if is_new else records.earlier_with_bytes(session, mail)
    if arrival.raw is None:
        _too_large(session, mail, at=at)
    elif first is not None:
        close(
            session,
            mail,
            Disposition.DUPLICATE,
            f"The same bytes came before as {first.id}.",
            at=at,
        )
        mail.duplicate_of = first.id
    else:
        tell(session, MailReceived(business, mail.id))
    return mail


def close(
    session: Session, mail: Mail, disposition: Disposition, because: str, *, at: datetime
) -> None:
    """Give a mail its end."""
    change(session, mail, disposition=disposition.value, because=because, sorted_at=at)


def _row(
    business: BusinessKey, mailbox: str, arrival: Arrival, sha256: str, *, at: datetime
) -> Mail:
    return Mail(
        business=business,
        id=new_id("mail"),
        mailbox=mailbox,
        folder=arrival.spot.folder,
        epoch=arrival.spot.epoch,
        uid=arrival.spot.uid,
        raw_sha256=sha256,
        size_bytes=arrival.size_bytes,
        arrived_at=arrival.arrived_at,
        received_at=at,
    )


def _too_large(session: Session, mail: Mail, *, at: datetime) -> None:
    size_mb = mail.size_bytes / 1_000_000
    close(
        session,
        mail,
        Disposition.REJECTED,
        f"It has {size_mb:.0f} MB, more than is fetched.",
        at=at,
    )
    review.ask(
        session,
        BusinessKey(mail.business),
        review.Question(
            kind="mail_too_large",
            subject=mail.id,
            text=(
                f"A mail of {size_mb:.0f} MB lies in the mailbox and was not fetched. Look at it "
                "there; raise max_size_mb of the mailbox if such mails are wanted."
            ),
            evidence={"mailbox": mail.mailbox, "folder": mail.folder, "uid": mail.uid},
        ),
        at=at,
    )
