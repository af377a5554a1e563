"""`tillmail links`: pay links, what happened on them, and their address to hand on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import invoices, paylinks
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    chosen_invoice,
    who,
)
from worker.commands.printing import hint, print_list, print_record
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.paylinks import Link, LinkState

app = typer.Typer(
    help="Pay links: who opened them, when they end, and their address.",
    no_args_is_help=True,
    add_completion=False,
)
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
    """Show what happened around a link: sent, opened by a person or a machine, expired, paid."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, link)
        lines = paylinks.activity_of(session, key, found.item_id)
        record = _row(session, found, till.now()) | {
            "key_version": found.key_version,
            "never_opened_ends_at": found.cap_at,
            "activity": [
                {"at": line.at, "what": line.kind, "who": line.who, "evidence": line.evidence}
                for line in lines
            ],
        }
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("copy")
def copy_link(link: _Name, by: AsOption = None, business: BusinessOption = None) -> None:
    """Print a pay link's address, to hand it on yourself. That you did is written down."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = _chosen(session, key, link)
            state, at = paylinks.state_of(found, till.now()), till.now()
            if state is LinkState.REVOKED:
                raise Refused(f"Link {found.id} was revoked; its invoice is in another version.")
            url = till.link_url(found)
            paylinks.note(session, found, "copied", who=who(by), at=at)
        typer.echo(url)
        if state is LinkState.EXPIRED:
            hint("It has expired. A fresh one goes out with: tillmail invoices send INVOICE")


def _row(session: Session, link: Link, at: datetime) -> dict[str, Any]:
    invoice = invoices.by_id(session, BusinessKey(link.business), link.item_id)
    return {
        "invoice": invoice.number if invoice else None,
        "state": paylinks.state_of(link, at).value,
        "still_to_pay": invoices.still_to_pay(session, invoice) if invoice else None,
        "created_at": link.created_at,
        "opened_at": link.opened_at,
        "ends_at": link.expires_at or link.cap_at,
        "id": link.id,
    }


def _chosen(session: Session, business: BusinessKey, name: str) -> Link:
    link = paylinks.by_id(session, business, name)
    if link is not None:
        return link
    invoice = chosen_invoice(session, business, name)
    links = paylinks.of_item(session, business, invoice.id)
    if not links:
        raise Refused(f"Invoice {invoice.number} has no pay link: it is not issued.")
    return paylinks.live_link(session, business, invoice.id) or links[-1]
