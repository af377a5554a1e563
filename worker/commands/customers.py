"""`tillmail customers`: who is on file. Addresses change here, never by mail."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import businesses, customers
from worker.businesses import PayerKind
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    at_the_desk,
    chosen_customer,
    typed_address,
    who,
)
from worker.commands.contracts import contracts_of_customer
from worker.commands.printing import hint, print_list, print_record
from worker.commands.stored_cards import link_for_card, mandates
from worker.customers import Customer, Details
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address, NotAnAddress

app = typer.Typer(
    help="Who is on file, and the addresses that invoices may go to.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(mandates, name="mandate")
app.command("card-link")(link_for_card)
app.command("contracts")(contracts_of_customer)
_COLUMNS = ("number", "name", "vat_id", "email", "language", "contracts")


@dataclass(frozen=True, slots=True)
class Filed:
    """What an import did."""

    customers: int
    contacts: int


@app.command("list")
def list_customers(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List all customers by name."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [_row(session, customer) for customer in customers.everyone(session, key)]
        empty = "No customers on file. Add them with: tillmail customers import FILE.csv"
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("show")
def show_customer(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A number or an id.")],
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a customer and every address on file."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = chosen_customer(session, key, customer)
        record = _row(session, found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("add")
def add_customer(
    name: Annotated[str, typer.Argument(help="The customer's name, as on the invoices.")],
    number: Annotated[str | None, typer.Option("--number", help="Your number for them.")] = None,
    email: Annotated[
        list[str] | None,
        typer.Option("--email", help="Where invoices go; may be given several times."),
    ] = None,
    vat_id: Annotated[str | None, typer.Option("--vat-id", help="Their VAT id.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="de, en, …")] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Put a customer on file, or add addresses to one whose number is there already."""
    addresses = [typed_address(text) for text in email or ()]
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            details = Details(name, number, vat_id, language)
            customer = customers.add(session, key, details, by=who(by), at=till.now())
            for address in addresses:
                customers.add_contact(session, customer, address, by=who(by), at=till.now())
        typer.echo(customer.id)


@app.command("set")
def set_customer(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A number or an id.")],
    pay_links: Annotated[
        bool | None,
        typer.Option(
            "--pay-links/--no-pay-links",
            help="Whether emails and PDFs carry a pay link, or only bank details and their code.",
        ),
    ] = None,
    kind: Annotated[
        PayerKind | None,
        typer.Option("--kind", help="Who they are in law: fees may differ; else by VAT number."),
    ] = None,
    business: BusinessOption = None,
) -> None:
    """Change how a customer is asked to pay, and whether they are a consumer or a business."""
    if pay_links is None and kind is None:
        raise typer.BadParameter("Say what to change: --pay-links, --no-pay-links or --kind.")
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = chosen_customer(session, key, customer)
            if pay_links is not None:
                customers.pay_by_link(session, found, wanted=pay_links)
            if kind is not None:
                customers.say_kind(session, found, kind.value)
            name = found.name
        if pay_links is not None:
            how = "with a pay link" if pay_links else "without pay links, to pay by bank transfer"
            hint(f"{name} is sent invoices {how} from now on.")
        if kind is not None:
            hint(f"{name} counts as a {kind.value} from now on.")


@app.command("assign")
def assign_customer(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="A number or an id.")],
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="The salesperson's address; - for none.")
    ],
    business: BusinessOption = None,
) -> None:
    """Say whose customer this is: sales may register payments of their own customers."""
    with at_the_desk(business) as (till, key):
        if to != "-" and not businesses.is_staff(till.rules(key), to):
            raise Refused(f"{to} is nobody's address in the business's file.")
        with till.transaction() as session:
            found = chosen_customer(session, key, customer)
            customers.assign(session, found, None if to == "-" else to.lower())
        hint(f"{found.name} is {'nobody' if to == '-' else to}'s.")


@app.command("import")
def import_customers(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help="Columns: number, name, vat_id, email, language, contracts. Only name is needed.",
        ),
    ],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Put customers on file from a CSV file: all of them, or none when a line is wrong."""
    with at_the_desk(business) as (till, key):
        text = _text(file)
        with till.transaction() as session:
            filed = file_customers(session, key, text, by=who(by), at=till.now())
        hint(f"{filed.customers} customers and {filed.contacts} addresses are on file.")


def file_customers(
    session: Session, business: BusinessKey, text: str, *, by: str, at: datetime
) -> Filed:
    """File the customers of a CSV text; doing it again changes nothing.

    Raises Refused with the line that is wrong.
    """
    rows = list(_rows(text).items())
    contacts = 0
    for line, row in rows:
        try:
            contacts += _file_row(session, business, row, by=by, at=at)
        except (NotAnAddress, Refused) as e:
            raise Refused(f"Line {line}: {e} Nothing was imported.") from e
    return Filed(len(rows), contacts)


def _file_row(
    session: Session, business: BusinessKey, row: Mapping[str, str], *, by: str, at: datetime
) -> int:
    if not row.get("name"):
        raise Refused("The name is missing.")
    details = Details(row["name"], row.get("number"), row.get("vat_id"), row.get("language"))
    addresses = [Address.parse(text.strip()) for text in row.get("email", "").split(";") if text]
    customer = _same_or_new(session, business, details, by=by, at=at)
    for address in addresses:
        customers.add_contact(session, customer, address, by=by, at=at)
    for number in row.get("contracts", "").split(";"):
        if number.strip():
            customers.add_contract(session, customer, number, None, by=by, at=at)
    return len(addresses)


def _same_or_new(
    session: Session, business: BusinessKey, details: Details, *, by: str, at: datetime
) -> Customer:
    """Who has no number is known by name, so that importing a file twice makes nobody twice."""
    if not details.number:
        same = [c for c in customers.named(session, business, details.name) if c.number is None]
        if same:
            return same[0]
    return customers.add(session, business, details, by=by, at=at)


def _rows(text: str) -> dict[int, dict[str, str]]:
    """The filled rows of a CSV text by their line; separated by commas, semicolons or tabs."""
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    unknown = sorted(set(names) - set(_COLUMNS))
    if unknown or "name" not in names:
        wrong = f"There is no column {unknown[0]}." if unknown else "The column name is missing."
        raise Refused(f"{wrong} The first line must name: {', '.join(_COLUMNS)}.")
    reader.fieldnames = names
    found = {}
    for row in reader:
        cells = {name: (row[name] or "").strip() for name in names}
        if any(cells.values()):
            found[reader.line_num] = cells
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        raise Refused(f"{file.name} is not UTF-8 text: save it as “CSV UTF-8”.") from e


def _row(session: Session, customer: Customer) -> dict[str, Any]:
    contacts = customers.billing_contacts(session, BusinessKey(customer.business), customer.id)
    return {
        "number": customer.number,
        "name": customer.name,
        "vat_id": customer.vat_id,
        "email": "; ".join(contact.address for contact in contacts),
        "language": customer.language,
        "salesperson": customer.salesperson,
        "id": customer.id,
    }


def _details(session: Session, business: BusinessKey, customer: Customer) -> dict[str, Any]:
    return {
        "added_at": customer.added_at,
        "added_by": customer.added_by,
        "time_zone": customer.time_zone,
        "pay_links": customer.pay_links,
        "kind": "business" if customer.is_business else "consumer",
        "addresses": [
            {
                "address": contact.address,
                "added_by": contact.added_by,
                "added_at": contact.added_at,
                "not_written_to_because": contact.suppressed_because,
            }
            for contact in customers.contacts_of(session, business, customer.id)
        ],
    }
