"""`tillmail payments`: money that came in, and what it was applied to."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import customers, invoices, payments
from worker.commands.choosing import BusinessOption, JsonOption, LimitOption, at_the_desk
from worker.commands.printing import print_list, print_record
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.money import total
from worker.payments import Payment

app = typer.Typer(
    help="Money that came in, its evidence, and what it was applied to.",
    no_args_is_help=True,
    add_completion=False,
)
_STRIPE = "stripe_payment"


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
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="Its id, or Stripe's.")],
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a payment: what proves it, and which invoices it paid."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = payments.by_id(session, key, payment)
        found = found or payments.settled_by(session, key, _STRIPE, payment)
        if found is None:
            raise Refused(f"There is no payment {payment}. See: tillmail payments list")
        record = _row(session, found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


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


def _details(session: Session, business: BusinessKey, payment: Payment) -> dict[str, Any]:
    applied = payments.allocations_of(session, business, payment.id)
    rest = payment.amount - total((a.amount for a in applied), payment.currency)
    return {
        "evidence_type": payment.evidence_type,
        "registered_at": payment.registered_at,
        "to_balance": rest,
        "applied_to": [
            {"invoice": invoice.number if invoice else a.item_id, "amount": a.amount}
            for a in applied
            for invoice in [invoices.by_id(session, business, a.item_id)]
        ],
    }
