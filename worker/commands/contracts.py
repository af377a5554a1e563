"""`tillmail customers contracts`: what a customer's stored cards may be assigned to."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import autocharge, customers
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    at_the_desk,
    chosen_customer,
    who,
)
from worker.commands.printing import print_list
from worker.customers import Customer
from worker.kernel.ids import BusinessKey


def contracts_of_customer(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A number or an id.")],
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="NUMBER", help="Put a contract on file; several times."),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="With one --add: what the customer calls it.")
    ] = None,
    end: Annotated[
        list[str] | None,
        typer.Option("--end", metavar="NUMBER", help="It has ended: no card is assigned to it."),
    ] = None,
    by: AsOption = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a customer's contracts, from your file and from what invoices name; add or end some."""
    if title is not None and len(add or ()) != 1:
        raise typer.BadParameter("A title is for one contract: name it with --add.")
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = chosen_customer(session, key, customer)
            for number in add or ():
                customers.add_contract(session, found, number, title, by=who(by), at=till.now())
            for number in end or ():
                customers.end_contract(session, found, number, by=who(by), at=till.now())
            rows = _rows(session, key, found)
        empty = "No contracts yet. Add one: tillmail customers contracts CUSTOMER --add NUMBER"
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


def _rows(session: Session, business: BusinessKey, customer: Customer) -> list[dict[str, Any]]:
    mandates = autocharge.mandates_of(session, business, [customer.id]).get(customer.id, [])
    given = autocharge.in_force(mandates)
    rows = []
    for one in autocharge.contracts_of(session, business, customer.id):
        card = autocharge.chosen(given, one.number)
        rows.append(
            {
                "contract": one.number,
                "title": one.title,
                "known_from": one.source,
                "card": card.card if card is not None else None,
            }
        )
    return rows
