"""`tillmail payments`: money that came in, what it was applied to, and what went back."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import businesses, customers, invoices, payments
from worker.actors.payments import clear_lane
from worker.app import App
from worker.businesses import Act
from worker.commands.bank_files import import_files
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    chosen_invoice,
    typed_money,
    who,
)
from worker.commands.printing import hint, print_list, print_record
from worker.commands.registering import register_payment
from worker.commands.taking import take_payment
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.payments import Payment, Payout

app = typer.Typer(
    help="Money that came in, its evidence, and what it was applied to.",
    no_args_is_help=True,
    add_completion=False,
)
app.command("register")(register_payment)
app.command("import")(import_files)
app.command("take")(take_payment)
_Payment = Annotated[str, typer.Argument(metavar="PAYMENT", help="Its id, or Stripe's.")]


@app.command("list")
def list_payments(
    limit: LimitOption = 50, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """List the last payments, the newest first."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [_row(session, payment) for payment in payments.newest(session, key, limit=limit)]
        empty = "No payments yet."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("show")
def show_payment(
    payment: _Payment,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a payment: what proves it, which invoices it paid, and what of it went back."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, payment)
        record = _row(session, found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("unapplied")
def list_unapplied(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List payments of which something is applied to nothing yet, or that are nobody's yet."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = payments.unapplied(session, key, payments.UNAPPLIED_EVIDENCE)
        rows = [
            _row(session, payment) | {"unapplied": left, "reference": payment.reference}
            for payment in found
            if (left := payments.rest(session, payment)).is_positive
        ]
        empty = "All that came in is applied."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("payouts")
def list_payouts(
    limit: LimitOption = 50, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """List what Stripe paid out: gross, fees and net, and the bank's line that it is."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [_payout_row(payout) for payout in payments.payouts(session, key, limit=limit)]
        empty = "No payout is known yet; Stripe's list is asked every hour."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("release")
def release_payout(
    payout: Annotated[str, typer.Argument(metavar="PAYOUT", help="One of Stripe's that failed.")],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Say that the bank's line of a failed payout is another's: it may be met with that."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            person = businesses.permit(till.rules(key), who(by), Act.UNDO, salesperson=None).name
            line = payments.release_payout(session, key, payout, by=person, at=till.now())
            payments.reconcile_payouts(session, key, at=till.now())
        hint(f"Line {line.id} over {line.amount} is free: tillmail payments payouts")


@app.command("allocate")
def allocate_payment(
    payment: _Payment,
    invoice: Annotated[str, typer.Argument(metavar="INVOICE", help="What it is to pay.")],
    amount: Annotated[str | None, typer.Argument(help="So much; else as much as fits.")] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Apply what is left of a payment to an invoice of its customer; nobody's money, of anyone."""
    with at_the_desk(business) as (till, key):
        with till.reading() as session:
            item = chosen_invoice(session, key, invoice)
        clear_lane(till, key, item.id)
        with till.transaction() as session:
            found = _chosen(session, key, payment)
            person = _permitted(till, session, found, who(by), Act.APPLY)
            item = chosen_invoice(session, key, invoice)
            wanted = typed_money(amount, found.currency)
            applied = payments.allocate(session, found, item, wanted, by=person, at=till.now())
        hint(f"{applied.amount} is applied to invoice {item.number}.")


@app.command("undo")
def undo_payment(
    payment: _Payment,
    reason: Annotated[str, typer.Option("--reason", help="Why: it is kept with the payment.")],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Take back a payment that was registered: what it paid is open again."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = _chosen(session, key, payment)
            person = _permitted(till, session, found, who(by), Act.UNDO)
            payments.undo(session, found, because=reason, by=person, at=till.now())
        hint(f"Payment {found.id} over {found.amount} is undone.")


@app.command("refund")
def refund_payment(
    payment: _Payment,
    amount: Annotated[str | None, typer.Argument(help="So much; else all that is left.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why: it is kept with it.")] = "",
    reopen: Annotated[
        bool,
        typer.Option("--reopen", help="What it paid is to be paid again; else the balance gives."),
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Give money back, through Stripe, to the card or account that it came from."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = _chosen(session, key, payment)
            person = _permitted(till, session, found, who(by), Act.REFUND)
            wanted = typed_money(amount, found.currency)
            wish = payments.RefundWish(wanted, by=person, because=reason, reopens=reopen)
            refund = payments.ask_refund(session, found, wish, at=till.now())
        typer.echo(refund.id)
        hint(f"Stripe is asked to give {refund.amount} back: tillmail payments show {found.id}")


def _chosen(session: Session, key: BusinessKey, name: str) -> Payment:
    found = payments.by_id(session, key, name)
    found = found or payments.settled_by(session, key, payments.STRIPE_EVIDENCE, name)
    if found is None:
        raise Refused(f"There is no payment {name}. See: tillmail payments list")
    return found


def _permitted(till: App, session: Session, payment: Payment, name: str, act: Act) -> str:
    business = BusinessKey(payment.business)
    customer = customers.by_id(session, business, payment.customer_id or "")
    own = customer.salesperson if customer else None
    return businesses.permit(till.rules(business), name, act, salesperson=own).name


def _row(session: Session, payment: Payment) -> dict[str, Any]:
    customer = customers.by_id(session, BusinessKey(payment.business), payment.customer_id or "")
    return {
        "settled_at": payment.settled_at,
        "state": payment.state,
        "amount": payment.amount,
        "method": payment.method,
        "customer": customer.name if customer else None,
        "evidence": payment.evidence_id,
        "id": payment.id,
    }


def _payout_row(payout: Payout) -> dict[str, Any]:
    cost = payout.cost
    return {
        "arrives_on": payout.arrives_on,
        "state": payments.payout_state(payout),
        "net": payout.amount,
        "fees": cost,
        "gross": payout.amount + cost if cost is not None else None,
        "bank_entry": payout.entry_id,
        "problem": " ".join(filter(None, (payout.failure, payout.problem))) or None,
        "id": payout.id,
    }


def _details(session: Session, business: BusinessKey, payment: Payment) -> dict[str, Any]:
    applied = payments.allocations_of(session, business, payment.id)
    rest = payments.rest(session, payment)
    return {
        "evidence_type": payment.evidence_type,
        "paid_on": payment.paid_on,
        "reference": payment.reference,
        "note": payment.note,
        "registered_by": payment.registered_by,
        "returned_at": payment.returned_at,
        "returned_by": payment.returned_by,
        "returned_because": payment.returned_because,
        "registered_at": payment.registered_at,
        "not_applied": rest,
        "applied_to": [
            {"invoice": invoice.number if invoice else a.item_id, "amount": a.amount}
            for a in applied
            for invoice in [invoices.by_id(session, business, a.item_id)]
        ],
        "went_back": [
            {
                "at": r.booked_at or r.asked_at,
                "amount": r.amount,
                "state": r.state,
                "given_twice": r.loss if r.loss.is_positive else None,
                "by": r.asked_by,
                "because": r.because or r.problem,
            }
            for r in payments.refunds_of(session, business, payment.id)
        ],
        "disputes": [
            {"at": d.opened_at, "amount": d.amount, "status": d.status, "reason": d.reason}
            for d in payments.disputes_of(session, business, payment.id)
        ],
    }
