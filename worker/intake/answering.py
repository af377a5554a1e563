"""What a person's answer does to a mail put aside, or to a document that lacks something."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from worker import invoices, review, store
from worker.intake.drafting import drafts
from worker.intake.model import Disposition, Mail
from worker.intake.receiving import close
from worker.invoices import Limits
from worker.kernel.errors import PermanentError, Refused, ReviewNeeded
from worker.kernel.events import InvoiceRead
from worker.kernel.ids import BusinessKey
from worker.readers.answers import Said, Word
from worker.review import Answer, WorkItem
from worker.store import tell


def admit(session: Session, mail_id: str, item: WorkItem, answer: Answer, *, at: datetime) -> str:
    """Take one mail of a stranger as if staff had sent it, or leave it aside. Adds no sender."""
    mail = _mail(session, BusinessKey(item.business), mail_id)
    if Word.NO in answer.words:
        return "The mail stays aside. Nothing is done with it."
    if mail.disposition != Disposition.QUARANTINED:
        raise Refused(f"Mail {mail.id} is not put aside any more: it is {mail.disposition}.")
    close(session, mail, Disposition.ACCEPTED, f"{answer.by} said yes to this one mail.", at=at)
    tell(session, InvoiceRead(BusinessKey(item.business), mail.id))
    return "The mail is taken as if you had sent it. You hear of what is still unclear in it."


def complete(
    session: Session, item: WorkItem, answer: Answer, limits: Limits, *, at: datetime
) -> tuple[str, bool]:
    """Add what a document lacked and issue it; gives what happened, and whether that is the end."""
    business = BusinessKey(item.business)
    mail = _mail(session, business, str(item.evidence["mail"]))
    if Word.NO in answer.words:
        return "The document is given up. Nothing was sent.", True
    whole = _with_earlier(item, answer)
    draft = drafts(mail)[int(item.evidence["document"])]
    draft = replace(
        draft,
        document=invoices.told(draft.document, whole),
        # What could not be read has been said; sums that differ are still asked about.
        problems=[problem for problem in draft.problems if not problem.startswith("UNREAD")],
    )
    try:
        happened = invoices.take(session, business, draft, whole, limits, at=at)
    except ReviewNeeded as e:
        item.evidence = dict(item.evidence) | {"told": _kept(whole)}
        return f"That is written down. {e}", False
    if not _others_wait(session, item, mail):
        close(session, mail, Disposition.ACCEPTED, f"{answer.by} added what it lacked.", at=at)
    return happened, True


def _with_earlier(item: WorkItem, answer: Answer) -> Answer:
    """The answer together with what was said before; of two, the later counts."""
    earlier = [Said(Word(word), value) for word, value in item.evidence.get("told", {}).items()]
    kept = [one for one in earlier if one.word not in answer.words]
    return replace(answer, said=(*kept, *answer.said))


def _kept(answer: Answer) -> dict[str, str]:
    return {one.word.value: one.value for one in answer.said}


def _others_wait(session: Session, item: WorkItem, mail: Mail) -> bool:
    """Whether another document of the mail is still asked about."""
    waiting = review.open_of_kind(session, BusinessKey(mail.business), item.kind)
    return any(w.id != item.id and w.evidence.get("mail") == mail.id for w in waiting)


def _mail(session: Session, business: BusinessKey, mail_id: str) -> Mail:
    mail = store.lock(session, Mail, business, mail_id)
    if mail is None:
        raise PermanentError(f"Mail {mail_id} is missing.")
    return mail
