"""What every noun's commands share: whose books, who is at the desk, and which record is meant."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from worker import customers, invoices
from worker.app import App
from worker.commands.starting import open_app, sentence_for_errors
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address, NotAnAddress
from worker.kernel.money import Money, NotMoney

BusinessOption = Annotated[
    str | None,
    typer.Option("--business", metavar="KEY", help="Whose books; needed when there are several."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AsOption = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who does this; else the name you are signed in by."),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]


@contextmanager
def opened(*, reader: bool = False) -> Iterator[App]:
    """An open App for one command; what goes wrong is said in one sentence."""
    with sentence_for_errors():
        try:
            with open_app(reader=reader) as app:
                yield app
        except OperationalError as e:
            raise PermanentError(f"The database does not answer: {e.orig}") from e


@contextmanager
def at_the_desk(business: str | None, *, reader: bool = False) -> Iterator[tuple[App, BusinessKey]]:
    """An open App, and the business that is meant."""
    with opened(reader=reader) as app:
        yield app, chosen_business(app, business)


def chosen_business(app: App, key: str | None) -> BusinessKey:
    """The business named, or the only one there is."""
    known = app.businesses()
    if key is None and len(known) == 1:
        return known[0]
    names = ", ".join(known)
    if not known:
        raise Refused("No business is configured: put its file into config/businesses.")
    if key is None:
        raise Refused(f"Several businesses are configured: say which with --business ({names}).")
    if key not in known:
        raise Refused(f"There is no business {key}. Known: {names}.")
    return BusinessKey(key)


def who(name: str | None) -> str:
    """The name to write down for what is done now."""
    return (name or getpass.getuser()).strip()


def chosen_invoice(
    session: Session, business: BusinessKey, name: str, *, waiting: bool = False
) -> Invoice:
    """The invoice of an id or a number; of several versions the newest, or the one that waits."""
    found = invoices.called(session, business, name)
    if not found:
        raise Refused(f"There is no invoice {name}. See: tillmail invoices list")
    if waiting:
        is_waiting = [i for i in found if i.issued_at is None and i.voided_at is None]
        return (is_waiting or list(found))[0]
    in_force = [i for i in found if i.issued_at is not None and i.corrected_at is None]
    return (in_force or list(found))[0]


def chosen_customer(session: Session, business: BusinessKey, name: str) -> Customer:
    """The customer of a number or an id."""
    found = customers.by_number(session, business, name)
    found = found or customers.by_id(session, business, name)
    if found is None:
        raise Refused(f"There is no customer {name}. See: tillmail customers list")
    return found


def typed_money(text: str | None, currency: str) -> Money | None:
    """An amount from the command line, or None where none was typed."""
    try:
        return Money.parse(text.strip(), currency) if text is not None else None
    except NotMoney as e:
        raise Refused(str(e)) from e


def typed_address(text: str) -> Address:
    """An address from the command line; a wrong one is wrong usage."""
    try:
        return Address.parse(text.strip())
    except NotAnAddress as e:
        raise typer.BadParameter(str(e)) from e
