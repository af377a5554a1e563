"""Mandates, charges and attempts, found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from worker import payments, store
from worker.autocharge.model import (
    ENDED,
    INVOICE,
    Act,
    Attempt,
    CardLink,
    Charge,
    ChargePause,
    ChargeRun,
    ChargeState,
    Mandate,
    Outcome,
)
from worker.autocharge.retrying import Past
from worker.invoices import CREDIT_REQUEST
from worker.kernel.ids import BusinessKey

_COUNTS = (Outcome.DONE.value, Outcome.DECLINED.value, Outcome.ANSWERED.value)
# What is taken, or still may be.
_USES_LIMIT = tuple(
    state.value
    for state in ChargeState
    if state not in {ChargeState.CANCELLED, ChargeState.NEEDS_CUSTOMER}
)
_WAITS = tuple(
    state.value for state in ChargeState if state not in ENDED and state is not ChargeState.HELD
)

# Asked before every call for a charge: put together once.
_DUE = store.Question(
    Charge,
    select(Charge)
    .where(
        Charge.business == bindparam("business"),
        Charge.due_at <= bindparam("at"),
        store.one_of(Charge.state, _WAITS),
    )
    .order_by(Charge.due_at, Charge.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True),
)
_attempt = store.table_of(Attempt).c
_TRIES = (
    select(_attempt.begun_at)
    .where(
        _attempt.business == bindparam("business"),
        _attempt.act == Act.CONFIRM.value,
        or_(_attempt.outcome.is_(None), store.one_of(_attempt.outcome, _COUNTS)),
    )
    .order_by(_attempt.begun_at)
)
_OF_CHARGE = store.Prepared(_TRIES.where(_attempt.charge_id == bindparam("charge")))
_OF_CARD = store.Prepared(
    _TRIES.where(_attempt.fingerprint == bindparam("card"), _attempt.begun_at > bindparam("since"))
)


def charge(session: Session, business: BusinessKey, charge_id: str) -> Charge | None:
    """One charge."""
    return store.get(session, Charge, business, charge_id)


def lock_charge(session: Session, charge: Charge) -> None:
    """A charge as it stands, locked; take its customer's and its item's lock first."""
    store.lock(session, Charge, charge.business, charge.id)


def of_item(session: Session, business: BusinessKey, kind: str, item_id: str) -> Sequence[Charge]:
    """Every charge ever planned for an item, the first first."""
    about = {"business": business, "item_kind": kind, "item_id": item_id}
    return store.every(session, Charge, order="planned_at, id", **about)


def of_items(
    session: Session, business: BusinessKey, item_ids: Collection[str]
) -> dict[str, list[Charge]]:
    """The charges of each of these items, the first first."""
    found: dict[str, list[Charge]] = {}
    for one in session.scalars(
        select(Charge)
        .where(
            Charge.business == business,
            # The index begins with the kind: without it all charges of a business are gone through.
            Charge.item_kind.in_((INVOICE, CREDIT_REQUEST)),
            store.among(Charge.item_id, item_ids),
        )
        .order_by(Charge.planned_at, Charge.id)
    ):
        found.setdefault(one.item_id, []).append(one)
    return found


def newest(session: Session, business: BusinessKey, *, limit: int) -> Sequence[Charge]:
    """The last charges planned, newest first."""
    return session.scalars(
        select(Charge)
        .where(Charge.business == business)
        .order_by(Charge.planned_at.desc(), Charge.id)
        .limit(limit)
    ).all()


def due(session: Session, business: BusinessKey, *, at: datetime, limit: int) -> Sequence[Charge]:
    """Charges about which something can be done now, the longest due first."""
    return _DUE.ask(session, {"business": business, "at": at, "most": limit})


def attempt(session: Session, business: BusinessKey, attempt_id: str) -> Attempt | None:
    """One attempt."""
    return store.get(session, Attempt, business, attempt_id)


def lock_attempt(session: Session, business: BusinessKey, attempt_id: str) -> Attempt | None:
    """One attempt as it stands; take its charge's lock first."""
    return store.lock(session, Attempt, business, attempt_id)


def attempts_of(session: Session, charge: Charge) -> Sequence[Attempt]:
    """The calls made for a charge, the first first."""
    about = {"business": charge.business, "charge_id": charge.id}
    return store.every(session, Attempt, order="begun_at, id", **about)


def open_attempt(session: Session, charge: Charge) -> Attempt | None:
    """The call whose outcome is not known yet."""
    about = {"business": charge.business, "charge_id": charge.id}
    return store.one(session, Attempt, ended_at=None, **about)


def past(session: Session, charge: Charge, fingerprint: str, *, at: datetime) -> Past:
    """Every try so far that reached the bank, or may have: of the charge, and of its card.

    Which card a customer tried on a hosted page nobody tells us: each page counts for all of them.
    """
    since, business = at - timedelta(days=31), BusinessKey(charge.business)
    of_charge = _OF_CHARGE.rows(session, {"business": business, "charge": charge.id})
    of_card = _OF_CARD.rows(session, {"business": business, "card": fingerprint, "since": since})
    own = payments.pages_of(session, business, charge.customer_id, since=since)
    return Past(
        charge_id=charge.id,
        of_charge=[begun_at for (begun_at,) in of_charge],
        of_card=sorted([*(begun_at for (begun_at,) in of_card), *own]),
    )


def mandate(session: Session, business: BusinessKey, mandate_id: str) -> Mandate | None:
    """One mandate."""
    return store.get(session, Mandate, business, mandate_id)


def mandates_of(
    session: Session, business: BusinessKey, customer_ids: Collection[str]
) -> dict[str, list[Mandate]]:
    """Every mandate of each of these customers, the newest first."""
    found: dict[str, list[Mandate]] = {}
    for one in session.scalars(
        select(Mandate)
        .where(Mandate.business == business, store.among(Mandate.customer_id, customer_ids))
        .order_by(Mandate.given_at.desc(), Mandate.id)
    ):
        found.setdefault(one.customer_id, []).append(one)
    return found


def on_card(session: Session, business: BusinessKey, fingerprint: str) -> Sequence[Mandate]:
    """Every mandate on a card."""
    return store.every(
        session, Mandate, order="given_at, id", business=business, fingerprint=fingerprint
    )


def with_method(session: Session, business: BusinessKey, method_id: str) -> Sequence[Mandate]:
    """The mandates in force on one stored card of the gateway's."""
    return session.scalars(
        select(Mandate)
        .where(
            Mandate.business == business,
            Mandate.stripe_method_id == method_id,
            Mandate.revoked_at.is_(None),
        )
        .order_by(Mandate.id)
    ).all()


def expiring(
    session: Session, business: BusinessKey, since: date, until: date
) -> Sequence[Mandate]:
    """The mandates in force whose card expires between two days."""
    return session.scalars(
        select(Mandate)
        .where(
            Mandate.business == business,
            Mandate.expires_on >= since,
            Mandate.expires_on <= until,
            Mandate.revoked_at.is_(None),
            Mandate.stopped_at.is_(None),
        )
        .order_by(Mandate.expires_on, Mandate.id)
    ).all()


def on_mandate(session: Session, mandate: Mandate) -> Sequence[Charge]:
    """The charges on a mandate that have not ended."""
    return session.scalars(
        select(Charge).where(
            Charge.business == mandate.business,
            Charge.mandate_id == mandate.id,
            Charge.state.not_in([state.value for state in ENDED]),
        )
    ).all()


def used_by_month(
    session: Session, business: BusinessKey, mandate_ids: Collection[str], since: date
) -> dict[tuple[str, str], int]:
    """What is taken or planned on each mandate in each month, in minor units; `2026-11`."""
    rows = session.execute(
        select(Charge.mandate_id, Charge.due_on, func.sum(Charge.amount_minor))
        .where(
            Charge.business == business,
            store.among(Charge.mandate_id, mandate_ids),
            Charge.due_on >= since,
            Charge.state.in_(_USES_LIMIT),
        )
        .group_by(Charge.mandate_id, Charge.due_on)
    )
    used: dict[tuple[str, str], int] = {}
    for mandate_id, day, minor in rows:
        month = f"{day:%Y-%m}"
        used[mandate_id, month] = used.get((mandate_id, month), 0) + int(minor)
    return used


def card_link(session: Session, business: BusinessKey, link_id: str) -> CardLink | None:
    """One hosted page for a card."""
    return store.get(session, CardLink, business, link_id)


def card_links_to_look_at(session: Session, *, at: datetime) -> Sequence[CardLink]:
    """Card pages that have not ended, and were not looked at lately."""
    return session.scalars(
        select(CardLink)
        .where(CardLink.ended_at.is_(None), CardLink.look_at <= at)
        .order_by(CardLink.look_at)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()


def run(session: Session, business: BusinessKey, day: date) -> ChargeRun | None:
    """A day's planning, locked."""
    return session.scalar(
        select(ChargeRun)
        .where(ChargeRun.business == business, ChargeRun.day == day)
        .with_for_update()
    )


def pause(session: Session, business: BusinessKey) -> ChargePause | None:
    """That the business charges nobody for now."""
    return store.get(session, ChargePause, business)
