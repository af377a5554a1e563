"""`tillmail charges`: which stored cards are charged when, why not the rest, and how it went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import autocharge, businesses, customers, invoices
from worker.actors.autocharge import terms_of
from worker.app import App
from worker.autocharge import Charge, Planned
from worker.businesses import Act
from worker.commands.charge_lines import time_line
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    who,
)
from worker.commands.printing import hint, print_list, print_record
from worker.kernel.clock import day_in
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey

app = typer.Typer(
    help="Stored cards: what is charged when, and what came of it.",
    no_args_is_help=True,
    add_completion=False,
)
_Charge = Annotated[
    str, typer.Argument(metavar="CHARGE", help="Its id, or the number of its invoice.")
]
_OFF = "Charging is off: set enabled = true under [autocharge] in the business's file."
_Reason = Annotated[str, typer.Option("--reason", help="Why, or who wanted it.")]


@app.command("plan")
def show_plan(
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="As if it were that day.")
    ] = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would be charged to which card, and why not for the rest; changes nothing."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _preview(till, session, key, _moment(till, key, on))
        rows = _rows(session, key, found)
        _hint_at_rest(till, session, key)
        empty = "Nothing is due."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("run")
def run_now(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be planned and charged.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan today again, and go on with what is due; the worker does the rest."""
    with at_the_desk(business) as (till, key):
        rules, at = till.rules(key), till.now()
        if dry_run:
            with till.reading() as session:
                found = _preview(till, session, key, at)
                rows = _rows(session, key, (one for one in found if _is_next(one, at)))
                _hint_at_rest(till, session, key)
            print_list(rows, as_json=as_json, zone=rules.time_zone, empty="Nothing is due.")
            return
        businesses.permit(rules, who(by), Act.CHARGE, salesperson=None)
        if not rules.autocharge.enabled:
            raise Refused(_OFF)
        # Without a key nobody is told of a charge, either.
        till.stored_cards(key)
        with till.reading() as session:
            pause = autocharge.pause(session, key)
        if pause is not None:
            raise Refused(f"Charging is paused by {pause.paused_by}: tillmail charges resume")
        more = True
        while more:
            with till.transaction() as session:
                terms = terms_of(till, session, key)
                more = autocharge.plan_some(session, key, terms, again=True, at=at)
        with till.transaction() as session:
            limit = rules.autocharge.per_minute
            count = autocharge.hand_out_due(session, key, at=at, limit=limit)
        hint(f"{count} charges are gone on with. See: tillmail charges list")


@app.command("list")
def list_charges(
    limit: LimitOption = 50, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """List the last charges, the newest first."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [_row(session, charge) for charge in autocharge.newest(session, key, limit=limit)]
        pause = autocharge.pause(session, key)
        if pause is not None:
            hint(f"Charging is paused by {pause.paused_by}: tillmail charges resume")
        empty = "Nothing was charged yet. See what would be: tillmail charges plan"
        zone = till.rules(key).time_zone
        print_list(rows, as_json=as_json, zone=zone, empty=empty, only_json=("intent",))


@app.command("show")
def show_charge(
    charge: _Charge, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """Show a charge and everything that happened: planned, told, tried, declined, settled."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, charge)
        record = _row(session, found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("pause")
def pause_charges(
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Plan and charge nothing for now; what is under way is still followed to its end."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.transaction() as session:
            autocharge.pause_all(session, key, by=person, because=reason, at=till.now())
        hint("No card is charged until: tillmail charges resume")


@app.command("resume")
def resume_charges(
    charge: Annotated[
        str | None, typer.Argument(metavar="CHARGE", help="Only this one; else all.")
    ] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Charge again after a pause; or go on with one charge that is held or was given up."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.transaction() as session:
            if charge is None:
                was_paused = autocharge.resume_all(session, key)
                hint("Cards are charged again." if was_paused else "It was not paused.")
                return
            found, terms = _chosen(session, key, charge), terms_of(till, session, key)
            autocharge.resume(session, found, terms, by=person, at=till.now())
        hint(f"Charge {found.id}: {found.because}")


@app.command("stop")
def stop_charge(
    charge: _Charge, reason: _Reason, by: AsOption = None, business: BusinessOption = None
) -> None:
    """End a charge, and plan no other one for its invoice on the same card."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.transaction() as session:
            found, terms = _chosen(session, key, charge), terms_of(till, session, key)
            autocharge.stop(session, found, terms, by=person, because=reason, at=till.now())
        under_way = found.ended_at is None
        hint(
            f"Charge {found.id} is being stopped at Stripe: tillmail charges show {found.id}"
            if under_way
            else f"Charge {found.id} is stopped."
        )


@app.command("delay")
def delay_charge(
    charge: _Charge,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Else the business's.")] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Charge some days later than announced."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.transaction() as session:
            found, terms = _chosen(session, key, charge), terms_of(till, session, key)
            then = autocharge.delay(session, found, terms, by=person, days=days, at=till.now())
        hint(f"Charge {found.id} comes on {then:%Y-%m-%d} at the earliest.")


def _preview(till: App, session: Session, key: BusinessKey, at: datetime) -> Iterator[Planned]:
    return autocharge.preview(session, key, terms_of(till, session, key), at=at)


def _is_next(planned: Planned, at: datetime) -> bool:
    """Whether a run at that moment does something about it."""
    charge = planned.charge
    is_due = charge is None or (charge.due_at is not None and charge.due_at <= at)
    return planned.why_not is None and is_due


def _hint_at_rest(till: App, session: Session, key: BusinessKey) -> None:
    """Say what keeps all of it from being charged."""
    pause = autocharge.pause(session, key)
    if pause is not None:
        hint(f"Charging is paused by {pause.paused_by}: tillmail charges resume")
    if not till.rules(key).autocharge.enabled:
        hint(_OFF)
        return
    try:
        till.stored_cards(key)
    except PermanentError as e:
        hint(f"No card can be charged: {e}")


def _rows(session: Session, key: BusinessKey, found: Iterator[Planned]) -> list[dict[str, Any]]:
    names = {one.id: one.name for one in customers.everyone(session, key)}
    return [_planned(session, key, one, names.get(one.item.customer_id, "")) for one in found]


def _planned(session: Session, key: BusinessKey, planned: Planned, customer: str) -> dict[str, Any]:
    charge, mandate = planned.charge, planned.mandate
    if charge is not None:
        mandate = autocharge.mandate(session, key, charge.mandate_id)
    is_charged = planned.why_not is None
    return {
        "number": planned.item.number,
        "customer": customer,
        "amount": planned.item.owed,
        "due_on": planned.item.due_on,
        "charge_on": planned.day if is_charged else None,
        "card": mandate.card if is_charged and mandate is not None else None,
        "charge": charge.state if charge is not None else None,
        "why_not": planned.why_not,
    }


def _moment(till: App, key: BusinessKey, on: str | None) -> datetime:
    if on is None:
        return till.now()
    try:
        day = date.fromisoformat(on)
    except ValueError as e:
        raise Refused(f"{on!r} is not a day: write it like 2026-11-22.") from e
    hours = autocharge.terms_of(till.rules(key)).hours
    today = day_in(hours.zone, till.now())
    if day < today:
        raise Refused(f"{day} is in the past: give a day from {today} on.")
    return max(till.now(), hours.opens(day)) if day == today else hours.opens(day)


def _chosen(session: Session, key: BusinessKey, name: str) -> Charge:
    found = autocharge.charge(session, key, name)
    if found is None:
        for invoice in invoices.called(session, key, name):
            kind = autocharge.kind_of(invoice)
            of_item = autocharge.of_item(session, key, kind, invoice.id)
            found = of_item[-1] if of_item else found
            if found is not None:
                break
    if found is None:
        raise Refused(f"There is no charge {name}. See: tillmail charges list")
    return found


def _row(session: Session, charge: Charge) -> dict[str, Any]:
    business = BusinessKey(charge.business)
    item = autocharge.by_charge(session, charge)
    customer = customers.by_id(session, business, charge.customer_id)
    return {
        "number": item.number if item is not None else charge.item_id,
        "customer": customer.name if customer else None,
        "amount": charge.amount,
        "state": charge.state,
        "not_before": charge.not_before,
        "because": charge.because,
        "intent": charge.stripe_intent_id,
        "id": charge.id,
    }


def _details(session: Session, key: BusinessKey, charge: Charge) -> dict[str, Any]:
    mandate = autocharge.mandate(session, key, charge.mandate_id)
    return {
        "card": mandate.card if mandate is not None else None,
        "mandate": charge.mandate_id,
        "payment": charge.payment_id,
        "next_at": charge.due_at,
        "held_by": charge.held_by,
        "unknown_since": charge.unknown_since,
        "time_line": time_line(session, key, charge),
    }
