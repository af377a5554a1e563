"""`tillmail payments register`: money that staff say has come in, typed or from a CSV file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import businesses, customers, invoices, payments
from worker.actors.payments import clear_lane
from worker.app import App
from worker.businesses import Act
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    at_the_desk,
    chosen_customer,
    chosen_invoice,
    who,
)
from worker.commands.printing import hint, print_list
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused, TransientError
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, NotMoney
from worker.payments import Method, Payment, Registration

COLUMNS = ("customer", "invoice", "amount", "currency", "method", "date", "reference", "note")
_MOST_ALIKE = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """What was typed, or one line of a file: words, not yet understood."""

    customer: str = ""
    invoice: str = ""
    amount: str = ""
    currency: str = ""
    method: str = ""
    date: str = ""
    reference: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """An entry with the records that it means."""

    customer: Customer
    item: Invoice | None
    registration: Registration


def register_payment(
    customer: Annotated[
        str, typer.Option("--customer", metavar="CUSTOMER", help="Whose money: a number or an id.")
    ] = "",
    invoice: Annotated[
        str, typer.Option("--invoice", metavar="INVOICE", help="What it pays: a number or an id.")
    ] = "",
    amount: Annotated[str, typer.Option("--amount", help="How much, like 1240.50.")] = "",
    currency: Annotated[
        str, typer.Option("--currency", help="Else the invoice's, else the business's.")
    ] = "",
    method: Annotated[str, typer.Option("--method", help=", ".join(Method))] = "",
    paid_on: Annotated[
        str, typer.Option("--date", metavar="YYYY-MM-DD", help="When it came in; else today.")
    ] = "",
    reference: Annotated[str, typer.Option("--reference", help="What the payer wrote.")] = "",
    note: Annotated[str, typer.Option("--note", help="Anything to remember about it.")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="It is a second payment that says just the same.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help=f"Register each line of a file instead. Columns: {', '.join(COLUMNS)}.",
        ),
    ] = None,
    by: AsOption = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register money that came in another way than through a pay link."""
    typed = Entry(customer, invoice, amount, currency, method, paid_on, reference, note)
    with at_the_desk(business) as (till, key):
        if file is not None:
            _register_file(till, key, file, by=who(by), as_json=as_json)
            return
        payment, is_new = _register(
            till,
            key,
            _asked(typed),
            by=who(by),
            # What was undone may be typed anew; what a file says is done once for all.
            is_another=lambda there: again or there.returned_at is not None,
        )
        if not is_new:
            raise Refused(
                f"That is registered already as {payment.id}. If it is a second payment that says "
                "the same, type it with --again."
            )
        _say(till, payment)


def _register(
    till: App,
    key: BusinessKey,
    entry: Entry,
    *,
    by: str,
    is_another: Callable[[Payment], bool],
) -> tuple[Payment, bool]:
    """The payment, and whether it is new. Refuses what cannot be understood or is not allowed.

    `is_another` says of a payment in the same words that the entry is not it.
    """
    with till.reading() as session:
        meant = _understood(till, session, key, entry, by=by)
        meant, there = _told_apart(session, meant, is_another)
    if there is not None:
        return there, False
    if meant.item is not None:
        clear_lane(till, key, meant.item.id)
    with till.transaction() as session:
        owing = customers.lock(session, key, meant.customer.id)
        item = invoices.by_id(session, key, meant.item.id) if meant.item else None
        found = payments.registered_before(session, owing, item, meant.registration)
        if found is not None:
            return found, False
        return payments.register(session, owing, item, meant.registration, at=till.now()), True


def _understood(
    till: App, session: Session, key: BusinessKey, entry: Entry, *, by: str
) -> Understood:
    item = chosen_invoice(session, key, entry.invoice) if entry.invoice else None
    if not entry.customer and item is None:
        raise Refused("Whose money is it? Name a customer or an invoice.")
    owing = chosen_customer(session, key, entry.customer or (item and item.customer_id) or "")
    rules = till.rules(key)
    person = businesses.permit(rules, by, Act.REGISTER, salesperson=owing.salesperson)
    code = entry.currency.upper() or (item.currency if item else rules.currency)
    today = day_in(rules.time_zone, till.now())
    registration = Registration(
        amount=_amount(entry.amount, code),
        method=_method(entry.method),
        paid_on=_day(entry.date, today),
        by=person.name,
        reference=entry.reference,
        note=entry.note,
    )
    return Understood(owing, item, registration)


def _told_apart(
    session: Session, meant: Understood, is_another: Callable[[Payment], bool]
) -> tuple[Understood, Payment | None]:
    """The entry with a number that no other has, or the payment that it is."""
    for nth in range(1, _MOST_ALIKE):
        said = replace(meant.registration, nth=nth)
        there = payments.registered_before(session, meant.customer, meant.item, said)
        if there is None:
            return replace(meant, registration=said), None
        if not is_another(there):
            return meant, there
    raise Refused("So many payments that say the same cannot be told apart: add a reference.")


def _register_file(till: App, key: BusinessKey, file: Path, *, by: str, as_json: bool) -> None:
    rows: list[dict[str, Any]] = []
    for line, entry in _entries(file):
        # Two lines that say the same are two payments; the file sent twice is not. Which line a
        # payment was is known by its id: words may say the same and be spelt in two ways.
        earlier = {row["id"] for row in rows}
        rows.append({"line": line} | _outcome(till, key, entry, by=by, earlier=earlier))
    print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty="The file is empty.")
    refused = sum(row["result"] == "refused" for row in rows)
    if refused:
        raise Refused(f"{refused} of {len(rows)} lines were refused; the others are registered.")


def _outcome(
    till: App, key: BusinessKey, entry: Entry, *, by: str, earlier: Collection[str]
) -> dict[str, Any]:
    said = {"amount": entry.amount, "invoice": entry.invoice or None}
    try:
        payment, is_new = _register(
            till, key, entry, by=by, is_another=lambda there: there.id in earlier
        )
    except (Refused, TransientError) as e:
        return {"result": "refused"} | said | {"because": str(e), "id": None}
    result = "registered" if is_new else "there already"
    return {"result": result} | said | {"because": None, "id": payment.id}


def _entries(file: Path) -> list[tuple[int, Entry]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        raise Refused(f"{file.name} is not UTF-8 text: save it as “CSV UTF-8”.") from e
    try:
        return _read(text)
    except csv.Error as e:
        raise Refused(f"{file.name} cannot be read as a table: {e}.") from e


def _read(text: str) -> list[tuple[int, Entry]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    unknown = sorted(set(names) - set(COLUMNS))
    if unknown or "amount" not in names:
        wrong = f"There is no column {unknown[0]}." if unknown else "The column amount is missing."
        raise Refused(f"{wrong} The first line must name: {', '.join(COLUMNS)}.")
    reader.fieldnames = names
    found = []
    for row in reader:
        if any(row.get(reader.restkey) or ()):
            # An amount like 1,240.50 between commas would otherwise be read as 1.
            raise Refused(
                f"Line {reader.line_num} has more cells than the first line has names: put amounts "
                "and words with a comma in them in quotation marks. Nothing was registered."
            )
        cells = {name: (row[name] or "").strip() for name in names}
        if any(cells.values()):
            found.append((reader.line_num, Entry(**cells)))
    return found


def _asked(entry: Entry) -> Entry:
    """The entry with what is missing asked for, when a person sits at the terminal."""
    if not sys.stdin.isatty():
        return entry
    asks: dict[str, Callable[[], str]] = {
        "amount": lambda: typer.prompt("How much came in (like 1240.50)"),
        "method": lambda: typer.prompt(f"How ({', '.join(Method)})", default=Method.BANK_TRANSFER),
        "date": lambda: typer.prompt("When (YYYY-MM-DD, empty for today)", default=""),
        "reference": lambda: typer.prompt("What the payer wrote on it", default=""),
    }
    if not entry.customer and not entry.invoice:
        entry = replace(entry, invoice=typer.prompt("Which invoice (empty: none)", default=""))
        if not entry.invoice:
            entry = replace(entry, customer=typer.prompt("Which customer"))
    missing = {name: ask() for name, ask in asks.items() if not getattr(entry, name)}
    return replace(entry, **missing)


def _amount(text: str, currency: str) -> Money:
    try:
        return Money.parse(text.strip(), currency)
    except NotMoney as e:
        raise Refused(str(e)) from e


def _method(text: str) -> Method:
    try:
        return Method(text.strip().lower().replace(" ", "_"))
    except ValueError:
        raise Refused(f"{text or 'Nothing'} is no method: use {', '.join(Method)}.") from None


def _day(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(text) if text else today
    except ValueError:
        raise Refused(f"{text!r} is no day: write it like 2026-11-22.") from None
    if found > today:
        raise Refused(f"{found} is still to come: register money that is there.")
    return found


def _say(till: App, payment: Payment) -> None:
    with till.reading() as session:
        left = payments.rest(session, payment)
    typer.echo(payment.id)
    hint(f"{payment.amount} is registered on the word of {payment.registered_by}.")
    if left.is_positive:
        hint(f"{left} of it is applied to nothing yet: tillmail payments allocate {payment.id} …")
