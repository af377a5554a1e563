"""What a portal needs of stored cards: contracts, charges to come, and a card that is forgotten."""

from __future__ import annotations

import json
import re
import socket
from datetime import timedelta

import httpx

from tests.autocharge.house import House
from tests.books import ACME
from tests.servers.stripe import pay
from tests.web.house import serving
from worker import autocharge, customers, paylinks
from worker.actors.portal import secrets_of
from worker.autocharge import Consent, Given
from worker.paylinks import Wish
from worker.web import build

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"}


def test_contracts_come_from_staff_and_from_invoices(house: House) -> None:
    customer = house.customer()
    house.invoice(customer, contract="V-9")
    house.card(customer, contracts=("V-9",))
    name = customer.number or ""
    assert (
        house.type("customers", "contracts", name, "--add", "V-1", "--title", "Lamps").exit_code
        == 0
    )
    rows = json.loads(house.type("customers", "contracts", name, "--json").stdout)
    assert [(row["contract"], row["known_from"]) for row in rows] == [
        ("V-1", "on file"),
        ("V-9", "invoices"),
    ]
    assert [row["card"] for row in rows] == [None, "Visa •••• 4242"]
    ended = house.type("customers", "contracts", name, "--end", "V-9", "--json")
    assert [row["contract"] for row in json.loads(ended.stdout)] == ["V-1"]


def test_what_comes_is_foreseen_before_and_after_it_is_announced(house: House) -> None:
    customer = house.customer()
    card = house.card(customer)
    item = house.invoice(customer, due_date=house.at.date() + timedelta(days=20))
    terms = autocharge.terms_of(house.rules(ACME))
    with house.reading() as s:
        [coming] = autocharge.foresee(s, ACME, customer.id, terms, at=house.at)
    assert (coming.item.id, coming.mandate.id, coming.is_announced) == (item.id, card.id, False)
    house.forward(timedelta(days=17))
    house.tick()
    with house.reading() as s:
        [told] = autocharge.foresee(s, ACME, customer.id, terms, at=house.at)
    assert (told.day, told.amount, told.is_announced) == (coming.day, coming.amount, True)


def test_another_consent_ends_what_was_announced_and_it_is_told_anew(house: House) -> None:
    customer = house.customer()
    card, item = house.card(customer), house.invoice(customer)
    house.tick()
    with house.transaction() as s:
        given = Given(house.at, "portal", "the code of cnf_1", "pay@zoo.example")
        found = autocharge.mandate(s, ACME, card.id)
        assert found is not None
        autocharge.reassign(s, found, Consent("All of it.", "EUR"), given, at=house.at)
    house.tick()
    house.forward(timedelta(days=1))
    house.tick()
    first, second = house.charges(item)
    assert (first.state, second.state) == ("cancelled", "noticed")
    assert len(house.notices("charge_notice")) == 2
    assert house.taken() == []


def test_a_removed_card_is_forgotten_at_the_gateway(house: House) -> None:
    card = house.card(house.customer())
    with house.transaction() as s:
        found = autocharge.mandate(s, ACME, card.id)
        assert found is not None
        autocharge.remove(s, found, by="pay@zoo.example", because="no more", at=house.at)
    house.work()
    assert house.client.v1.payment_methods.retrieve(card.stripe_method_id).customer is None


def test_a_code_goes_to_the_contact_and_no_row_holds_it(house: House) -> None:
    customer = house.customer()
    copied = house.type("links", "copy", "--customer", customer.number or "", "--as", "ann")
    token = copied.stdout.strip().rpartition("/l/")[2]
    with house.transaction() as s:
        link = paylinks.by_token(s, token)
        assert link is not None
        [contact] = customers.billing_contacts(s, ACME, customer.id)
        assert link.contact_id == contact.id
        wish = Wish("store_card", {"contracts": ["V-1"], "words": "Yes."}, "b" * 32)
        asked = paylinks.ask_code(s, link, wish, house.link_keys, at=house.at)
        assert asked is not None
    [notice] = [one for one in house.notices("code") if one.subject_id == asked.id]
    code = paylinks.code_of(asked, house.link_keys)
    assert (notice.recipient, notice.context["code"]) == (contact.address, "")
    with house.reading() as s:
        assert secrets_of(house, s, notice) == {"code": code}
    told = json.loads(house.type("links", "activity", "--customer", customer.id, "--json").stdout)
    assert {"created", "copied", "code_asked"} <= {line["what"] for line in told}
    assert house.type("links", "revoke", link.id, "--reason", "she left").exit_code == 0
    assert house.broken() == []


def test_a_card_is_entered_on_the_gateways_page_and_its_words_are_kept(house: House) -> None:
    customer = house.customer()
    house.invoice(customer, contract="V-9")
    url = house.type("links", "copy", "--customer", customer.number or "").stdout.strip()
    path = "/l/" + url.rpartition("/l/")[2]
    listening = socket.create_server(("127.0.0.1", 0))
    here = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with serving(build(house), listening), httpx.Client(base_url=here, headers=PERSON) as browser:
        back = pay(_wished(house, browser, path))
        assert back.headers["location"] == f"{url}/cards?said=stored"
        house.forward(timedelta(minutes=5))
        house.tick("autocharge.look_at_card_links")
        cards = browser.get(f"{path}/cards?said=stored").text
    with house.reading() as s:
        [mandate] = autocharge.mandates_of(s, ACME, [customer.id])[customer.id]
    assert (mandate.contracts, mandate.given_where) == (["V-9"], "checkout")
    assert "This is for: V-9." in mandate.consent
    assert "Visa\xa0••••\xa04242" in cards
    assert "Pays: V-9" in cards


def _wished(house: House, browser: httpx.Client, path: str) -> str:
    """Ask to store a card for one contract, type the code; gives where the card is entered."""
    wish = {"do": "store_card", "scope": "some", "contract.new.1": "V-9"}
    page = browser.get(f"{path}/cards").text
    # A program is asked for the digits that people read; here they are typed.
    asks = browser.post(f"{path}/wish", data=_sealed(page) | wish).text
    digits = re.search(r"type (\d{4}) here", asks)
    assert digits is not None
    where = browser.post(f"{path}/wish", data=_sealed(asks) | wish | {"digits": digits[1]})
    page = browser.get(where.headers["location"]).text
    [notice] = house.notices("code")
    with house.reading() as s:
        code = secrets_of(house, s, notice)["code"]
    done = browser.post(f"{path}/code", data=_sealed(page) | {"code": code})
    return done.headers["location"]


def _sealed(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(form|wish)" value="([^"]+)"', page))
