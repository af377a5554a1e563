"""What always holds of mails that came in (RELIABILITY: invariants 18, 19 and 20)."""

from __future__ import annotations

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from worker.intake.model import Disposition, Mail
from worker.invoices import Invoice
from worker.kernel.events import MailReceived
from worker.store.blobs import Blob
from worker.store.invariants import is_in_hand

SHOWN = 50
# Mails of which nothing may come.
_FRUITLESS = (
    Disposition.DUPLICATE.value,
    Disposition.QUARANTINED.value,
    Disposition.REJECTED.value,
    Disposition.IGNORED_AUTO.value,
    Disposition.BOUNCE.value,
)


def every_mail_is_kept(session: Session) -> list[str]:
    """The raw bytes of every mail are here."""
    kept = exists().where(Blob.business == Mail.business, Blob.sha256 == Mail.raw_sha256)
    rows = session.execute(select(Mail.business, Mail.id).where(~kept).limit(SHOWN))
    return [f"{business}: the bytes of {mail} are missing." for business, mail in rows]


def every_mail_comes_to_an_end(session: Session) -> list[str]:
    """A mail has one named end, or it is being worked on, or a person was asked."""
    in_hand = is_in_hand(Mail.business, Mail.id, MailReceived.__name__)
    unended = Mail.disposition.is_(None) & ~in_hand
    strange = Mail.disposition.not_in([d.value for d in Disposition])
    rows = session.execute(select(Mail.business, Mail.id).where(or_(unended, strange)).limit(SHOWN))
    return [f"{business}: {mail} was forgotten." for business, mail in rows]


def the_same_mail_counts_once(session: Session) -> list[str]:
    """Of mails with the same bytes all but the first are duplicates."""
    rows = session.execute(
        select(Mail.business, Mail.raw_sha256)
        .where(
            or_(
                Mail.disposition.is_(None),
                # A mail too large to fetch is known by its headers alone.
                Mail.disposition.not_in([Disposition.DUPLICATE.value, Disposition.REJECTED.value]),
            )
        )
        .group_by(Mail.business, Mail.raw_sha256)
        .having(func.count() > 1)
        .limit(SHOWN)
    )
    return [f"{business}: mail {sha256} counts twice." for business, sha256 in rows]


def invoices_come_from_mails_that_may_send_them(session: Session) -> list[str]:
    """No invoice came from a duplicate, a stranger, a bounce or an automatic mail."""
    rows = session.execute(
        select(Invoice.business, Invoice.id)
        .join(Mail, (Mail.business == Invoice.business) & (Mail.id == Invoice.mail_id))
        .where(or_(Mail.disposition.is_(None), Mail.disposition.in_(_FRUITLESS)))
        .limit(SHOWN)
    )
    return [f"{business}: {invoice} came from a barred mail." for business, invoice in rows]


INVARIANTS = (
    every_mail_is_kept,
    every_mail_comes_to_an_end,
    the_same_mail_counts_once,
    invoices_come_from_mails_that_may_send_them,
)
