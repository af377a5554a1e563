"""A contact's portal: what its tabs show, and that nothing changes without the mailed code."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from tests.threads import elsewhere
from tests.web.house import KEY, House, as_person, running_house
from worker import autocharge, customers, paylinks
from worker.autocharge import CardFacts, Consent, Given, Mandate
from worker.commands.time_line import of_customer
from worker.kernel.errors import TransientError
from worker.paylinks import Confirmation, Link, Wish

_NAMES = itertools.count(1)
NOBODYS = "/l/" + "b" * 32


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that charges stored cards; each test has a customer of its own in it."""
    home, charging = tmp_path_factory.mktemp("house"), {"enabled": True}
    # All the customers of the tests come from one address.
    with running_house(home, links={"burst_links": 32}, autocharge=charging) as house:
        yield house


@dataclass
class Owner:
    """A customer with two invoices and a portal, and a browser at it."""

    house: House

    def __post_init__(self) -> None:
        self.name = f"C{next(_NAMES)}"
        app, paths = self.house.app, [self.house.invoice(f"{self.name}-1", buyer=self.name)]
        paths.append(self.house.invoice(f"{self.name}-2", "50.00", buyer=self.name))
        self.customer_id = self.house.link(paths[0]).customer_id
        with app.transaction() as session:
            on_file = customers.billing_contacts(session, KEY, self.customer_id)
            [anna] = [one for one in on_file if one.address.startswith("anna")]
            customer = customers.by_id(session, KEY, self.customer_id)
            assert customer is not None
            for number, title in (("V-1", "Lamps"), ("V-2", None)):
                customers.add_contract(session, customer, number, title, by="ann", at=app.at)
            life = app.portal_life(KEY)
            link = paylinks.open_portal_link(session, anna, app.link_keys, life, at=app.at)
        self.path = app.link_url(link).removeprefix(self.house.lives_at)
        self.browser = self.house.browser()

    def card(
        self, last4: str = "4242", contracts: Sequence[str] = (), words: str = "Charge my card."
    ) -> Mandate:
        """A stored card with a consent, for everything or for these contracts."""
        at, app = self.house.app.at, self.house.app
        facts = CardFacts(f"pm_{last4}", "cus_1", "visa", last4, date(2034, 12, 31), f"fp_{last4}")
        consent = Consent(words, "EUR", contracts=tuple(contracts))
        given = Given(at, "letter", "binder 7", "ann")
        with app.transaction() as session:
            customer = customers.by_id(session, KEY, self.customer_id)
            assert customer is not None
            return autocharge.record(session, customer, facts, consent, given, at=at)

    def cards(self) -> list[Mandate]:
        """The cards with a consent in force."""
        with self.house.app.reading() as session:
            found = autocharge.mandates_of(session, KEY, [self.customer_id])
        return autocharge.in_force(found.get(self.customer_id, []))

    def wish(self, **wanted: str) -> httpx.Response:
        """Fill in a form of the tab of cards as a person, and press."""
        html = self.browser.get(f"{self.path}/cards").text
        sealed = re.search(r'name="form" value="([^"]+)"', html)
        assert sealed is not None
        self.house.wait(seconds=3)
        return self.send(as_person({"form": sealed[1]}) | wanted)

    def send(self, form: dict[str, str]) -> httpx.Response:
        """Send a wish, and follow to where its code is asked for."""
        answer = self.browser.post(f"{self.path}/wish", data=form)
        where = answer.headers.get("location")
        return self.browser.get(where) if where else answer

    def type(self, page: httpx.Response, code: str) -> httpx.Response:
        """Type a code into the page that asks for it."""
        found = dict(re.findall(r'name="(form|wish)" value="([^"]+)"', page.text))
        return self.browser.post(f"{self.path}/code", data=found | {"code": code})

    def mailed(self) -> str:
        """The code that the contact was mailed last."""
        return paylinks.code_of(self.asked()[-1], self.house.app.link_keys)

    def asked(self) -> list[Confirmation]:
        """Every wish a code was sent for."""
        with self.house.app.reading() as session:
            of_link = Link.customer_id == self.customer_id
            wanted = select(Confirmation).join(Link, Link.id == Confirmation.link_id)
            return list(session.scalars(wanted.where(of_link).order_by(Confirmation.asked_at)))

    def done(self) -> list[str]:
        """What the customer's time line tells of the portal."""
        with self.house.app.reading() as session:
            return [entry.what for entry in of_customer(session, KEY, self.customer_id)]


@pytest.fixture
def owner(house: House) -> Owner:
    """The owner of a portal."""
    return Owner(house)


STORE = {"do": "store_card", "scope": "all"}


def test_a_portal_shows_invoices_contracts_cards_and_what_is_charged_when(owner: Owner) -> None:
    owner.card()
    pages = [owner.browser.get(owner.path + tab) for tab in ("", "/contracts", "/cards")]
    invoices, contracts, cards = (page.text for page in pages)
    assert all(len(page.content) < 50_000 for page in pages)
    assert "€169.00" in invoices
    assert all(page.text.count('aria-current="page"') == 1 for page in pages)
    assert "Lamps" in contracts
    assert "Paid by Visa\xa0••••\xa04242" in contracts
    assert "Pays all contracts, current and future" in cards
    assert len(re.findall(r"<b>\d+ Dec 2026</b>", cards)) == 2
    assert "no-referrer" in pages[0].headers["referrer-policy"]


def test_a_page_of_many_cards_and_contracts_stays_small(owner: Owner) -> None:
    numbers = [f"V-2026-{n:04}" for n in range(60)]
    app, words = owner.house.app, "I allow Acme Lamps Ltd to charge this card. " * 5
    with app.transaction() as session:
        customer = customers.by_id(session, KEY, owner.customer_id)
        assert customer is not None
        for number in numbers:
            customers.add_contract(session, customer, number, "Lamps", by="ann", at=app.at)
    cards = [owner.card(str(4000 + n), numbers, words + ", ".join(numbers)) for n in range(10)]
    below = ("/cards", f"/cards?card={cards[3].id}", "/contracts")
    pages = [owner.browser.get(owner.path + tab) for tab in below]
    assert [len(page.content) < 50_000 for page in pages] == [True] * 3
    every, one, contracts = (page.text for page in pages)
    assert every.count("and 48 more") == 10
    for text, ticked in ((every, 0), (one, 60)):
        assert len(re.findall(r'name="contract\.[^"]+" value="V-2026-\d+" checked', text)) == ticked
        assert text.count('value="V-2026-') == 60
    assert one.count(cards[3].consent) == 1
    assert contracts.count("V-2026-") >= 60


def test_what_is_owed_is_paid_from_the_portal_too(owner: Owner) -> None:
    html = owner.browser.get(owner.path).text
    fields = dict(re.findall(r'name="(pay\.[^"]+|form)" value="([^"]+)"', html))
    owner.house.wait(seconds=3)
    answer = owner.browser.post(f"{owner.path}/pay", data=as_person(fields))
    assert answer.status_code == 303
    _, order = owner.house.app.counting.orders[-1]
    assert str(order.amount) == "169.00 EUR"


def test_a_card_is_stored_under_the_words_that_were_confirmed(owner: Owner) -> None:
    page = owner.wish(**{"do": "store_card", "scope": "some", "contract.new.1": "V-1"})
    assert "This is for: V-1." in page.text
    assert "a•••@customer.example" in page.text
    answer = owner.type(page, owner.mailed())
    assert answer.headers["location"].startswith("https://checkout.stripe.com/c/setup/")
    _, order = owner.house.app.cards.orders[-1]
    assert "This is for: V-1." in order.consent
    assert order.success_url.endswith(f"{owner.path}/cards?said=stored")
    assert order.cancel_url.endswith(f"{owner.path}/cards")
    assert owner.done()[-3:] == ["code_asked", "code_confirmed", "card_asked"]


def test_what_a_card_pays_is_a_consent_of_its_own(owner: Owner) -> None:
    card = owner.card()
    page = owner.wish(**{"do": "assign_card", "mandate": card.id, "contract.1.2": "V-2"})
    answer = owner.type(page, owner.mailed())
    assert answer.headers["location"] == f"{owner.path}/cards?said=assigned"
    [now] = owner.cards()
    assert (now.contracts, now.given_where, now.last4) == (["V-2"], "portal", "4242")
    assert "This is for: V-2." in now.consent
    assert now.id != card.id
    shown = owner.browser.get(f"{owner.path}/cards").text
    assert "Nothing is to be charged" in shown


def test_a_card_is_removed_and_nothing_is_charged_to_it(owner: Owner) -> None:
    card = owner.card()
    page = owner.wish(do="remove_card", mandate=card.id)
    assert [one.id for one in owner.cards()] == [card.id]
    answer = owner.type(page, owner.mailed())
    assert answer.headers["location"] == f"{owner.path}/cards?said=removed"
    assert owner.cards() == []
    with owner.house.app.reading() as session:
        found = autocharge.mandate(session, KEY, card.id)
        [entry] = [e for e in of_customer(session, KEY, owner.customer_id) if "removed" in e.what]
    assert found is not None
    assert found.revoked_by == entry.who == "anna@customer.example"
    assert entry.evidence["card"] == card.card


def test_a_wrong_code_does_nothing_and_there_are_five_tries(owner: Owner) -> None:
    page = owner.wish(do="remove_card", mandate=owner.card().id)
    nearly = f"{(int(owner.mailed()) + 1) % 1_000_000:06}"
    for typed in (nearly, "1234567", "١٢٣٤٥٦", "'--"):
        again = owner.type(page, typed)
        assert (again.status_code, 'aria-invalid="true"' in again.text) == (422, True)
    assert "said=over" in owner.type(page, "").headers["location"]
    assert "said=over" in owner.type(page, owner.mailed()).headers["location"]
    assert len(owner.cards()) == 1
    assert owner.done().count("code_wrong") == 5


def test_a_code_is_good_once_and_for_ten_minutes(owner: Owner) -> None:
    page = owner.wish(**STORE)
    assert "checkout.stripe.com" in owner.type(page, f" {owner.mailed()} ").headers["location"]
    assert "said=over" in owner.type(page, owner.mailed()).headers["location"]
    page = owner.wish(**STORE)
    owner.house.wait(minutes=10)
    assert "said=over" in owner.type(page, owner.mailed()).headers["location"]
    assert owner.done().count("card_asked") == 1


def test_a_code_is_good_in_the_browser_alone_that_asked(owner: Owner) -> None:
    page = owner.wish(**STORE)
    owner.browser = owner.house.browser()
    owner.browser.get(owner.path)
    assert "said=over" in owner.type(page, owner.mailed()).headers["location"]


def test_who_wants_too_many_codes_is_told(owner: Owner) -> None:
    app, wanted = owner.house.app, Wish("store_card", {"contracts": [], "words": ""}, "b" * 32)
    with app.transaction() as session:
        link = paylinks.by_token(session, owner.path.removeprefix("/l/"))
        assert link is not None
        while paylinks.ask_code(session, link, wanted, app.link_keys, at=app.at):
            pass
    assert "cannot send another code" in owner.wish(**STORE).text


def test_no_row_holds_the_code_or_the_token(owner: Owner) -> None:
    owner.wish(**STORE)
    code = owner.mailed()
    kept = "".join(row for rows in owner.house.rows().values() for row in rows)
    assert re.search(rf"\b{code}\b", kept) is None
    assert owner.path.removeprefix("/l/") not in kept


def test_a_program_that_sends_every_form_has_no_code_mailed(owner: Owner) -> None:
    html = owner.browser.get(f"{owner.path}/cards").text
    sealed = re.search(r'name="form" value="([^"]+)"', html)
    assert sealed is not None
    asks = owner.send({"form": sealed[1], **STORE})
    assert "One more press" in asks.text
    assert owner.asked() == []
    digits = re.search(r"type (\d{4}) here", asks.text)
    token = re.search(r'name="form" value="([^"]+)"', asks.text)
    assert digits is not None
    assert token is not None
    page = owner.send({"form": token[1], "digits": digits[1], **STORE})
    assert "Please confirm" in page.text


def test_a_browser_without_cookies_is_told(owner: Owner) -> None:
    html = owner.browser.get(f"{owner.path}/cards").text
    sealed = re.search(r'name="form" value="([^"]+)"', html)
    assert sealed is not None
    owner.browser = owner.house.browser()
    assert "allow cookies" in owner.send(as_person({"form": sealed[1]}) | STORE).text


def test_the_cards_and_contracts_of_others_are_out_of_reach(owner: Owner, house: House) -> None:
    theirs = Owner(house)
    card = theirs.card("0005")
    for wanted in ({"do": "remove_card", "mandate": card.id}, {"do": "take_all"}):
        assert "nothing was done" in owner.wish(**wanted).text
    owner.wish(**{"do": "store_card", "scope": "some", "contract.new.1": "theirs"})
    mine = owner.wish(**STORE)
    assert "0005" not in owner.browser.get(f"{owner.path}/cards").text
    # Nor is another portal's page of use with what this one was sent.
    wish_id = re.search(r'name="wish" value="([^"]+)"', mine.text)
    assert wish_id is not None
    theirs.browser = owner.browser
    assert "said=over" in theirs.type(mine, owner.mailed()).headers["location"]
    assert [one.id for one in theirs.cards()] == [card.id]


def test_a_portal_that_staff_ended_shows_nothing(owner: Owner) -> None:
    with owner.house.app.transaction() as session:
        link = paylinks.by_token(session, owner.path.removeprefix("/l/"))
        assert link is not None
        at = owner.house.app.at
        paylinks.end_portal_link(session, link, by="ann", because="she left", at=at)
    assert owner.browser.get(f"{owner.path}/cards").status_code == 404
    ended = owner.browser.get(owner.path).text
    assert f"{owner.name}-1" not in ended
    assert "a•••@customer.example" in ended
    assert "b•••@customer.example" not in ended


def test_a_portal_lasts_for_a_year_whoever_opens_it(owner: Owner) -> None:
    owner.wish(**STORE)
    owner.house.wait(days=364)
    assert owner.browser.get(f"{owner.path}/cards").status_code == 200
    owner.house.wait(days=2)
    assert owner.browser.get(f"{owner.path}/cards").status_code == 404
    house = owner.house
    house.wait(days=-366)


def test_a_silent_gateway_is_said_and_nothing_is_stored(owner: Owner) -> None:
    owner.house.app.cards.failures.append(TransientError("down"))
    answer = owner.type(owner.wish(**STORE), owner.mailed())
    assert answer.headers["location"] == f"{owner.path}/cards?said=unreachable"


def _sign_in(house: House, email: str) -> httpx.Response:
    """Ask for the link, and wait for what follows the answer."""

    async def ask() -> httpx.Response:
        by_itself = httpx.ASGITransport(app=house.site)
        async with httpx.AsyncClient(transport=by_itself, base_url=house.lives_at) as browser:
            html = (await browser.get("/sign-in/acme")).text
            sealed = re.search(r'name="form" value="([^"]+)"', html)
            assert sealed is not None
            form = {"form": sealed[1], "email": email}
            return await browser.post("/sign-in/acme", data=form)

    return elsewhere(lambda: asyncio.run(ask()))


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Owner]:
    """Who lost their link, alone in a house."""
    with running_house(tmp_path) as house:
        yield Owner(house)


def test_signing_in_mails_the_link_and_says_the_same_to_everybody(lost: Owner) -> None:
    house = lost.house
    known = _sign_in(house, "ANNA@customer.example")
    unknown = _sign_in(house, "nobody@evil.example")
    wrong = _sign_in(house, "not an address")
    assert known.text == unknown.text == wrong.text
    assert lost.done().count("renewal_asked") == 1
    assert lost.browser.get("/sign-in/nobodys").status_code == 404


def test_signing_in_too_often_mails_nothing_more(lost: Owner) -> None:
    for address in ["anna@customer.example"] * 4 + ["books@customer.example"] * 3:
        _sign_in(lost.house, address)
    # Three a day to each contact; the sixth within a minute is answered, and not heard.
    assert lost.done().count("renewal_asked") == 4


def test_tokens_that_are_no_portals_are_answered_alike(lost: Owner) -> None:
    item = lost.house.invoice("E-1")
    unknown = lost.browser.get(NOBODYS + "/cards")
    for path in (item, "/l/" + "A" * 32, lost.path[:-1]):
        answer = lost.browser.get(path + "/cards")
        assert (answer.status_code, answer.text) == (404, unknown.text)
    for below in ("/contracts", "/code?wish=cnf_x"):
        assert lost.browser.get(item + below).text == unknown.text
    for below in ("/wish", "/code"):
        assert lost.browser.post(item + below, data=STORE).text == unknown.text


def test_where_cards_are_not_charged_none_is_stored_and_old_ones_go(lost: Owner) -> None:
    card = lost.card()
    assert "Store a card" not in lost.browser.get(f"{lost.path}/cards").text
    assert "nothing was done" in lost.wish(**STORE).text
    lost.type(lost.wish(do="remove_card", mandate=card.id), lost.mailed())
    assert lost.cards() == []


def test_a_portal_shows_and_takes_each_currency_by_itself(lost: Owner) -> None:
    lost.house.invoice("US-1", "77.00", buyer=lost.name, currency="USD")
    page = lost.browser.get(lost.path).text
    assert "€169.00" in page
    assert f'href="{lost.path}?in=USD"' in page
    page = lost.browser.get(f"{lost.path}?in=USD").text
    assert ("US$77.00" in page, "€169.00" in page) == (True, False)
    assert "€169.00" in lost.browser.get(f"{lost.path}?in=ZZZ").text
    fields = dict(re.findall(r'name="(pay\.[^"]+|form)" value="([^"]+)"', page))
    lost.house.wait(seconds=3)
    answer = lost.browser.post(f"{lost.path}/pay?in=USD", data=as_person(fields))
    assert answer.status_code == 303
    assert str(lost.house.app.counting.orders[-1][1].amount) == "77.00 USD"
