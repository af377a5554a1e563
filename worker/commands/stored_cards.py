"""`tillmail customers mandate` and `card-link`: consent to charge a card, and its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from worker import autocharge, businesses, customers
from worker.app import App
from worker.autocharge import Consent, Given, Mandate
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
from worker.customers import Customer
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money

mandates = typer.Typer(
    help="Consent to charge a stored card: recorded with its evidence, listed, revoked.",
    no_args_is_help=True,
    add_completion=False,
)
_Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="A number or an id.")]
_PerCharge = Annotated[
    str | None, typer.Option("--per-charge", metavar="AMOUNT", help="The most at once.")
]
_PerMonth = Annotated[
    str | None, typer.Option("--per-month", metavar="AMOUNT", help="The most in a month.")
]
_Contracts = Annotated[
    list[str] | None, typer.Option("--contract", help="Only for this contract; several times.")
]
_Currency = Annotated[
    str | None, typer.Option("--currency", help="Of what is charged; else the business's.")
]


@dataclass(frozen=True, slots=True)
class _Limits:
    per_charge: str | None
    per_month: str | None
    contracts: list[str] | None
    currency: str | None


@mandates.command("record")
def record_mandate(
    customer: _Customer,
    method: Annotated[str, typer.Option("--method", metavar="pm_…", help="The card at Stripe.")],
    text: Annotated[str, typer.Option("--text", help="The words that the customer agreed to.")],
    given_on: Annotated[str, typer.Option("--given-on", metavar="DATE", help="When: 2026-11-22.")],
    where: Annotated[str, typer.Option("--where", help="How it was given: letter, phone, desk …")],
    evidence: Annotated[str, typer.Option("--evidence", help="Where the proof is kept.")],
    per_charge: _PerCharge = None,
    per_month: _PerMonth = None,
    contract: _Contracts = None,
    currency: _Currency = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Write down a consent that a customer gave, for a card that Stripe keeps for them."""
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        limits = _Limits(per_charge, per_month, contract, currency)
        consent = _consent(till, key, text, limits)
        given = Given(_day(given_on, till.rules(key).time_zone), where, evidence, person)
        card = till.stored_cards(key).card(method)
        with till.transaction() as session:
            found = chosen_customer(session, key, customer)
            made = autocharge.record(session, found, card, consent, given, at=till.now())
        typer.echo(made.id)
        hint(f"{made.card} may be charged. Announced charges: tillmail charges plan")


@mandates.command("list")
def list_mandates(
    customer: Annotated[str | None, typer.Argument(help="Only of this customer.")] = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the consents on file, the newest first, those that were revoked included."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        people = (
            [chosen_customer(session, key, customer)]
            if customer is not None
            else list(customers.everyone(session, key))
        )
        found = autocharge.mandates_of(session, key, [one.id for one in people])
        rows = [_row(one, mandate) for one in people for mandate in found.get(one.id, ())]
        empty = "No card is stored yet. Ask a customer for one: tillmail customers card-link"
        only = ("consent", "given_how", "contracts", "stripe_method_id")
        zone = till.rules(key).time_zone
        print_list(rows, as_json=as_json, zone=zone, empty=empty, only_json=only)


@mandates.command("revoke")
def revoke_mandate(
    mandate: Annotated[str, typer.Argument(metavar="MANDATE", help="Its id.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, or who wanted it.")],
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """End a consent: nothing is taken on it any more."""
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
            found = autocharge.mandate(session, key, mandate)
            if found is None:
                raise Refused(
                    f"There is no mandate {mandate}. See: tillmail customers mandate list"
                )
            autocharge.revoke(session, found, by=person, because=reason, at=till.now())
        hint(f"The consent for {found.card} has ended.")


def link_for_card(
    customer: _Customer,
    per_charge: _PerCharge = None,
    per_month: _PerMonth = None,
    contract: _Contracts = None,
    currency: _Currency = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Open a page at Stripe on which a customer stores a card and consents; good for 23 hours.

    The page shows the words of the consent. Once it is filled in, the consent is on file.
    """
    with at_the_desk(business) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.CHARGE, salesperson=None).name
        limits = _Limits(per_charge, per_month, contract, currency)
        with till.reading() as session:
            found = chosen_customer(session, key, customer)
            contacts = customers.billing_contacts(session, key, found.id)
        consent = _consent(till, key, _words(till, key, found, limits), limits)
        with till.transaction() as session:
            link = autocharge.ask_for_card(session, found, consent, by=person, at=till.now())
        order = autocharge.card_order(
            link,
            found,
            email=contacts[0].address if contacts else None,
            language=found.language or till.rules(key).language,
            url=till.settings.web.public_url,
        )
        back = f"{till.settings.web.public_url.rstrip('/')}/card"
        order = replace(order, success_url=f"{back}/stored", cancel_url=f"{back}/not-stored")
        page = till.stored_cards(key).open_page(order, key=link.key)
        with till.transaction() as session:
            autocharge.page_opened(session, session.merge(link), page)
        typer.echo(page.url)
        hint(f"Send this address to {found.name}. It asks: {consent.words}")


def _words(till: App, key: BusinessKey, customer: Customer, limits: _Limits) -> str:
    rules = till.rules(key)
    consent = _consent(till, key, "-", limits)
    facts = {
        "business": {"logo": None, "colour": rules.documents.colour, "name": rules.name},
        "name": rules.legal_name or rules.name,
        "days": rules.autocharge.delay_days,
        "per_charge": _plain(consent.per_charge),
        "per_month": _plain(consent.per_month),
        "contracts": ", ".join(consent.contracts),
    }
    language = customer.language or rules.language
    return till.page(key, "card_consent.txt", language, facts).html.strip()


def _consent(till: App, key: BusinessKey, words: str, limits: _Limits) -> Consent:
    currency = (limits.currency or till.rules(key).currency).upper()
    return Consent(
        words=words,
        currency=currency,
        per_charge=typed_money(limits.per_charge, currency),
        per_month=typed_money(limits.per_month, currency),
        contracts=tuple(limits.contracts or ()),
    )


def _plain(amount: Money | None) -> dict[str, Any] | None:
    return None if amount is None else {"minor": amount.minor, "currency": amount.currency}


def _day(text: str, zone: str) -> datetime:
    try:
        begins = datetime.combine(date.fromisoformat(text), time(0), ZoneInfo(zone))
        return begins.astimezone(UTC)
    except ValueError as e:
        raise Refused(f"{text!r} is not a day: write it like 2026-11-22.") from e


def _row(customer: Customer, mandate: Mandate) -> dict[str, Any]:
    return {
        "customer": customer.name,
        "card": mandate.card,
        "expires_on": mandate.expires_on,
        "given_at": mandate.given_at,
        "given_where": mandate.given_where,
        "per_charge": mandate.per_charge,
        "per_month": mandate.per_month,
        "ended": mandate.revoked_because or mandate.stopped_because,
        "consent": mandate.consent,
        "given_how": mandate.given_how,
        "contracts": ", ".join(mandate.contracts),
        "stripe_method_id": mandate.stripe_method_id,
        "id": mandate.id,
    }
