"""`tillmail links`: pay links, what happened on them, and their address to hand on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import customers, invoices, paylinks
from worker.app import App
from worker.commands import time_line
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    chosen_customer,
    chosen_invoice,
    who,
)
from worker.commands.printing import hint, print_list, print_record
from worker.customers import Customer
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.paylinks import Link, LinkState, Subject

app = typer.Typer(
    help="Pay links: who opened them, when they end, and their address.",
    no_args_is_help=True,
    add_completion=False,
)
_CustomerOption = Annotated[
    str | None, typer.Option("--customer", metavar="NUMBER", help="A customer's number or id.")
]
_Name = Annotated[str, typer.Argument(metavar="LINK", help="A link's id, or an invoice's number.")]


@app.command("list")
def list_links(
    limit: LimitOption = 50, business: BusinessOption = None, as_json: JsonOption = False
) -> None:
    """List the last pay links, the newest first. A person's open starts a link's clock."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        links = paylinks.newest(session, key, limit=limit)
        rows = [_row(session, link, till.now()) for link in links]
        empty = "No pay links yet: an invoice gets its link when it is issued."
        zone = till.rules(key).time_zone
        print_list(rows, as_json=as_json, zone=zone, empty=empty, only_json=("id",))


@app.command("show")
def show_link(link: _Name, business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show a link and what happened around it: sent, opened by a person or a machine, paid."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, link)
        record = _row(session, found, till.now()) | {
            "key_version": found.key_version,
            "never_opened_ends_at": found.cap_at,
            "activity": [_line(session, key, entry) for entry in _time_line(session, key, found)],
        }
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("activity")
def show_activity(
    item: Annotated[
        str | None,
        typer.Argument(metavar="ITEM", help="An invoice's number or id, or a link's id."),
    ] = None,
    customer: _CustomerOption = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what happened, from both ends: what we did, what they did, and how we know.

    With --customer: around everything that a customer owes or owed.
    """
    if (item is None) is (customer is None):
        raise typer.BadParameter("Name an item, or a customer with --customer.")
    with at_the_desk(business) as (till, key), till.reading() as session:
        if customer is not None:
            entries = time_line.of_customer(
                session, key, chosen_customer(session, key, customer).id
            )
        else:
            entries = _time_line(session, key, _chosen(session, key, item or ""))
        rows = [_line(session, key, entry) for entry in entries]
        less = ("invoice",) if customer is None else ()
        zone = till.rules(key).time_zone
        print_list(rows, as_json=as_json, zone=zone, empty="Nothing yet.", only_json=less)


@app.command("copy")
def copy_link(
    link: Annotated[
        str | None, typer.Argument(metavar="ITEM", help="A link's id, or an invoice's number.")
    ] = None,
    customer: _CustomerOption = None,
    contact: Annotated[
        str | None,
        typer.Option("--contact", metavar="ADDRESS", help="With --customer: whose portal link."),
    ] = None,
    to_pay: Annotated[
        bool,
        typer.Option("--to-pay", help="With --customer: the page of what is owed alone."),
    ] = False,
    currency: Annotated[
        str | None, typer.Option("--currency", help="With --to-pay: else the business's own.")
    ] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Print a link's address, to hand it on yourself. That you did is written down.

    With --customer: the portal link of a contact, with invoices, contracts and cards; or with
    --to-pay the page with all that the customer owes in one currency.
    """
    if (link is None) is (customer is None):
        raise typer.BadParameter("Name an item, or a customer with --customer.")
    to_pay = to_pay or currency is not None
    if contact is not None and (customer is None or to_pay):
        raise typer.BadParameter("A contact has a portal link: name the --customer alone.")
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            if customer is not None:
                owing = chosen_customer(session, key, customer)
                code = (currency or till.rules(key).currency).upper()
                if to_pay:
                    found = _of_customer(till, session, key, owing.id, code)
                else:
                    found = _of_contact(till, session, key, owing, contact)
            else:
                found = _chosen(session, key, link or "")
            state, at = paylinks.state_of(found, till.now()), till.now()
            if state is LinkState.REVOKED:
                raise Refused(f"Link {found.id} was revoked; its invoice is in another version.")
            url = till.link_url(found)
            paylinks.note(session, found, "copied", who=who(by), at=at)
        typer.echo(url)
        if state is LinkState.EXPIRED:
            hint(f"It has expired. For a fresh one: tillmail links renew {link}")


@app.command("renew")
def renew_link(link: _Name, by: AsOption = None, business: BusinessOption = None) -> None:
    """Put a fresh link in the place of an item's link, and print its address.

    The old one ends at once. Nothing is mailed: see tillmail invoices send.
    """
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = _chosen(session, key, link)
            customers.lock(session, key, found.customer_id)
            live = paylinks.live_beside(session, found)
            if live is None:
                raise Refused("Nothing is to be paid there any more, so there is no link to renew.")
            life, name = till.life_of(live), who(by)
            fresh = paylinks.renew(session, live, till.link_keys, life, who=name, at=till.now())
            paylinks.note(session, fresh, "copied", who=name, at=till.now())
            url = till.link_url(fresh)
        typer.echo(url)
        hint("The link before it has ended.")


@app.command("revoke")
def revoke_link(
    link: Annotated[str, typer.Argument(metavar="LINK", help="A portal link's id or address.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, or who wanted it.")],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """End a contact's portal link at once. A fresh one: tillmail links copy --customer NUMBER."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = paylinks.by_id(session, key, link)
            found = found or paylinks.by_token(session, link.rpartition("/l/")[2])
            if found is None or found.business != key or found.contact_id is None:
                raise Refused(f"{link} is no portal link. See: tillmail links list")
            customers.lock(session, key, found.customer_id)
            name = who(by)
            paylinks.end_portal_link(session, found, by=name, because=reason, at=till.now())
        hint("The link has ended.")


def _row(session: Session, link: Link, at: datetime) -> dict[str, Any]:
    business = BusinessKey(link.business)
    invoice = invoices.by_id(session, business, link.item_id) if link.item_id else None
    customer = customers.by_id(session, business, link.customer_id)
    contact = customers.contact(session, business, link.contact_id) if link.contact_id else None
    return {
        "invoice": invoice.number if invoice else None,
        "customer": customer.name if customer else None,
        "contact": contact.address if contact else None,
        "state": paylinks.state_of(link, at).value,
        "still_to_pay": invoices.still_to_pay(session, invoice) if invoice else None,
        "created_at": link.created_at,
        "opened_at": link.opened_at,
        "ends_at": link.expires_at or link.cap_at,
        "id": link.id,
    }


def _time_line(session: Session, business: BusinessKey, link: Link) -> list[time_line.Entry]:
    if link.item_id is None:
        return time_line.of_customer(session, business, link.customer_id)
    return time_line.of_item(session, business, link.item_id)


def _line(session: Session, business: BusinessKey, entry: time_line.Entry) -> dict[str, Any]:
    invoice = invoices.by_id(session, business, entry.item_id) if entry.item_id else None
    return {
        "at": entry.at,
        "side": entry.side,
        "what": entry.what,
        "who": entry.who,
        "invoice": invoice.number if invoice else None,
        "evidence": entry.evidence,
    }


def _of_customer(
    till: App, session: Session, business: BusinessKey, customer_id: str, currency: str
) -> Link:
    subject = Subject(business, customer_id, currency=currency)
    life = till.link_life(business)
    live = paylinks.live_link_of_customer(session, business, customer_id, currency)
    if live is not None and paylinks.state_of(live, till.now()) is LinkState.OPENED:
        return live  # What is handed on by hand need not take the link from who has it open.
    return paylinks.open_customer_link(session, subject, till.link_keys, life, at=till.now())


def _of_contact(
    till: App, session: Session, business: BusinessKey, customer: Customer, address: str | None
) -> Link:
    on_file = customers.billing_contacts(session, business, customer.id)
    meant = [one for one in on_file if address is None or one.address_key == address.lower()]
    if not meant:
        raise Refused(
            f"{customer.name} has no such address on file to write to. See: tillmail customers show"
        )
    if len(meant) > 1:
        hint(f"It is the link of {meant[0].address} alone; for somebody else's: --contact ADDRESS")
    keys, life = till.link_keys, till.portal_life(business)
    return paylinks.open_portal_link(session, meant[0], keys, life, at=till.now())


def _chosen(session: Session, business: BusinessKey, name: str) -> Link:
    link = paylinks.by_id(session, business, name)
    if link is not None:
        return link
    invoice = chosen_invoice(session, business, name)
    links = paylinks.of_item(session, business, invoice.id)
    if not links:
        raise Refused(f"Invoice {invoice.number} has no pay link: it is not issued.")
    return paylinks.live_link(session, business, invoice.id) or links[-1]
