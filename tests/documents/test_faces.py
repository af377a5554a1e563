"""The two faces of a document, and the code for bank transfers that stands where the link would."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import segno.helpers
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from tests.readers.samples import FILES
from tests.web.house import rules
from worker import customers, documents, paylinks, readers
from worker.adapters.qr_codes import qr_png
from worker.businesses import transfer_code
from worker.documents import Look, Printed
from worker.kernel.money import Money
from worker.paylinks import Life, LinkKeys
from worker.store import blobs

LOOK = Look("shipped", "templates")
URL = "https://pay.example/l/abc"
IBAN = {"iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX", "name": ""}


def test_a_document_has_a_face_with_the_link_and_one_without(session: Session) -> None:
    zoo(session)
    invoice, seller = issue(session), rules(bank=IBAN)
    for minutes, url in enumerate((URL, None, URL, None)):
        order = documents.order(session, invoice, seller, LOOK, url=url)
        printed = Printed(b"%PDF " + str(url).encode(), 1)
        documents.freeze(session, invoice, printed, order, at=AT + timedelta(minutes=minutes))
    faces = [
        documents.of_invoice(session, ACME, invoice.id, with_link=with_link)
        for with_link in (None, True, False)
    ]
    assert [face is not None and face.with_link for face in faces] == [True, True, False]
    assert faces[0] is faces[1]
    without = documents.order(session, invoice, seller, LOOK, url=None)
    assert (without.must_link, without.context["link"]) == (None, None)
    assert without.context["has_transfer_code"] is True
    assert (without.qr_text or "").splitlines()[6:8] == ["DE89370400440532013000", "EUR119.00"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("invoice_cii.xml", "factur-x.xml"),
        ("invoice_ubl.xml", "ubl-invoice.xml"),
        ("invoice_fatturapa.xml", "fatturapa.xml"),
    ],
)
def test_what_was_sent_as_data_is_embedded_as_data(session: Session, file: str, name: str) -> None:
    zoo(session)
    xml = (FILES / file).read_bytes()
    read, *_ = readers.examine(xml).reading.invoices
    invoice = issue(session, source=read.source)
    invoice.xml_sha256 = blobs.keep(session, ACME, xml, at=AT)
    order = documents.order(session, invoice, rules(), LOOK, url=URL)
    assert [(a.name, a.content) for a in order.attachments] == [(name, xml)]


def test_papers_carry_no_link_for_who_is_sent_none(session: Session) -> None:
    customer, keys, life = zoo(session), LinkKeys({1: b"k" * 32}), Life(24, 90)
    invoice = issue(session)
    link = paylinks.open_link(session, invoice, keys, life, at=AT)
    assert paylinks.on_papers(session, invoice, scope="item") is link
    owing = paylinks.Subject(ACME, customer.id, currency="EUR")
    whole = paylinks.open_customer_link(session, owing, keys, life, at=AT)
    assert paylinks.on_papers(session, invoice, scope="customer") is whole
    customers.pay_by_link(session, customer, wanted=False)
    assert paylinks.on_papers(session, invoice, scope="item") is None
    assert paylinks.on_papers(session, invoice, scope="customer") is None


def test_the_code_says_what_banking_apps_read() -> None:
    seller = rules(bank=IBAN, legal_name="Köln Lampen GmbH")
    text = transfer_code(seller, Money(124053, "EUR"), "R-2026/7 ä")
    assert text is not None
    theirs = segno.helpers.make_epc_qr(
        name="Köln Lampen GmbH",
        iban="DE89370400440532013000",
        amount=Decimal("1240.53"),
        text="R-2026/7 ä",
        bic="COBADEFFXXX",
        encoding="utf-8",
    )
    ours = segno.make(text, error="m", micro=False, boost_error=False, encoding="utf-8")
    assert (ours.version, ours.error) == (theirs.version, "M")
    assert ours.matrix == theirs.matrix
    assert qr_png(text).startswith(b"\x89PNG")


def test_no_code_without_an_account_in_another_currency_or_for_nothing() -> None:
    seller = rules(bank=IBAN)
    assert transfer_code(rules(bank={}), Money(100, "EUR"), "R") is None
    assert transfer_code(seller, Money(100, "GBP"), "R") is None
    assert transfer_code(seller, Money(0, "EUR"), "R") is None
    assert transfer_code(seller, Money(10**11, "EUR"), "R") is None
