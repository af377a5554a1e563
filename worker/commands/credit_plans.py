"""`tillmail credits plan`: standing orders to ask a customer for credit."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from worker import businesses, credits, customers
from worker.businesses import Act
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    at_the_desk,
    chosen_customer,
    typed_money,
    who,
)
from worker.commands.printing import hint, print_list
from worker.credits import CreditPlan, Order
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused

plans = typer.Typer(
    help="Standing orders: ask a customer each month, or when the balance is low.",
    no_args_is_help=True,
    add_completion=False,
)


@plans.command("add")
def add_plan(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A number or an id.")],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="What each request asks for.")],
    day: Annotated[
        int | None, typer.Option("--day", min=1, max=31, help="On this day of each month.")
    ] = None,
    below: Annotated[
        str | None, typer.Option("--below", metavar="AMOUNT", help="When the balance is below.")
    ] = None,
    per_month: Annotated[
        str | None, typer.Option("--per-month", metavar="AMOUNT", help="Never more in a month.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Else yours.")] = None,
    contract: Annotated[str | None, typer.Option("--contract", help="Whose card pays.")] = None,
    by_link: Annotated[bool, typer.Option("--by-link", help="No card is charged.")] = False,
    ask: Annotated[
        bool, typer.Option("--ask", help="Each request waits for your yes before it goes out.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Ask a customer for an amount on a day of each month, or whenever the balance is low.

    Requests go out by themselves, unless you want to be asked. Without a card that can pay they
    are paid by link.
    """
    with at_the_desk(business) as (till, key):
        rules = till.rules(key)
        person = businesses.permit(rules, who(by), Act.CHARGE, salesperson=None).name
        code = (currency or rules.currency).upper()
        money = typed_money(amount, code)
        if money is None:
            raise Refused("Say how much each request asks for.")
        order = Order(
            amount=money,
            by=person,
            day_of_month=day,
            below=typed_money(below, code),
            per_month=typed_money(per_month, code),
            contract=contract,
            by_card=not by_link,
            asks=ask,
        )
        today = day_in(rules.time_zone, till.now())
        with till.transaction() as session:
            found = chosen_customer(session, key, customer)
            plan = credits.set_plan(session, found, order, today=today, at=till.now())
        typer.echo(plan.id)
        hint(f"{found.name} is asked for {money} {_when(plan)}.")


@plans.command("list")
def list_plans(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List the standing orders in force."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        names = {one.id: one.name for one in customers.everyone(session, key)}
        rows = [_row(plan, names.get(plan.customer_id, "")) for plan in credits.plans(session, key)]
        empty = "No standing orders. Add one: tillmail credits plan add CUSTOMER AMOUNT --day 1"
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@plans.command("end")
def end_plan(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Its id.")],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """End a standing order; the requests that are out stay out."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        with till.transaction() as session:
            found = credits.plan(session, key, plan)
            if found is None:
                raise Refused(f"There is no plan {plan}. See: tillmail credits plan list")
            credits.end_plan(session, found, by=person, at=till.now())
        hint("Nothing more is asked for by it.")


def _row(plan: CreditPlan, customer: str) -> dict[str, Any]:
    return {
        "customer": customer,
        "amount": plan.amount,
        "when": _when(plan),
        "per_month": plan.per_month,
        "pay_by": "card" if plan.by_card else "link",
        "asks": "first" if plan.asks else "no",
        "next_on": plan.next_on,
        "id": plan.id,
    }


def _when(plan: CreditPlan) -> str:
    if plan.below is not None:
        return f"when the balance is below {plan.below}"
    return f"on day {plan.day_of_month} of each month"
