"""Actors of autocharge."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import autocharge, customers, delivery, intake, invoices, paylinks
from worker.actors.payments import clear_lane
from worker.actors.shapes import Run, call, sweep, tour
from worker.app import App
from worker.autocharge import (
    Act,
    Ask,
    Attempt,
    CardLink,
    CardPage,
    Charge,
    ChargeFacts,
    ChargeState,
    Mandate,
    StoredCards,
    Terms,
)
from worker.delivery import Letter, Notice, NoticeState, Paper
from worker.kernel.errors import OutcomeUnknown, PermanentError, TillmailError, TransientError
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.store import outbox

log = logging.getLogger(__name__)

LISTED_BACK = timedelta(hours=26)
TICKS_A_MINUTE = 6
Effect = Callable[[Session], None]
_ON_THE_WAY = {NoticeState.QUEUED, NoticeState.SENDING}
_NOT_YET = {ChargeState.NOTICED, ChargeState.DECLINED, ChargeState.UNDER_WAY, ChargeState.UNKNOWN}


@call
def charge_stored_card(run: Run) -> None:
    """Ask the gateway what is to be asked next, one committed call after the other."""
    with run.intent() as s:
        charge = _charge(s, run.business, run.subject)
    if ChargeState(charge.state) in _NOT_YET:
        clear_lane(run.app, run.business, charge.item_id)
    ask = _book(run, lambda _session: None)
    while ask is not None:
        ask = _book(run, _make(run, ask))
    with run.finish():
        pass


@call
def look_up_charge(run: Run) -> None:
    """Ask the gateway how a charge stands, because somebody said that it changed."""
    with run.intent() as s:
        charge = autocharge.charge(s, run.business, run.subject)
    if charge is None or charge.stripe_intent_id is None:
        facts = None
    else:
        facts = run.app.stored_cards(run.business).charge(charge.stripe_intent_id)
    with run.finish() as s:
        if facts is not None:
            at, terms = run.app.now(), terms_of(run.app, s, run.business)
            autocharge.heard(s, _charge(s, run.business, run.subject), facts, terms, at=at)


@call
def look_up_card_link(run: Run) -> None:
    """Ask the gateway whether a customer stored a card; then the consent is a mandate."""
    with run.intent() as s:
        link = autocharge.card_link(s, run.business, run.subject)
    if link is None:
        with run.finish():
            return
    cards = run.app.stored_cards(run.business)
    page = _page(cards, link)
    card = cards.card(page.method_id) if page is not None and page.method_id else None
    with run.finish() as s:
        there = autocharge.card_link(s, run.business, run.subject)
        if there is not None and page is not None:
            autocharge.card_stored(s, there, page, card, at=run.app.now())
        elif there is not None:
            autocharge.never_opened(s, there, at=run.app.now())


@call
def forget_card(run: Run) -> None:
    """Have the gateway forget a card that its customer removed."""
    with run.intent() as s:
        method_id = autocharge.to_forget(s, run.business, run.subject)
    if method_id is not None:
        run.app.stored_cards(run.business).forget(method_id)
    with run.finish():
        pass


def announce_charge(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the notice of a planned charge, where it is still wanted."""
    charge = _charge(s, event.business, event.subject)
    if _papers_tell(s, charge):
        return
    case = autocharge.to_announce(s, charge, terms_of(app, s, event.business), at=at)
    if case is not None and case.item is not None:
        face = _face(app, s, charge, case.mandate)
        paper = _paper(app, s, event.business)
        letter = delivery.charge_letter(s, face, paper)
        if letter is None:
            terms = terms_of(app, s, event.business)
            autocharge.not_announced(s, charge, terms, at=at)
        else:
            delivery.queue(s, event.business, letter, paper.rules.mail, at=at)


def with_charge(
    app: App, s: Session, request: invoices.Invoice, letter: Letter, *, at: datetime
) -> Letter:
    """A credit request's letter as the notice of its charge, too, where a stored card pays it."""
    business = BusinessKey(request.business)
    customers.lock(s, business, request.customer_id or "")
    charge = autocharge.plan_one(s, request, terms_of(app, s, business), at=at)
    if charge is None:
        return letter
    return delivery.with_charge(letter, _face(app, s, charge, _mandate(s, charge)))


def note_notice_sent(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: the time to object begins when a mail server has taken the notice."""
    charge = _announced(s, event)
    if charge is not None:
        autocharge.announced(s, charge, terms_of(app, s, event.business), at=at)


def note_notice_refused(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: who could not be told is not charged."""
    charge = _announced(s, event)
    if charge is not None:
        autocharge.not_announced(s, charge, terms_of(app, s, event.business), at=at)


def queue_charge_failed(app: App, s: Session, event: Event, at: datetime) -> None:
    """Step: what the customer can do about a card that was declined."""
    attempt = autocharge.attempt(s, event.business, event.subject)
    if attempt is None:
        return
    charge = _charge(s, event.business, attempt.charge_id)
    mandate = _mandate(s, charge)
    follows = autocharge.course(_said(attempt))
    if charge.held_by is not None or not follows.tells_customer:
        return
    paper, face = _paper(app, s, event.business), _face(app, s, charge, mandate)
    again = charge.not_before if charge.state == ChargeState.DECLINED else None
    face = replace(face, words=follows.words, again_at=again, occasion=attempt.id)
    letter = delivery.charge_failed_letter(s, face, paper)
    if letter is not None:
        delivery.queue(s, event.business, letter, paper.rules.mail, at=at)


@tour
def plan(app: App) -> None:
    """Sweep: each business's planning of today, once, in pages."""
    for business in app.businesses():
        if not app.rules(business).autocharge.enabled:
            continue
        try:
            app.stored_cards(business)
        except PermanentError as e:
            # Nobody is told of a charge that cannot be made.
            log.warning("No charges of %s are planned: %s", business, e)
            continue
        more = True
        while more:
            with app.transaction() as s:
                terms, at = terms_of(app, s, business), app.now()
                more = autocharge.plan_some(s, business, terms, at=at)


@sweep
def hand_out_due(app: App, s: Session, at: datetime) -> None:
    """Sweep: notices to write and charges to go on with, at no more than the gateway's pace."""
    for business in app.businesses():
        a_minute = app.rules(business).autocharge.per_minute
        autocharge.hand_out_due(s, business, at=at, limit=max(1, a_minute // TICKS_A_MINUTE))


@sweep
def look_at_card_links(_app: App, s: Session, at: datetime) -> None:
    """Sweep: hosted card pages that no webhook told of."""
    autocharge.look_at_card_links(s, at=at)


@tour
def compare_charges(app: App) -> None:
    """Sweep: the gateway's own list of our charges against the books, for each business."""
    since = app.now() - LISTED_BACK
    for business in app.businesses():
        with app.reading() as s:
            if not autocharge.newest(s, business, limit=1):
                continue
        try:
            listed = app.stored_cards(business).recent(since=since)
        except TillmailError as e:
            # One business without a key must not keep the others' money from being found.
            log.warning("The charges of %s cannot be compared: %s", business, e)
            continue
        with app.transaction() as s:
            autocharge.compare(s, business, listed, at=app.now())


def terms_of(app: App, s: Session, business: BusinessKey) -> Terms:
    """The business's terms, and up to when its mail has been read."""
    names = [mailbox.name for mailbox in app.rules(business).mailboxes]
    read_to = intake.read_to(s, business, names, at=app.now())
    return autocharge.terms_of(app.rules(business), mail_read_to=read_to)


def _book(run: Run, effect: Effect) -> Ask | None:
    """Write down what a call brought, and commit to the next one."""
    with run.app.transaction() as s:
        outbox.hold(s, run.slip)
        effect(s)
        charge = _charge(s, run.business, run.subject)
        terms = terms_of(run.app, s, run.business)
        return autocharge.next_ask(s, charge, terms, at=run.app.now())


def _make(run: Run, ask: Ask) -> Effect:
    """Make one call; gives what to write down: that an answer came, and what it says."""
    app = run.app
    try:
        if ask.act == "look":
            return _look(run, ask)
        intent_id = _call(run, ask)
    except TransientError as e:
        is_lost = isinstance(e, OutcomeUnknown)
        with app.transaction() as s:
            autocharge.unanswered(s, ask, str(e), is_lost=is_lost, at=app.now())
        raise
    except PermanentError as e:
        if ask.act in ("look", Act.CANCEL):
            raise
        why = str(e)
        return lambda s: autocharge.refused(s, ask, why, at=app.now())
    return lambda s: autocharge.answered(s, ask, intent_id=intent_id, at=app.now())


def _call(run: Run, ask: Ask) -> str | None:
    cards = run.app.stored_cards(run.business)
    if ask.act is Act.CREATE:
        return cards.create(ask.order, key=ask.key)
    if ask.intent_id is None:
        raise PermanentError(f"Charge {ask.charge_id} has no PaymentIntent to {ask.act}.")
    if ask.act is Act.CONFIRM:
        cards.confirm(ask.intent_id, ask.order, key=ask.key)
    else:
        cards.cancel(ask.intent_id, key=ask.key)
    return None


def _look(run: Run, ask: Ask) -> Effect:
    app, business = run.app, run.business
    facts = _facts(app, business, ask)

    def effect(s: Session) -> None:
        charge, terms = _charge(s, business, ask.charge_id), terms_of(app, s, business)
        if facts is None:
            autocharge.found_none(s, charge, ask, terms)
        else:
            autocharge.heard(s, charge, facts, terms, at=app.now())

    return effect


def _facts(app: App, business: BusinessKey, ask: Ask) -> ChargeFacts | None:
    cards = app.stored_cards(business)
    if ask.intent_id is not None:
        return cards.charge(ask.intent_id)
    # The call that made it was never answered: the gateway's list knows whether it arrived.
    since = ask.since or app.now() - LISTED_BACK
    listed = cards.recent(since=since, customer_id=ask.order.customer_id)
    return next((one for one in listed if one.reference == ask.charge_id), None)


def _page(cards: StoredCards, link: CardLink) -> CardPage | None:
    if link.session_id is not None:
        return cards.page(link.session_id)
    # The call that opened it was never answered: the gateway's list knows whether it arrived.
    listed = cards.recent_pages(since=link.opened_at - timedelta(minutes=5))
    return next((one for one in listed if one.reference == link.id), None)


def _face(app: App, s: Session, charge: Charge, mandate: Mandate) -> delivery.ChargeFace:
    business = BusinessKey(charge.business)
    item = autocharge.by_charge(s, charge)
    invoice = invoices.by_id(s, business, charge.item_id)
    scope = app.rules(business).links.scope
    link = paylinks.on_papers(s, invoice, scope=scope) if invoice is not None else None
    return delivery.ChargeFace(
        charge_id=charge.id,
        customer_id=charge.customer_id,
        recipient=invoice.recipient if invoice is not None else None,
        number=item.number if item is not None else charge.item_id,
        amount=charge.amount,
        card=mandate.card,
        charge_on=charge.due_on,
        pay_url=app.link_url(link) if link is not None else None,
        item_kind=charge.item_kind,
    )


def _announced(s: Session, event: Event) -> Charge | None:
    notice: Notice | None = delivery.by_id(s, event.business, event.subject)
    told = delivery.charge_told_in(notice) if notice is not None else None
    return autocharge.charge(s, event.business, told) if told is not None else None


def _papers_tell(s: Session, charge: Charge) -> bool:
    """Whether its credit request is on the way to the customer and tells of the charge."""
    about = delivery.about(s, BusinessKey(charge.business), charge.item_id)
    return any(
        delivery.charge_told_in(one) == charge.id and one.state in _ON_THE_WAY for one in about
    )


def _said(attempt: Attempt) -> autocharge.Decline:
    return autocharge.Decline(
        attempt.decline_code,
        attempt.advice_code,
        attempt.network_advice_code,
        attempt.visa_code,
    )


def _charge(s: Session, business: BusinessKey, charge_id: str) -> Charge:
    charge = autocharge.charge(s, business, charge_id)
    if charge is None:
        raise PermanentError(f"Charge {charge_id} is missing.")
    return charge


def _mandate(s: Session, charge: Charge) -> Mandate:
    mandate = autocharge.mandate(s, BusinessKey(charge.business), charge.mandate_id)
    if mandate is None:
        raise PermanentError(f"Mandate {charge.mandate_id} is missing.")
    return mandate


def _paper(app: App, s: Session, business: BusinessKey) -> Paper:
    return Paper(app.rules(business), app.look(s, business).set_hash)
