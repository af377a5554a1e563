"""The emails around a stored card: that it will be charged, and what to do when it was declined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from worker import customers
from worker.businesses import Rules
from worker.customers import Contact, Customer
from worker.delivery.card_wording import CardExpiringNotice, ChargeFailedNotice, ChargeNotice
from worker.delivery.letters import Paper
from worker.delivery.model import Notice
from worker.delivery.plain_values import plain
from worker.delivery.queueing import Letter
from worker.kernel.clock import day_in
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money


@dataclass(frozen=True, slots=True)
class ChargeFace:
    """A charge as its customer is told of it. `words` is why it was declined, as far as that is
    said; `again_at` when it is tried again by itself; `occasion` names the attempt."""

    charge_id: str
    customer_id: str
    recipient: str | None
    number: str
    amount: Money
    card: str
    charge_on: date
    pay_url: str | None
    words: str = ""
    again_at: datetime | None = None
    occasion: str = ""
    item_kind: str = "invoice"


def with_charge(letter: Letter, face: ChargeFace) -> Letter:
    """A credit request's letter that is its charge's notice, too: one mail says it all."""
    told = {"charge_id": face.charge_id, "card": face.card, "charge_on": plain(face.charge_on)}
    return replace(letter, context={**letter.context, **told})


def charge_told_in(notice: Notice) -> str | None:
    """Which charge a notice announces; None where it announces none."""
    if notice.kind == "charge_notice":
        return notice.subject_id
    told: str = notice.context.get("charge_id", "") if notice.kind == "credit_request" else ""
    return told or None


def charge_letter(session: Session, face: ChargeFace, paper: Paper) -> Letter | None:
    """That a stored card will be charged; None when there is nobody to tell."""
    customer = customers.by_id(session, BusinessKey(paper.rules.key), face.customer_id)
    notice = ChargeNotice(
        business=paper.sender,
        customer_name=customer.name if customer else "",
        number=face.number,
        amount=face.amount,
        card=face.card,
        charge_on=face.charge_on,
        pay_url=face.pay_url,
        item_kind=face.item_kind,
    )
    return _letter(session, "charge_notice", face, paper, notice.context())


def charge_failed_letter(session: Session, face: ChargeFace, paper: Paper) -> Letter | None:
    """That a card was declined and what can be done; None when there is nobody to tell."""
    customer = customers.by_id(session, BusinessKey(paper.rules.key), face.customer_id)
    zone = (customer.time_zone if customer else None) or paper.rules.time_zone
    notice = ChargeFailedNotice(
        business=paper.sender,
        customer_name=customer.name if customer else "",
        number=face.number,
        amount=face.amount,
        card=face.card,
        words=face.words,
        again_on=day_in(zone, face.again_at) if face.again_at else None,
        pay_url=face.pay_url,
        item_kind=face.item_kind,
    )
    return _letter(session, "charge_failed", face, paper, notice.context())


@dataclass(frozen=True, slots=True)
class ExpiringFace:
    """A stored card that expires, as its owner is told of it; `portal_link` is a link's id."""

    mandate_id: str
    card: str
    expires_on: date
    portal_link: str


def card_expiring_letter(
    customer: Customer, contact: Contact, face: ExpiringFace, paper: Paper
) -> Letter:
    """That a stored card expires and where another one is stored; once for each day of expiry."""
    notice = CardExpiringNotice(
        business=paper.sender,
        customer_name=customer.name,
        card=face.card,
        expires_on=face.expires_on,
        portal_link=face.portal_link,
    )
    return Letter(
        kind="card_expiring",
        subject_id=face.mandate_id,
        recipient=contact.address,
        language=customer.language or paper.rules.language,
        template_set=paper.set_hash,
        context=notice.context(),
        customer_id=customer.id,
        occasion=face.expires_on.isoformat(),
    )


def _letter(
    session: Session, kind: str, face: ChargeFace, paper: Paper, context: dict[str, object]
) -> Letter | None:
    recipient = face.recipient or _billing(session, paper.rules, face.customer_id)
    if recipient is None:
        return None
    customer = customers.by_id(session, BusinessKey(paper.rules.key), face.customer_id)
    return Letter(
        kind=kind,
        subject_id=face.charge_id,
        recipient=recipient,
        language=(customer.language if customer else None) or paper.rules.language,
        template_set=paper.set_hash,
        context=context,
        customer_id=face.customer_id,
        occasion=face.occasion,
    )


def _billing(session: Session, rules: Rules, customer_id: str) -> str | None:
    contacts = customers.billing_contacts(session, BusinessKey(rules.key), customer_id)
    return contacts[0].address if contacts else None
