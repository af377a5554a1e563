"""Answers to the notice of a charge: obeyed in the transaction that sorts the mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import autocharge, customers, delivery, intake
from worker.app import App
from worker.autocharge import Charge, Objection
from worker.kernel.ids import BusinessKey
from worker.readers import Examined, Kind

_SAYS_NOTHING = {Kind.ACKNOWLEDGEMENT, Kind.AUTO_REPLY, Kind.BOUNCE}


def take_objection(
    app: App, s: Session, mail: intake.Mail, examined: Examined, *, at: datetime
) -> None:
    """Hold, move or stop a charge, where this mail answers its notice."""
    business = BusinessKey(mail.business)
    is_program = examined.envelope.is_automatic or examined.reading.kind in _SAYS_NOTHING
    if is_program or mail.disposition == intake.Disposition.DUPLICATE:
        return
    envelope = examined.envelope
    written = [box.address for box in (*envelope.to, *envelope.cc)]
    to = [*envelope.delivered_to, *written]
    notice = delivery.find_answered(s, business, to, secret=app.mail_secret)
    charge_id = _charge_of(notice) if notice is not None else None
    charge = autocharge.charge(s, business, charge_id) if charge_id is not None else None
    if charge is not None:
        address = envelope.sender.address if envelope.sender else ""
        objection = Objection(
            wish=autocharge.wish_of(intake.own_words(examined)),
            by=address or "somebody",
            is_on_file=_is_on_file(app, s, mail, examined, charge),
        )
        terms = autocharge.terms_of(app.rules(business))
        autocharge.object_to(s, charge, objection, terms, at=at)


def _charge_of(notice: delivery.Notice) -> str | None:
    """Which charge a notice tells of, before or after it was tried."""
    if notice.kind == "charge_failed":
        return notice.subject_id
    return delivery.charge_told_in(notice)


def _is_on_file(
    app: App, s: Session, mail: intake.Mail, examined: Examined, charge: Charge
) -> bool:
    business, envelope = BusinessKey(mail.business), examined.envelope
    mailbox = app.mailbox_rules(business, mail.mailbox)
    trust = intake.trust(envelope, mailbox, app.rules(business).known_senders())
    if trust.level is intake.Level.A0 or envelope.sender is None:
        return False
    who = charge.customer_id
    return customers.contact_at(s, business, who, envelope.sender.address) is not None
