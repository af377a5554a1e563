"""Taking a document into the books, and a person's yes or no to one that waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from tests.books import ACME, ASKING, AT, OPEN_HANDED, OTHER, document, issue, told, zoo
from worker import customers, invoices, ledger, review, store
from worker.invoices import Draft, Hold, Invoice, State, Yes
from worker.invoices.invariants import INVARIANTS
from worker.kernel.errors import Refused, ReviewNeeded
from worker.kernel.mail import Address
from worker.kernel.money import Money
from worker.readers.model import Buyer, DocType


def _state(session: Session, invoice: Invoice) -> State:
    return invoices.state_of(invoice, invoices.still_to_pay(session, invoice))


def _broken(session: Session) -> list[str]:
    session.flush()
    return [found for holds in INVARIANTS for found in holds(session)]


def _questions(session: Session) -> list[tuple[str, str]]:
    return [(item.kind, item.subject) for item in review.open_items(session, ACME)]


def test_an_invoice_to_an_address_on_file_is_issued(each_books: Engine) -> None:
    with store.transaction(each_books) as session:
        customer = zoo(session)
        invoice = issue(session, ASKING)

        assert _state(session, invoice) is State.OPEN
        assert (invoice.customer_id, invoice.recipient) == (customer.id, "pay@zoo.example")
        assert ledger.balances(session, ACME)["receivable", "EUR"] == Money(11_900, "EUR")
        assert told(session) == ["InvoiceIssued"]
        assert _broken(session) == []


def test_the_same_document_again_is_the_same_invoice(session: Session) -> None:
    zoo(session)
    first = issue(session, ASKING)
    told(session)

    assert issue(session, ASKING, number=" r-1 ") is first
    assert told(session) == []
    assert ledger.entry_count(session, ACME) == 1


def test_a_picture_that_comes_later_is_kept_while_nothing_is_issued(session: Session) -> None:
    held = issue(session, ASKING)
    draft = Draft(mail_id="mail_2", document=document(), pdf_sha256="a" * 64)

    assert invoices.issue(session, ACME, draft, ASKING, at=AT) is held
    assert held.pdf_sha256 == "a" * 64


def test_the_same_number_of_another_business_is_another_invoice(session: Session) -> None:
    zoo(session)
    first = issue(session, ASKING)
    draft = Draft(mail_id="mail_2", document=document())
    second = invoices.issue(session, OTHER, draft, ASKING, at=AT)

    assert second.id != first.id
    assert second.hold == Hold.NO_CUSTOMER


def test_an_unknown_buyer_waits_and_a_person_is_asked_once(session: Session) -> None:
    invoice = issue(session, ASKING)

    assert _state(session, invoice) is State.HELD
    assert ledger.entry_count(session, ACME) == 0
    assert _questions(session) == [("invoice_held", invoice.id)]
    assert told(session) == ["WorkItemOpened"]
    assert issue(session, ASKING) is invoice
    assert told(session) == []


def test_a_yes_issues_it_and_puts_the_address_on_file(session: Session) -> None:
    invoice = issue(session, ASKING)
    told(session)
    invoices.release(session, invoice, Yes(by="ann"), at=AT)

    assert _state(session, invoice) is State.OPEN
    assert told(session) == ["InvoiceIssued"]
    assert _questions(session) == []
    contacts = customers.billing_contacts(session, ACME, invoice.customer_id or "")
    assert [(c.address, c.added_by) for c in contacts] == [("pay@zoo.example", "ann")]
    assert _broken(session) == []


def test_a_yes_may_name_another_address_and_the_customer(session: Session) -> None:
    customer = zoo(session, address=None)
    invoice = issue(session, ASKING, buyer=Buyer(name="Misspelt"))
    assert invoice.hold == Hold.NO_ADDRESS

    address = Address.parse("new@zoo.example")
    yes = Yes(by="ann", address=address, customer_number="7")
    invoices.release(session, invoice, yes, at=AT)

    assert invoice.customer_id == customer.id
    assert invoice.recipient == "new@zoo.example"


@pytest.mark.parametrize(
    ("yes", "message"),
    [
        (Yes(by="ann"), "give one with --to"),
        (Yes("ann", Address.parse("a@b.example"), "99"), "No customer has the number 99"),
    ],
)
def test_a_yes_that_is_not_enough_is_refused(session: Session, yes: Yes, message: str) -> None:
    invoice = issue(session, ASKING, buyer=Buyer(name="Nobody"))
    with pytest.raises(Refused, match=message):
        invoices.release(session, invoice, yes, at=AT)


@pytest.mark.parametrize(
    ("credits", "hold", "message"),
    [
        ((), Hold.CREDIT_NOTE, "It names no invoice"),
        (("R-1", "R-2"), Hold.CREDIT_NOTE, "several invoices: R-1 and R-2"),
        (("R-9",), Hold.CREDIT_NOTE, "names R-9, which is no invoice"),
        (("R-2",), Hold.CREDIT_NOTE, "names invoice R-2, which is another customer's"),
        (("R-3",), Hold.CREDIT_NOTE, "in EUR and the invoice it names, R-3, in CHF"),
        (("R-1",), None, None),
        (("r- 1",), None, None),
    ],
)
@pytest.mark.parametrize(
    "amounts", [{"total": Decimal(-10)}, {"doc_type": DocType.CREDIT_NOTE, "total": Decimal(10)}]
)
def test_a_credit_note_is_issued_when_it_names_one_invoice_of_its_customer(
    session: Session,
    amounts: dict[str, Any],
    credits: tuple[str, ...],
    hold: Hold | None,
    message: str | None,
) -> None:
    zoo(session)
    issue(session, OPEN_HANDED)
    issue(session, OPEN_HANDED, number="R-2", buyer=Buyer(name="Ape", email="a@ape.example"))
    issue(session, OPEN_HANDED, number="R-3", currency="CHF")
    note = issue(session, ASKING, number="G-1", preceding_invoices=credits, **amounts)
    assert note.hold == hold
    assert (message or "") in (note.hold_because or "")
    assert note.effect == Money(-1_000, "EUR")
    assert _broken(session) == []


@pytest.mark.parametrize(
    ("yes", "message"),
    [
        (Yes("ann"), "It names no invoice"),
        (Yes("ann", against="R-2"), "another customer's"),
        (Yes("ann", against="G-1"), "is no invoice"),
        (Yes("ann", against="R-1"), None),
        (Yes("ann", to_balance=True), None),
    ],
)
def test_a_yes_says_what_a_credit_note_is_set_against(
    session: Session, yes: Yes, message: str | None
) -> None:
    zoo(session)
    first = issue(session)
    issue(session, OPEN_HANDED, number="R-2", buyer=Buyer(name="Ape", email="a@ape.example"))
    note = issue(session, number="G-1", total=Decimal(-10))
    if message is not None:
        with pytest.raises(Refused, match=message):
            invoices.release(session, note, yes, at=AT)
        return
    invoices.release(session, note, yes, at=AT)
    assert note.credits_id == (first.id if yes.against else None)
    assert told(session)[-1] == "CreditNoteIssued"
    assert _broken(session) == []


def test_a_changed_credit_note_waits_and_never_takes_the_place_of_one(session: Session) -> None:
    zoo(session)
    issue(session)

    def note(total: int) -> Invoice:
        return issue(session, number="G-1", total=Decimal(total), preceding_invoices=("R-1",))

    first = note(-10)
    assert note(-10) is first
    changed = note(-20)
    assert changed.hold == Hold.CHANGED
    with pytest.raises(Refused, match="was credited before"):
        invoices.release(session, changed, Yes("ann"), at=AT)


def test_an_issued_invoice_is_neither_released_nor_voided(session: Session) -> None:
    zoo(session)
    invoice = issue(session, ASKING)
    with pytest.raises(Refused, match="does not wait"):
        invoices.release(session, invoice, Yes(by="ann"), at=AT)
    with pytest.raises(Refused, match="credit note"):
        invoices.void(session, invoice, by="ann", at=AT)


def test_a_no_makes_it_void_and_closes_the_question(session: Session) -> None:
    invoice = issue(session, ASKING)
    invoices.void(session, invoice, by="ann", at=AT)

    assert _state(session, invoice) is State.VOID
    assert _questions(session) == []
    assert _broken(session) == []


def test_other_amounts_under_the_same_number_wait_and_take_the_place_after_a_yes(
    session: Session,
) -> None:
    zoo(session)
    first = issue(session, ASKING)
    second = issue(session, ASKING, total=Decimal("99.00"))
    assert (second.version, second.hold) == (2, Hold.CHANGED)
    assert _state(session, first) is State.OPEN
    told(session)

    invoices.release(session, second, Yes(by="ann"), at=AT)

    assert told(session) == ["InvoiceCorrected", "InvoiceIssued"]
    assert _state(session, first) is State.CORRECTED
    assert invoices.replaces_sent(session, second)
    assert _state(session, second) is State.OPEN
    assert ledger.balances(session, ACME)["receivable", "EUR"] == Money(9_900, "EUR")
    assert _broken(session) == []


def test_a_version_that_was_never_sent_becomes_void_when_another_is_released(
    session: Session,
) -> None:
    first = issue(session, ASKING)
    second = issue(session, ASKING, total=Decimal("99.00"))
    invoices.release(session, second, Yes(by="ann"), at=AT)

    assert _state(session, first) is State.VOID
    assert not invoices.replaces_sent(session, second)
    assert [i.id for i in invoices.called(session, ACME, "r-1")] == [second.id, first.id]
    assert _broken(session) == []


def test_a_paid_invoice_is_not_corrected(session: Session) -> None:
    customer = zoo(session)
    first = issue(session, ASKING)
    about = {"customer_id": customer.id, "item_id": first.id}
    legs = [
        ledger.debit(ledger.Account.BANK, Money(100, "EUR")),
        ledger.credit(ledger.Account.RECEIVABLE, Money(100, "EUR"), **about),
    ]
    ledger.post(session, ACME, source="test:1", legs=legs, at=AT)
    second = issue(session, ASKING, total=Decimal("99.00"))

    assert _state(session, first) is State.PART_PAID
    with pytest.raises(Refused, match="credit note"):
        invoices.release(session, second, Yes(by="ann"), at=AT)


@pytest.mark.parametrize("missing", ["number", "currency", "total"])
def test_a_document_without_what_it_needs_goes_to_a_person(session: Session, missing: str) -> None:
    with pytest.raises(ReviewNeeded, match=f"no {missing}"):
        issue(session, ASKING, **{missing: None})


def test_a_total_finer_than_a_cent_goes_to_a_person(session: Session) -> None:
    with pytest.raises(ReviewNeeded, match="no amount"):
        issue(session, ASKING, total=Decimal("1.005"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issued_at": None}, "is not posted as issued"),
        ({"total_minor": 1}, "owes what it cannot"),
        ({"recipient": None}, "issued to nobody"),
        ({"voided_at": AT}, "or void"),
    ],
)
def test_a_row_changed_past_the_room_is_noticed(
    session: Session, change: dict[str, object], says: str
) -> None:
    zoo(session)
    invoice = issue(session, ASKING)
    session.execute(update(Invoice).where(Invoice.id == invoice.id).values(**change))

    assert any(says in found for found in _broken(session))


def test_a_second_yes_finds_the_customer_whom_the_first_put_on_file(session: Session) -> None:
    first, second = issue(session, ASKING), issue(session, ASKING, number="R-2")
    assert (first.customer_id, second.customer_id) == (None, None)
    invoices.release(session, first, Yes(by="ann"), at=AT)
    invoices.release(session, second, Yes(by="ann"), at=AT)

    assert second.customer_id == first.customer_id
    assert len(customers.everyone(session, ACME)) == 1


def test_two_first_invoices_of_one_buyer_at_once_put_one_customer_on_file(
    postgres_books: Engine,
) -> None:
    here, there = threading.Barrier(2), ["R-1", "R-2"]

    def take(number: str) -> None:
        with store.transaction(postgres_books) as session:
            here.wait(10)
            issue(session, OPEN_HANDED, number=number)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(take, there))
    with store.reading(postgres_books) as session:
        assert len(customers.everyone(session, ACME)) == 1


def test_a_document_that_was_given_up_and_comes_again_is_looked_at_again(session: Session) -> None:
    zoo(session)
    given_up = issue(session, ASKING, buyer=Buyer(name="Misspelt"))
    invoices.void(session, given_up, by="ann", at=AT)
    again = issue(session, ASKING)

    assert (_state(session, given_up), _state(session, again)) == (State.VOID, State.OPEN)
    assert _broken(session) == []


def test_a_document_that_was_replaced_and_comes_again_waits_for_a_person(session: Session) -> None:
    zoo(session)
    issue(session, ASKING)
    changed = issue(session, ASKING, total=Decimal("99.00"))
    invoices.release(session, changed, Yes(by="ann"), at=AT)

    assert issue(session, ASKING).hold == Hold.CHANGED
    assert _state(session, changed) is State.OPEN
    assert ledger.balances(session, ACME)["receivable", "EUR"] == Money(9_900, "EUR")


def test_no_yes_sends_a_changed_resend_that_became_a_credit_note(session: Session) -> None:
    zoo(session)
    issue(session, ASKING)
    changed = issue(session, ASKING, total=Decimal("-10.00"))
    assert changed.hold == Hold.CHANGED
    with pytest.raises(Refused, match="number of another document"):
        invoices.release(session, changed, Yes(by="ann", to_balance=True), at=AT)


@pytest.mark.parametrize("first", ["yes", "no"])
def test_of_a_yes_and_a_no_in_one_moment_the_later_is_refused(
    postgres_books: Engine, first: str
) -> None:
    with store.transaction(postgres_books) as session:
        held = issue(session, ASKING).id

    def decide(session: Session, invoice: Invoice, answer: str) -> None:
        if answer == "yes":
            invoices.release(session, invoice, Yes(by="ann"), at=AT)
        else:
            invoices.void(session, invoice, by="bob", at=AT)

    with store.transaction(postgres_books) as slow:
        seen = invoices.by_id(slow, ACME, held)
        assert seen is not None
        with store.transaction(postgres_books) as fast:
            found = invoices.by_id(fast, ACME, held)
            assert found is not None
            decide(fast, found, first)
        with pytest.raises(Refused):
            decide(slow, seen, "no" if first == "yes" else "yes")
        slow.rollback()
