"""`tillmail credits`: what customers have prepaid, overpaid or been credited, and using it."""

from __future__ import annotations

from typing import Annotated

import typer

from worker import businesses, customers, ledger, payments
from worker.actors.payments import clear_lane
from worker.businesses import Act
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    at_the_desk,
    chosen_invoice,
    typed_money,
    who,
)
from worker.commands.printing import hint, print_list
from worker.ledger import Account

app = typer.Typer(
    help="Balances: what customers have with you and have not used yet.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
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
            paid = payments.pay_from_balance(session, item, wanted, by=person.name, at=till.now())
        hint(f"{paid.amount} of invoice {item.number} is paid from the balance.")
