"""E-invoices: what UBL, CII and Factur-X say, in the contract's words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tests.readers.samples import pdf_with, sample
from worker import readers
from worker.readers.model import DocType, Invoice, Source


def read(data: bytes) -> Invoice:
    examined = readers.examine(data)
    assert examined.reading.error is None
    (invoice,) = examined.reading.invoices
    return invoice


def test_ubl_says_every_term() -> None:
    invoice = read(sample("invoice_ubl.xml"))
    assert (invoice.doc_type, invoice.source) == (DocType.INVOICE, Source.UBL)
    assert invoice.number == "LH-2026-0117"
    assert (invoice.issue_date, invoice.due_date) == (dt.date(2026, 11, 2), dt.date(2026, 12, 2))
    assert (invoice.currency, str(invoice.total)) == ("EUR", "200.00")
    assert (str(invoice.grand_total), str(invoice.net_total)) == ("226.10", "190.00")
    assert (str(invoice.tax_total), str(invoice.prepaid)) == ("36.10", "26.10")
    assert invoice.seller.name == "Lighthouse Tools GmbH"
    assert invoice.seller.iban == "DE02120300000000202051"
    assert (invoice.buyer.name, invoice.buyer.number) == ("Fjord Bikes AS", "C-204")
    assert invoice.buyer.email == "accounts@fjordbikes.example"
    assert (invoice.payment_reference, invoice.contract) == ("LH20260117", "SERVICE-7")


def test_the_vat_id_is_the_one_of_the_vat_scheme_wherever_it_stands() -> None:
    assert read(sample("invoice_ubl.xml")).seller.vat_id == "DE000000009"
    assert read(sample("invoice_cii.xml")).seller.vat_id == "DE000000009"


def test_lines_have_the_digits_of_their_currency() -> None:
    first, second = read(sample("invoice_ubl.xml")).lines
    assert (first.name, str(first.net_amount), first.unit) == ("Torque wrench", "140.00", "C62")
    assert (second.description, str(second.quantity)) == ("On site", "1.5")


def test_cii_says_every_term() -> None:
    invoice = read(sample("invoice_cii.xml"))
    assert (invoice.number, invoice.source) == ("LH-2026-0118", Source.CII)
    assert (invoice.issue_date, invoice.due_date) == (dt.date(2026, 11, 2), dt.date(2026, 11, 16))
    assert (str(invoice.total), str(invoice.tax_total)) == ("90.95", "5.95")
    assert (invoice.buyer.name, invoice.buyer.number) == ("Atelier Lumière SARL", "C-311")
    assert invoice.buyer.email == "factures@lumiere.example"
    assert (invoice.payment_reference, invoice.contract) == ("LH20260118", "SERVICE-9")


def test_zugferd_1_without_a_payable_amount_asks_for_the_grand_total() -> None:
    invoice = read(sample("invoice_zugferd_1.xml"))
    assert (invoice.number, str(invoice.total)) == ("LH-2015-0042", "119.00")


@pytest.mark.parametrize("name", ["invoice_ubl.xml", "invoice_cii.xml", "invoice_zugferd_1.xml"])
def test_a_sound_invoice_gives_no_warning(name: str) -> None:
    examined = readers.examine(sample(name))
    assert examined.reading.warnings == ()
    assert examined.invoice_problems == ((),)


@pytest.mark.parametrize("code", ["381", "261", "396"])
def test_the_type_code_makes_a_credit_note(code: str) -> None:
    for name, old in (("invoice_ubl.xml", "Code>380<"), ("invoice_cii.xml", "Code>380<")):
        examined = readers.examine(sample(name, (old, f"Code>{code}<")))
        assert examined.reading.kind == "credit_note"
        assert examined.reading.invoices[0].doc_type is DocType.CREDIT_NOTE


def test_a_negative_total_does_not_make_a_credit_note() -> None:
    data = sample(
        "invoice_cii.xml",
        ("5.95<", "-5.95<"),
        ("90.95<", "-90.95<"),
        ("85.00<", "-85.00<"),
        (">10<", ">-10<"),
    )
    examined = readers.examine(data)
    assert examined.reading.kind == "invoice"
    assert examined.reading.invoices[0].total == Decimal("-90.95")
    assert any("booked as a credit" in warning for warning in examined.reading.warnings)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso-8859-1"])
def test_the_encoding_makes_no_difference(encoding: str) -> None:
    text = sample("invoice_cii.xml").decode().replace("UTF-8", encoding.upper()[:10])
    assert read(text.encode(encoding)).buyer.name == "Atelier Lumière SARL"


def test_an_invoice_is_found_in_a_pdf_under_any_name() -> None:
    for name in ("factur-x.xml", "data.bin", "Rechnung für März.txt"):
        assert read(pdf_with({name: sample("invoice_cii.xml")})).number == "LH-2026-0118"
    assert read(pdf_with({"invoice.xml": sample("invoice_ubl.xml")})).source is Source.UBL


def test_an_invoice_is_found_on_a_page_of_a_pdf() -> None:
    data = pdf_with({"factur-x.xml": sample("invoice_cii.xml")}, on_page=True)
    assert read(data).number == "LH-2026-0118"


def test_a_pdf_that_says_nothing_of_its_data_is_read_with_a_warning() -> None:
    examined = readers.examine(pdf_with({"a.xml": sample("invoice_cii.xml")}, level=None))
    assert examined.reading.invoices[0].number == "LH-2026-0118"
    assert any(warning.startswith("FACTUR-X") for warning in examined.reading.warnings)


@pytest.mark.parametrize("level", ["BASIC", "no thing"])
def test_a_pdf_that_names_another_profile_is_read_with_a_warning(level: str) -> None:
    examined = readers.examine(pdf_with({"a.xml": sample("invoice_cii.xml")}, level=level))
    assert [p.rule for p in examined.invoice_problems[0]] == ["FACTUR-X"]


def test_two_invoices_in_one_pdf_that_differ_are_held() -> None:
    other = sample("invoice_zugferd_1.xml")
    examined = readers.examine(pdf_with({"a.xml": sample("invoice_cii.xml"), "b.xml": other}))
    assert examined.reading.invoices[0].number == "LH-2026-0118"
    assert any(problem.holds for problem in examined.invoice_problems[0])


def test_pdf_and_xml_of_one_invoice_in_one_mail_are_one_invoice() -> None:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["Subject"] = "bea@lighthouse.example", "Invoice"
    mail.set_content("Please send this on.")
    xml = sample("invoice_cii.xml")
    mail.add_attachment(pdf_with({"factur-x.xml": xml}), maintype="application", subtype="pdf")
    mail.add_attachment(xml, maintype="application", subtype="xml", filename="x.xml")
    examined = readers.examine(mail.as_bytes())
    assert [invoice.number for invoice in examined.reading.invoices] == ["LH-2026-0118"]
    assert examined.invoice_parts == ((1, 2),)
