"""The emails around a portal: its link to its contact, and the codes that confirm changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from worker import customers
from worker.customers import Contact
from worker.delivery.letters import Paper
from worker.delivery.queueing import Letter
from worker.delivery.wording import CodeNotice, PortalNotice
from worker.kernel.ids import BusinessKey

_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a code is for, as the mail says it: the kind, the card, and contracts if only some."""

    confirmation: str
    what: str
    card: str = ""
    contracts: Sequence[str] = ()


def portal_letter(
    session: Session, contact: Contact, link_id: str, paper: Paper, *, asked: str
) -> Letter:
    """The link to the contact whose it is, once per request."""
    name, language = _face(session, contact, paper)
    notice = PortalNotice(
        business=paper.sender,
        customer_name=name,
        portal_link=link_id,
        days=paper.rules.links.portal_days,
    )
    return Letter(
        kind="portal",
        subject_id=contact.customer_id,
        recipient=contact.address,
        language=language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=contact.customer_id,
        occasion=f"asked:{asked}",
    )


def code_letter(session: Session, contact: Contact, wanted: Wanted, paper: Paper) -> Letter:
    """The code for one wish, to the contact whose portal it is."""
    name, language = _face(session, contact, paper)
    notice = CodeNotice(
        business=paper.sender,
        customer_name=name,
        confirmation=wanted.confirmation,
        what=wanted.what,
        card=wanted.card,
        contracts=tuple(wanted.contracts),
        minutes=_MINUTES,
    )
    return Letter(
        kind="code",
        subject_id=wanted.confirmation,
        recipient=contact.address,
        language=language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=contact.customer_id,
    )


def _face(session: Session, contact: Contact, paper: Paper) -> tuple[str, str]:
    customer = customers.by_id(session, BusinessKey(contact.business), contact.customer_id)
    name = customer.name if customer else ""
    return name, (customer.language if customer else None) or paper.rules.language
