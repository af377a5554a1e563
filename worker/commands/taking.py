"""`tillmail payments take`: a stored card is charged, or a payment page opened, for a customer."""

from __future__ import annotations

from typing import Annotated

import anyio
import typer
from sqlalchemy.orm import Session

from worker import autocharge, businesses, customers, invoices, paylinks, payments
from worker.actors.autocharge import terms_of
from worker.actors.payments import clear_lane
from worker.app import App
from worker.businesses import Act, PayerKind, Way
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    at_the_desk,
    chosen_invoice,
    typed_money,
    who,
)
from worker.commands.printing import hint
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.payments import By, Wanted
from worker.web.hosted import Begun, HostedPage, payer_of


def take_payment(
    invoice: Annotated[str, typer.Argument(metavar="INVOICE", help="What is to be paid.")],
    amount: Annotated[
        str | None, typer.Argument(help="So much, on a page; else all that is owed.")
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Open a payment page instead of charging the card.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Take a payment for a customer: charge their stored card now, or open a payment page."""
    with at_the_desk(business) as (till, key):
        person = _permitted(till, key, invoice, who(by))
        if page:
            typer.echo(_page(till, key, invoice, amount, by=person))
            hint("Open it here for the customer; it takes one card, and ends in an hour.")
            return
        if amount is not None:
            raise Refused("A stored card is charged all that is owed. For a part: --page")
        with till.transaction() as session:
            item = chosen_invoice(session, key, invoice)
            terms = terms_of(till, session, key)
            charge = autocharge.take(session, item, terms, by=person, at=till.now())
            card = autocharge.mandate(session, key, charge.mandate_id)
        typer.echo(charge.id)
        named = card.card if card is not None else "the stored card"
        hint(f"{named} is charged {charge.amount} now: tillmail charges show {charge.id}")


def _permitted(till: App, key: BusinessKey, name: str, by: str) -> str:
    with till.reading() as session:
        item = chosen_invoice(session, key, name)
        owing = customers.by_id(session, key, item.customer_id or "")
    own = owing.salesperson if owing else None
    return businesses.permit(till.rules(key), by, Act.TAKE, salesperson=own).name


def _page(till: App, key: BusinessKey, name: str, amount: str | None, *, by: str) -> str:
    with till.reading() as session:
        item = chosen_invoice(session, key, name)
    clear_lane(till, key, item.id)
    with till.transaction() as session:
        begun = _begun(till, session, chosen_invoice(session, key, name), amount, by)
    url = anyio.run(HostedPage(till).address, begun)
    if url is None:
        raise Refused("The payment service did not open a page. Nothing was charged: try again.")
    return url


def _begun(till: App, session: Session, item: Invoice, amount: str | None, by: str) -> Begun:
    key, at = BusinessKey(item.business), till.now()
    customer = customers.by_id(session, key, item.customer_id or "")
    if customer is None:
        raise Refused(f"Invoice {item.number} is not issued yet: release it first.")
    wanted = typed_money(amount, item.currency)
    if wanted is None:
        wanted = invoices.still_to_pay(session, item)
    link = paylinks.live_link(session, key, item.id)
    link = link or paylinks.open_link(session, item, till.link_keys, till.link_life(key), at=at)
    fee = _fee(till, key, customer, wanted)
    checkout = payments.begin_for(
        session, [Wanted(item, wanted)], link_id=link.id, at=at, by=By("card", fee.minor)
    )
    paylinks.note(session, link, "taken", who=by, at=at)
    language = customer.language or till.rules(key).language
    return Begun(key, link, checkout, payer_of(till, session, checkout, language=language))


def _fee(till: App, key: BusinessKey, customer: customers.Customer, amount: Money) -> Money:
    rules = till.rules(key)
    kind = PayerKind.BUSINESS if customer.is_business else PayerKind.CONSUMER
    tariff = rules.methods.tariff(Way.CARD, kind, amount.currency, rules.currency)
    return tariff.fee_on(amount)
