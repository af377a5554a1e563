"""`tillmail credits`: requests to prepay, from draft to receipt, and the balances they raise."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import autocharge, businesses, credits, customers, delivery, invoices, ledger, payments
from worker.actors.credits import Asking, confirm, draft, end, paid
from worker.actors.payments import clear_lane
from worker.app import App
from worker.businesses import Act
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    chosen_customer,
    chosen_invoice,
    typed_money,
    who,
)
from worker.commands.credit_plans import plans
from worker.commands.printing import hint, print_list, print_record
from worker.credits import CreditRequest, Line, Origin, RequestState, Source
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.ledger import Account

app = typer.Typer(
    help="Requests to prepay, and what customers have with you and have not used yet.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(plans, name="plan")
_Request = Annotated[
    str, typer.Argument(metavar="REQUEST", help="The request's number, or its id.")
]
_Confirm = Annotated[bool, typer.Option("--confirm", help="Send it at once; else it is a draft.")]


@app.command("draft")
def draft_request(
    customer: Annotated[
        str | None, typer.Argument(metavar="CUSTOMER", help="A number or an id.")
    ] = None,
    amount: Annotated[str | None, typer.Argument(metavar="AMOUNT", help="Like 500.00")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE.csv",
            help="Many at once: customer, amount, currency, due_on, contract, title, pay_by.",
        ),
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Else yours.")] = None,
    due: Annotated[
        str | None, typer.Option("--due", metavar="DATE", help="Like 2026-12-01.")
    ] = None,
    contract: Annotated[str | None, typer.Option("--contract", help="Whose card pays it.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="What it is for.")] = None,
    by_link: Annotated[
        bool, typer.Option("--by-link", help="The customer pays by link; no card is charged.")
    ] = False,
    confirm_too: _Confirm = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Draft a request to prepay, or all those of a file: all of them or none."""
    if (file is None) == (customer is None) or (file is None and amount is None):
        raise typer.BadParameter("Give a customer and an amount, or --file FILE.csv.")
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        if file is not None:
            made = _draft_file(till, key, file, person, confirm_too=confirm_too)
        else:
            money = typed_money(amount, (currency or till.rules(key).currency).upper())
            if money is None:
                raise Refused("Say how much: tillmail credits draft CUSTOMER 500.00")
            asking = Asking(money, _day(due), contract, title, not by_link)
            origin = Origin(Source.DESK, new_id("desk"), person)
            with till.transaction() as session:
                found = chosen_customer(session, key, customer or "")
                made = [draft(till, session, found, asking, origin, at=till.now())]
                _confirm(till, session, made if confirm_too else [], person)
        for request in made:
            typer.echo(request.number or request.id)
        hint(_said(made, is_out=confirm_too))


@app.command("confirm")
def confirm_requests(
    requests: Annotated[
        list[str] | None, typer.Argument(metavar="REQUEST…", help="Ids of drafts.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every draft that waits.")] = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Send drafts to their customers: each gets a number, a PDF and a pay link."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.transaction() as session:
            found = (
                list(credits.drafts(session, key))
                if everything
                else [_chosen(session, key, name) for name in requests or ()]
            )
            if not found:
                raise Refused("Nothing waits to be confirmed. See: tillmail credits list")
            _confirm(till, session, found, person)
        for request in found:
            typer.echo(request.number)
        hint(_said(found, is_out=True))


@app.command("list")
def list_requests(
    limit: LimitOption = 50, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """List the last requests to prepay, the newest first, and how they stand."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [_row(session, one) for one in credits.newest(session, key, limit=limit)]
        empty = "Nothing was asked for yet: tillmail credits draft CUSTOMER AMOUNT"
        zone = till.rules(key).time_zone
        print_list(rows, as_json=as_json, zone=zone, empty=empty)


@app.command("show")
def show_request(
    request: _Request, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """Show a request: where it came from, who confirmed it, what was sent, charged and paid."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, request)
        record = _row(session, found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("void")
def void_request(
    request: _Request,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Ask for no more of a request; what was paid of it stays on the customer's balance."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.reading() as session:
            found = _chosen(session, key, request)
        if found.item_id is not None:
            clear_lane(till, key, found.item_id)
        with till.transaction() as session:
            found = _chosen(session, key, request)
            kept = paid(session, found)
            end(session, found, by=person, because=reason, at=till.now())
        stays = f" {kept} stays on the balance." if kept.is_positive else ""
        hint(f"Credit request {found.number or found.id} asks for nothing any more.{stays}")


@app.command("balances")
def list_balances(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List every customer who has a balance, and how much."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        held = ledger.held_by_customers(session, key, Account.CUSTOMER_BALANCE)
        rows = [
            {
                "customer": customer.name if customer else who_id,
                "number": customer.number if customer else None,
                "balance": -amount,
                "id": who_id,
            }
            for who_id, amount in held
            for customer in [customers.by_id(session, key, who_id)]
        ]
        empty = "No customer has a balance."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("apply")
def apply_balance(
    invoice: Annotated[str, typer.Argument(metavar="INVOICE", help="What it is to pay.")],
    amount: Annotated[str | None, typer.Argument(help="So much; else as much as fits.")] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Pay an invoice, or a part of it, from its customer's balance."""
    with at_the_desk(business) as (till, key):
        with till.reading() as session:
            item = chosen_invoice(session, key, invoice)
            owing = customers.by_id(session, key, item.customer_id or "")
        own = owing.salesperson if owing else None
        person = businesses.permit(till.rules(key), who(by), Act.APPLY, salesperson=own)
        clear_lane(till, key, item.id)
        with till.transaction() as session:
            item = chosen_invoice(session, key, invoice)
            wanted = typed_money(amount, item.currency)
            used = payments.pay_from_balance(session, item, wanted, by=person.name, at=till.now())
        hint(f"{used.amount} of invoice {item.number} is paid from the balance.")


def _draft_file(
    till: App, key: BusinessKey, file: Path, person: str, *, confirm_too: bool
) -> list[CreditRequest]:
    """Draft every line of a file in one transaction; with one bad line, none."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise Refused(f"{file} cannot be read as text in UTF-8: {e}") from e
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    lines = credits.read_list(text, currency=till.rules(key).currency)
    made: list[CreditRequest] = []
    problems: list[str] = []
    seen: dict[tuple[object, ...], int] = {}
    with till.transaction() as session:
        for line in lines:
            origin = Origin(Source.FILE, f"file:{digest}:{line.number}", person)
            try:
                drafted = _draft_line(till, session, key, line, origin)
                _refuse_twice(seen, line, drafted)
                made.append(drafted)
            except Refused as e:
                problems.append(f"Line {line.number}: {e}")
        if problems:
            # Raised inside the transaction: the lines that were right are not drafted either.
            raise Refused("\n".join([*problems, "Nothing was drafted. Mend these lines first."]))
        waiting = [one for one in made if one.item_id is None and one.ended_at is None]
        _confirm(till, session, waiting if confirm_too else [], person)
    return made


def _draft_line(
    till: App, session: Session, key: BusinessKey, line: Line, origin: Origin
) -> CreditRequest:
    there = credits.request_of(session, key, origin.key)
    if there is not None:
        return there
    if line.problem is not None or line.amount is None:
        raise Refused(line.problem or "It names no amount.")
    found = chosen_customer(session, key, line.customer)
    asking = Asking(line.amount, line.due_on, line.contract, line.title, line.by_card)
    return draft(till, session, found, asking, origin, at=till.now())


def _refuse_twice(seen: dict[tuple[object, ...], int], line: Line, request: CreditRequest) -> None:
    """A line that says the same as an earlier one is most likely a slip: it is not asked twice."""
    about = (request.customer_id, line.amount, line.due_on, line.contract, line.title)
    first = seen.setdefault(about, line.number)
    if first != line.number:
        raise Refused(f"It says the same as line {first}: if both are meant, give each a title.")


def _confirm(till: App, session: Session, found: list[CreditRequest], person: str) -> None:
    for business in {BusinessKey(request.business) for request in found}:
        # Before any number is locked, and in order: nobody waits for us while we wait for them.
        customers.lock_all(session, business, (request.customer_id for request in found))
    for request in found:
        confirm(till, session, request, by=person, at=till.now())


def _said(made: list[CreditRequest], *, is_out: bool) -> str:
    count = "1 request" if len(made) == 1 else f"{len(made)} requests"
    if is_out:
        return f"{count} on the way. What is charged when: tillmail charges plan"
    return f"{count} drafted. Send with: tillmail credits confirm --all"


def _chosen(session: Session, key: BusinessKey, name: str) -> CreditRequest:
    found = credits.called(session, key, name)
    if found is None:
        raise Refused(f"There is no credit request {name}. See: tillmail credits list")
    return found


def _row(session: Session, request: CreditRequest) -> dict[str, Any]:
    customer = customers.by_id(session, BusinessKey(request.business), request.customer_id)
    so_far = paid(session, request)
    return {
        "number": request.number,
        "customer": customer.name if customer else None,
        "amount": request.amount,
        "paid": so_far if so_far.is_positive else None,
        "state": credits.state_of(request, so_far).value,
        "due_on": request.due_on,
        "pay_by": "card" if request.by_card else "link",
        "source": request.source,
        "id": request.id,
    }


def _details(session: Session, key: BusinessKey, request: CreditRequest) -> dict[str, Any]:
    balance = payments.balance(session, key, request.customer_id, request.currency)
    return {
        "title": request.title,
        "contract": request.contract,
        "drafted_by": request.drafted_by,
        "confirmed_by": request.confirmed_by,
        "ended_by": request.ended_by,
        "ended_because": request.ended_because,
        "balance": balance,
        "time_line": _time_line(session, key, request),
    }


def _time_line(session: Session, key: BusinessKey, request: CreditRequest) -> list[dict[str, Any]]:
    lines = [_line(request.drafted_at, "drafted", f"{request.source}, {request.drafted_by}")]
    item_id = request.item_id
    if request.confirmed_at is not None:
        raised = f"{request.number}, by {request.confirmed_by}"
        lines.append(_line(request.confirmed_at, "raised", raised))
    for notice in delivery.about(session, key, item_id) if item_id else ():
        lines.append(_line(notice.queued_at, notice.kind, f"{notice.recipient}: {notice.state}"))
    kind = invoices.CREDIT_REQUEST
    for charge in autocharge.of_item(session, key, kind, item_id) if item_id else ():
        said = f"{charge.id}: {charge.state} {charge.because or ''}".strip()
        lines.append(_line(charge.planned_at, "charge", said))
    for one in payments.ever_allocated_to(session, key, item_id) if item_id else ():
        lines.append(_line(one.allocated_at, "paid", f"{one.amount} by {one.payment_id}"))
        for back in payments.refunds_of(session, key, one.payment_id or ""):
            lines.append(_line(back.asked_at, "refund", f"{back.amount}: {back.state}"))
    if request.ended_at is not None:
        what = RequestState.DELETED if paid(session, request).is_positive else RequestState.VOID
        lines.append(_line(request.ended_at, what.value, request.ended_because or ""))
    return sorted(lines, key=lambda line: line["at"])


def _line(at: Any, what: str, detail: str) -> dict[str, Any]:
    return {"at": at, "what": what, "detail": detail}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as e:
        raise Refused(f"{text!r} is not a day: write it like 2026-11-22.") from e
