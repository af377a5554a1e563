"""`tillmail remittances`: what payers say they paid, and what became of each claim."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import businesses, customers, remittance, review
from worker.actors.payments import clear_lane
from worker.actors.remittance import policy_of
from worker.app import App
from worker.businesses import Act
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
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.readers import answers
from worker.remittance import Advice, AdviceState
from worker.review import Answer

app = typer.Typer(
    help="What payers say they paid, what was proposed, and what became of it.",
    no_args_is_help=True,
    add_completion=False,
)
# Behind an amount with its cents the next invoice begins.
_AMOUNT_ENDS = re.compile(r"(?<=\d[.,]\d\d) (?=\S*\d)")
_Name = Annotated[str, typer.Argument(metavar="ADVICE", help="Its id, or its payment's.")]


@app.command("list")
def list_advices(
    limit: LimitOption = 50, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """List the last advices, the newest first."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [_row(session, advice) for advice in remittance.newest(session, key, limit=limit)]
        empty = "No advice yet."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("show")
def show_advice(
    advice: _Name, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """Show an advice: what was read, what it is to pay and why, and how it ended."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, advice)
        record = _row(session, found) | _details(session, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("apply")
def apply_advice(
    advice: _Name,
    word: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD...", help="received, or what it pays: INV-7 120.00"),
    ] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Take a proposal, or with `received` register announced money that has come."""
    with at_the_desk(business) as (till, key):
        with till.reading() as session:
            found = _chosen(session, key, advice)
            lines = remittance.lines_of(session, found)
        for item_id in [line.item_id for line in lines]:
            clear_lane(till, key, item_id)
        with till.transaction() as session:
            found = _chosen(session, key, advice)
            name = _permitted(till, session, found, who(by), Act.REGISTER)
            answer = Answer(answers.said(_lines(word) if word else "yes"), name)
            happened = _take(till, session, found, answer)
        hint(happened)


@app.command("undo")
def undo_advice(
    advice: _Name,
    reason: Annotated[str, typer.Option("--reason", help="Why: it is kept with the advice.")],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Take an advice back: what was announced is withdrawn, what was registered is undone."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = _chosen(session, key, advice)
            name = _permitted(till, session, found, who(by), Act.UNDO)
            remittance.undo(session, found, because=reason, by=name, at=till.now())
            state = found.state
        hint(f"Advice {found.id} is {state}.")


@app.command("ask")
def ask_finance(business: BusinessOption = None) -> None:
    """Mail finance the list of all that is announced and not confirmed, now."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            zone = till.rules(key).time_zone
            item = remittance.ask_list(session, key, new_id("list"), zone, at=till.now())
            count = len(item.evidence["waiting"]) if item is not None else 0
        hint(f"{count} announced payments are asked about." if count else "Nothing is announced.")


def _take(till: App, session: Session, advice: Advice, answer: Answer) -> str:
    """Say the same as an answer by mail would, and close what was asked with it."""
    key, at = BusinessKey(advice.business), till.now()
    if not answer.said:
        raise Refused("Say nothing, `received`, or what it pays: INV-7 120.00")
    asked = review.open_for(session, key, advice.id)
    if advice.state == AdviceState.REVIEW:
        happened = remittance.review(session, advice.id, key, answer, policy_of(till, key), at=at)
    elif str(answer) == "yes":
        raise Refused(f"Advice {advice.id} is {advice.state}: say `received` when it has come.")
    else:
        today = day_in(till.rules(key).time_zone, at)
        happened = remittance.received(session, advice.id, key, answer, on=today, at=at)
    for item in asked:
        if item.resolved_at is None:
            review.close(session, item, answer, at=at)
    return happened


def _lines(words: list[str]) -> str:
    """Words as the lines that they are meant for: an amount ends one."""
    return _AMOUNT_ENDS.sub("\n", " ".join(words))


def _chosen(session: Session, key: BusinessKey, name: str) -> Advice:
    found = remittance.by_id(session, key, name)
    found = found or next(iter(remittance.of_payment(session, key, name)), None)
    if found is None:
        raise Refused(f"There is no advice {name}. See: tillmail remittances list")
    return found


def _permitted(till: App, session: Session, advice: Advice, name: str, act: Act) -> str:
    key = BusinessKey(advice.business)
    customer = customers.by_id(session, key, advice.customer_id or "")
    own = customer.salesperson if customer else None
    return businesses.permit(till.rules(key), name, act, salesperson=own).name


def _row(session: Session, advice: Advice) -> dict[str, Any]:
    customer = customers.by_id(session, BusinessKey(advice.business), advice.customer_id or "")
    return {
        "read_at": advice.read_at,
        "state": advice.state,
        "amount": advice.amount,
        "customer": customer.name if customer else None,
        "from": advice.written_by,
        "payment": advice.payment_id,
        "id": advice.id,
    }


def _details(session: Session, advice: Advice) -> dict[str, Any]:
    return {
        "decision": advice.decision,
        "why": advice.why,
        "doubts": list(advice.doubts),
        "pays": remittance.proposal(session, advice),
        "paid_on": advice.paid_on,
        "method": advice.method,
        "reference": advice.reference,
        "trust": advice.trust,
        "mail": advice.mail_id,
        "lapses_at": advice.lapses_at,
        "other": advice.other_id,
        "ended_at": advice.ended_at,
        "ended_by": advice.ended_by,
        "ended_because": advice.ended_because,
    }
