"""Invoices inside mails: as files, as the text itself, in an HTML table, and none at all."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests.readers.samples import FILES, pdf_of, pdf_with, sample
from worker import readers
from worker.readers import html_layout, page_layout
from worker.readers.model import Examined, Source

TEXT = (FILES / "plain" / "german_window.txt").read_text("utf-8")
HTML = """<html><head><title>Total 1,00 €</title><style>p{color:red}</style></head><body>
<p>Au Phare SARL<br>3 quai du Port<br>29200 Brest</p>
<div style="display:none">Total TTC 9.999,00 €</div>
<h1>Facture n° F-2026-32</h1>
<p>Date de facture : 06/03/2026</p><p>Facturé à :</p>
<p>Atelier Lumière<br>8 rue Basse<br>69001 Lyon</p>
<table><tr><th>Désignation</th><th>Qté</th><th>Prix</th><th>Montant</th></tr>
<tr><td>Lampe</td><td>2</td><td>125,00</td><td>250,00</td></tr>
<tr><td colspan="3">Total HT</td><td>250,00 €</td></tr>
<tr><td colspan="3">TVA 20 %</td><td>50,00 €</td></tr>
<tr><td colspan="3"><b>Total TTC</b></td><td><b>300,00 €</b></td></tr></table></body></html>"""


def mail(subject: str = "Invoice", body: str = "Please send this on.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = "bea@lighthouse.example", subject
    message["To"] = "invoices@worker.example"
    message.set_content(body)
    return message


def examined(message: EmailMessage) -> Examined:
    return readers.examine(message.as_bytes())


def test_the_text_of_a_mail_may_be_the_invoice() -> None:
    found = examined(mail(body=TEXT))
    (invoice,) = found.reading.invoices
    assert (found.reading.kind, invoice.source) == ("invoice", Source.TEXT)
    assert (invoice.number, str(invoice.total)) == ("LH-2026-0120", "130.90")


def test_a_table_in_html_may_be_the_invoice() -> None:
    message = mail(body="See the HTML part.")
    message.add_alternative(HTML, subtype="html")
    (invoice,) = examined(message).reading.invoices
    assert (invoice.number, str(invoice.total)) == ("F-2026-32", "300.00")
    assert (str(invoice.net_total), str(invoice.tax_total)) == ("250.00", "50.00")
    assert (invoice.seller.name, invoice.buyer.name) == ("Au Phare SARL", "Atelier Lumière")


def test_an_answer_that_quotes_an_invoice_is_none() -> None:
    assert examined(mail("Re: Invoice", TEXT)).reading.invoices == ()


def test_text_that_no_sum_proves_is_no_invoice() -> None:
    assert examined(mail(body=TEXT.replace("130,90", "131,90"))).reading.invoices == ()


def test_a_plain_pdf_and_its_xml_are_one_invoice_and_the_data_come_first() -> None:
    text = TEXT.replace("LH-2026-0120", "LH-2026-0118").replace("130,90", "90,95")
    message = mail()
    message.add_attachment(pdf_of(text), maintype="application", subtype="pdf")
    xml = sample("invoice_cii.xml")
    message.add_attachment(xml, maintype="application", subtype="xml", filename="a.xml")
    found = examined(message)
    (invoice,) = found.reading.invoices
    assert invoice.source is Source.CII
    assert found.invoice_parts == ((2, 1),)


def test_a_pdf_that_differs_from_its_xml_is_held() -> None:
    message = mail()
    text = TEXT.replace("LH-2026-0120", "LH-2026-0118")
    message.add_attachment(pdf_of(text), maintype="application", subtype="pdf")
    xml = sample("invoice_cii.xml")
    message.add_attachment(xml, maintype="application", subtype="xml", filename="a.xml")
    found = examined(message)
    assert [p.rule for p in found.invoice_problems[0] if p.holds] == ["FILES-DIFFER"]


def test_two_invoices_in_one_mail_stay_two() -> None:
    message = mail()
    for name in ("invoice_cii.xml", "invoice_ubl.xml"):
        message.add_attachment(sample(name), maintype="application", subtype="xml", filename=name)
    assert len(examined(message).reading.invoices) == 2


def test_a_total_that_the_pages_do_not_show_is_held() -> None:
    page = pdf_of("Invoice LH-2026-0118\nTotal 19,95 EUR")
    data = pdf_with({"factur-x.xml": sample("invoice_cii.xml")}, into=page)
    examined_pdf = readers.examine(data)
    assert [p.rule for p in examined_pdf.invoice_problems[0] if p.holds] == ["PAGE", "PAGE"]


@pytest.mark.parametrize(
    "text",
    ["", "<", "<table>" * 3000, "<p>" + "a " * 50_000, "\0<html>", "<td colspan='99999999'>x</td>"],
)
def test_html_of_any_kind_gives_a_layout_and_never_raises(text: str) -> None:
    assert isinstance(html_layout.from_html(text), page_layout.Layout)
