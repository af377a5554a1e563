"""`tillmail invoices`: what is owed, what waits for a yes, and sending again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import customers, delivery, documents, invoices, payments, review
from worker.actors.resending import Wish, send_again
from worker.commands import time_line
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    chosen_invoice,
    typed_address,
    who,
)
from worker.commands.overdue import list_overdue
from worker.commands.printing import hint, print_list, print_record
from worker.invoices import Invoice, State
from worker.kernel.ids import BusinessKey

app = typer.Typer(
    help="What is owed: list, show, release, send and void invoices.",
    no_args_is_help=True,
    add_completion=False,
)
app.command("overdue")(list_overdue)
_Name = Annotated[str, typer.Argument(metavar="INVOICE", help="The invoice's number or id.")]


@app.command("list")
def list_invoices(
    state: Annotated[
        State | None, typer.Option("--state", help="Only invoices in this state.")
    ] = None,
    limit: LimitOption = 50,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the last invoices, the newest first."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = invoices.newest(session, key, limit=limit)
        rows = [_row(session, invoice) for invoice in found]
        wanted = [row for row in rows if state is None or row["state"] == state.value]
        empty = "No invoices. Forward one to the mailbox; see also: tillmail mail list"
        zone, less = till.rules(key).time_zone, ("id", "version")
        print_list(wanted, as_json=as_json, zone=zone, empty=empty, only_json=less)


@app.command("show")
def show_invoice(
    invoice: _Name, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """Show everything about an invoice: what it says, where it went, and what happened since."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = chosen_invoice(session, key, invoice)
        record = _row(session, found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("release")
def release_invoice(
    invoice: _Name,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ADDRESS", help="Send it to this address.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="NUMBER", help="It is this customer's.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="INVOICE", help="Set a credit note against this one."),
    ] = None,
    to_balance: Annotated[
        bool, typer.Option("--to-balance", help="Have a credit note stand on the balance.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Say yes to an invoice that waits: it is issued and sent, and its address goes on file."""
    address = typed_address(to) if to else None
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = chosen_invoice(session, key, invoice, waiting=True)
            yes = invoices.Yes(by=who(by), address=address, customer_number=customer)
            yes = replace(yes, against=against, to_balance=to_balance)
            invoices.release(session, found, yes, at=till.now())
            recipient = found.recipient
        hint(f"Invoice {found.number} is issued and goes to {recipient}.")


@app.command("send")
def send_invoice(
    invoice: _Name,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help="To this address, which goes on file."),
    ] = None,
    no_pay_link: Annotated[
        bool, typer.Option("--no-pay-link", help="Leave the pay button out of the email.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Send an invoice's email once more, to the same or another address of its customer."""
    address = typed_address(to) if to else None
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = chosen_invoice(session, key, invoice)
            wish = Wish(who(by), address, with_link=not no_pay_link)
            notice = send_again(till, session, found, wish)
        if notice is None:
            hint(f"Invoice {found.number} is printed now, and then goes to {found.recipient}.")
        else:
            hint(f"Invoice {found.number} goes once more to {notice.recipient} ({notice.id}).")


@app.command("void")
def void_invoice(invoice: _Name, by: AsOption = None, business: BusinessOption = None) -> None:
    """Give up an invoice that was never sent. One that was sent needs a credit note."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = chosen_invoice(session, key, invoice, waiting=True)
            invoices.void(session, found, by=who(by), at=till.now())
        hint(f"Invoice {found.number} is void.")


def _row(session: Session, invoice: Invoice) -> dict[str, Any]:
    owed = invoices.still_to_pay(session, invoice)
    business = BusinessKey(invoice.business)
    customer = customers.by_id(session, business, invoice.customer_id or "")
    buyer = (invoice.reading.get("buyer") or {}).get("name")
    return {
        "number": invoice.number,
        "version": invoice.version,
        "state": invoices.state_of(invoice, owed).value,
        "customer": customer.name if customer else buyer,
        "total": invoice.total,
        "still_to_pay": owed,
        "issued_on": invoice.issue_on,
        "due_on": invoice.due_on,
        "sent_at": delivery.last_sent_at(session, business, invoice.id),
        "id": invoice.id,
    }


def _details(session: Session, business: BusinessKey, invoice: Invoice) -> dict[str, Any]:
    document = documents.of_invoice(session, business, invoice.id)
    questions = review.open_for(session, business, invoice.id)
    return {
        "recipient": invoice.recipient,
        "recipient_from": invoice.recipient_from,
        "waits_because": invoice.hold_because if invoice.issued_at is None else None,
        "received_at": invoice.received_at,
        "issued_at": invoice.issued_at,
        "released_by": invoice.released_by,
        "voided_at": invoice.voided_at,
        "corrected_at": invoice.corrected_at,
        "mail": invoice.mail_id,
        "pdf": document.pdf_sha256 if document else None,
        "pdf_pages": document.pages if document else None,
        "promised_on": invoice.promised_on,
        "announced": [
            {"amount": amount, "paid_on": payment.paid_on, "payment": payment.id}
            for payment, amount in payments.announced_for(session, business, [invoice.id]).get(
                invoice.id, []
            )
        ],
        "questions": [{"id": q.id, "question": q.question} for q in questions],
        "notices": _notices(delivery.about(session, business, invoice.id)),
        "activity": _activity(time_line.of_item(session, business, invoice.id)),
    } | (_credit(session, business, invoice) if invoice.is_credit else {})


def _credit(session: Session, business: BusinessKey, note: Invoice) -> dict[str, Any]:
    face = documents.credit_face(session, note)
    credited = invoices.by_id(session, business, note.credits_id or "")
    return {
        "credits": credited.number if credited else None,
        "to_balance": face.to_balance if invoices.still_to_pay(session, note).is_zero else None,
        "set_against": [{"invoice": one.number, "amount": one.amount} for one in face.against],
    }


def _notices(notices: Sequence[delivery.Notice]) -> list[dict[str, Any]]:
    return [
        {
            "kind": notice.kind,
            "to": notice.recipient,
            "state": notice.state,
            "queued_at": notice.queued_at,
            "sent_at": notice.sent_at,
            "server_said": notice.server_reply,
            "id": notice.id,
        }
        for notice in notices
    ]


def _activity(entries: Sequence[time_line.Entry]) -> list[dict[str, Any]]:
    return [{"at": entry.at, "what": entry.what, "who": entry.who} for entry in entries]
