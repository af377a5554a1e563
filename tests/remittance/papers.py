"""Advices as files: PDFs in the manner of bookkeeping programs, sheets and lists. All made here."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from tests.readers.workbooks import workbook


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an advice as it is printed."""

    number: str
    day: str
    gross: str
    deduction: str
    paid: str


@dataclass(frozen=True, slots=True)
class Paper:
    """What an advice prints. The words are in `words`, in the payer's language."""

    payer: str
    seller: str
    words: dict[str, str]
    reference: str
    day: str
    currency: str
    entries: Sequence[Entry]
    total: str


WORDS = {
    "en": "Remittance Advice|Payment No|Payment date|Invoice|Date|"
    "Gross amount|Discount|Amount paid|Total paid",
    "de": "Zahlungsavis|Avis-Nr.|Zahlungsdatum|Ihr Beleg|Belegdatum|"
    "Bruttobetrag|Skonto|Zahlbetrag|Summe",
    "fr": "Avis de paiement|Règlement n°|Date de paiement|Facture|Date|"
    "Montant brut|Escompte|Montant réglé|Total réglé",
    "nl": "Betaalspecificatie|Betaling nr|Betaaldatum|Factuur|Factuurdatum|"
    "Brutobedrag|Korting|Betaald|Totaal betaald",
    "es": "Aviso de pago|Pago nº|Fecha de pago|Factura|Fecha|"
    "Importe bruto|Descuento|Importe pagado|Total pagado",
    "it": "Distinta di pagamento|Distinta n.|Data pagamento|Fattura|Data|"
    "Importo lordo|Sconto|Importo pagato|Totale",
    "pt": "Aviso de pagamento|Pagamento nº|Data do pagamento|Fatura|Data|"
    "Valor bruto|Desconto|Valor pago|Total pago",
    "pl": "Awizo płatności|Przelew nr|Data płatności|Faktura|Data|"
    "Kwota brutto|Rabat|Kwota zapłaty|Razem",
    "sv": "Betalningsavi|Betalning nr|Betalningsdatum|Faktura|Datum|"
    "Bruttobelopp|Rabatt|Betalt|Summa",
    "ja": "支払明細書|支払番号|支払日|請求書番号|請求日|"
    "請求金額|割引|支払金額|合計",
}  # fmt: skip
_KEYS = ("title", "no", "paid_on", "invoice", "date", "gross", "discount", "paid", "total")


def words(language: str) -> dict[str, str]:
    """The captions in a language."""
    return dict(zip(_KEYS, WORDS[language].split("|"), strict=True))


# -- PDF --------------------------------------------------------------------------------------

_WIDTH = 0.6


class _Page:
    def __init__(self) -> None:
        self.shown: list[bytes] = []
        self.y = 800.0

    def put(self, x: float, text: str, size: float = 9, *, right: bool = False) -> None:
        """Text that begins at x, or ends there."""
        if right:
            x -= len(text) * size * _WIDTH
        raw = text.encode("cp1252", "replace")
        escaped = raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        place = f"BT /F1 {size} Tf {x:.1f} {self.y:.1f} Td (".encode()
        self.shown.append(place + escaped + b") Tj ET")

    def down(self, by: float = 14) -> None:
        self.y -= by


def _pdf(pages: Sequence[_Page]) -> bytes:
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for page in pages:
        stream = b"\n".join(page.shown)
        number = len(objects) + 1
        kids.append(b"%d 0 R" % number)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font"
            b"<</F1<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>>>>>>>"
            % (number + 1)
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(kids), len(kids))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def sap(paper: Paper) -> bytes:
    """Gross, deduction and net columns under a letter."""
    page, w = _Page(), paper.words
    page.put(50, paper.payer, 11)
    page.down(40)
    page.put(50, paper.seller)
    page.down(40)
    page.put(50, f"{w['title']} {paper.reference}", 12)
    page.down(20)
    page.put(50, f"{w['paid_on']}: {paper.day}")
    page.down(30)
    page.put(50, w["invoice"], 8)
    page.put(160, w["date"], 8)
    for x, key in ((350, "gross"), (440, "discount"), (545, "paid")):
        page.put(x, w[key], 8, right=True)
    page.down(16)
    for entry in paper.entries:
        page.put(50, entry.number, 8)
        page.put(160, entry.day, 8)
        page.put(350, entry.gross, 8, right=True)
        page.put(440, entry.deduction, 8, right=True)
        page.put(545, entry.paid, 8, right=True)
        page.down(13)
    page.down(6)
    page.put(50, f"{w['total']} {paper.currency}", 8)
    page.put(545, paper.total, 8, right=True)
    return _pdf([page])


def oracle(paper: Paper) -> bytes:
    """Captions with colons, then invoice, date, our own number and what was paid."""
    page, w = _Page(), paper.words
    page.put(50, paper.payer, 10)
    page.put(560, w["title"].upper(), 10, right=True)
    page.down(30)
    for caption, value in ((w["no"], paper.reference), (w["paid_on"], paper.day)):
        page.put(50, f"{caption} : {value}", 8)
        page.down(12)
    page.put(50, f"Currency : {paper.currency}", 8)
    page.down(30)
    page.put(50, w["invoice"], 8)
    page.put(170, w["date"], 8)
    page.put(270, "PO", 8)
    page.put(545, w["paid"], 8, right=True)
    page.down(14)
    for place, entry in enumerate(paper.entries):
        page.put(50, entry.number, 8)
        page.put(170, entry.day, 8)
        page.put(270, f"70{place}93{len(entry.number)}", 8)
        page.put(545, entry.paid, 8, right=True)
        page.down(12)
    page.down(8)
    page.put(50, w["total"].upper(), 8)
    page.put(545, paper.total, 8, right=True)
    return _pdf([page])


def netsuite(paper: Paper) -> bytes:
    """A total in the captions, none under the table; the reference inside a description."""
    page, w = _Page(), paper.words
    page.put(300, "Bill Payment", 12)
    page.down(24)
    page.put(50, paper.payer)
    page.down(20)
    page.put(50, f"Payment #: BP-{paper.reference}")
    page.down()
    page.put(50, f"{w['paid_on']}: {paper.day}")
    page.down()
    page.put(50, f"Amount: {paper.currency} {paper.total}")
    page.down(30)
    page.put(50, "Date", 8)
    page.put(140, "Description", 8)
    for x, caption in (
        (330, "Orig. Amt."),
        (410, "Amt. Due"),
        (480, "Discount"),
        (560, "Applied Amt."),
    ):
        page.put(x, caption, 8, right=True)
    page.down()
    for entry in paper.entries:
        page.put(50, entry.day, 8)
        page.put(140, f"Bill #{entry.number}", 8)
        for x, value in ((330, entry.gross), (410, entry.gross), (560, entry.paid)):
            page.put(x, value, 8, right=True)
        if entry.deduction.strip("0.,' "):
            page.put(480, entry.deduction, 8, right=True)
        page.down()
    return _pdf([page])


def quickbooks(paper: Paper) -> bytes:
    """A cheque's stub, printed twice."""
    page, w = _Page(), paper.words
    for _ in range(2):
        page.put(50, paper.payer)
        page.put(545, paper.day, 9, right=True)
        page.down(20)
        page.put(50, w["date"], 8)
        page.put(130, "Type", 8)
        page.put(190, "Reference", 8)
        for x, caption in ((330, "Original Amt."), (410, "Balance Due"), (545, "Payment")):
            page.put(x, caption, 8, right=True)
        page.down()
        for entry in paper.entries:
            page.put(50, entry.day, 8)
            page.put(130, "Bill", 8)
            page.put(190, entry.number, 8)
            for x, value in ((330, entry.gross), (410, entry.gross), (545, entry.paid)):
                page.put(x, value, 8, right=True)
            page.down()
        page.put(410, "Check Amount", 8, right=True)
        page.put(545, f"{paper.total} {paper.currency}", 8, right=True)
        page.down(60)
    return _pdf([page])


def xero(paper: Paper) -> bytes:
    """What is still owing stands in the last column."""
    page, w = _Page(), paper.words
    page.put(50, w["title"].upper(), 14)
    page.down(30)
    page.put(50, w["paid_on"], 8)
    page.down(12)
    page.put(50, paper.day, 8)
    page.down(30)
    page.put(50, w["date"], 8)
    page.put(150, w["invoice"], 8)
    for x, caption in ((340, w["gross"]), (440, w["paid"]), (545, "Still Owing")):
        page.put(x, caption, 8, right=True)
    page.down()
    zero = paper.entries[0].deduction
    for entry in paper.entries:
        page.put(50, entry.day, 8)
        page.put(150, entry.number, 8)
        for x, value in ((340, entry.gross), (440, entry.paid), (545, zero)):
            page.put(x, value, 8, right=True)
        page.down()
    page.put(340, f"{w['total']} {paper.currency}", 8, right=True)
    page.put(440, paper.total, 8, right=True)
    page.put(545, zero, 8, right=True)
    return _pdf([page])


def blocks(paper: Paper) -> bytes:
    """No table: a paragraph for each invoice."""
    page, w = _Page(), paper.words
    page.put(50, paper.payer)
    page.down(24)
    page.put(50, f"{w['title']} {paper.reference}")
    page.down()
    page.put(50, f"{w['paid_on']}: {paper.day}")
    page.down(24)
    for entry in paper.entries:
        page.put(50, f"{w['invoice']} {entry.number}")
        page.down()
        page.put(70, f"{w['date']}: {entry.day}")
        page.down()
        page.put(70, f"{w['paid']}: {paper.currency} {entry.paid}")
        page.down(20)
    page.put(50, f"{w['total']}: {paper.currency} {paper.total}")
    return _pdf([page])


def pages(paper: Paper) -> bytes:
    """Two pages with the headers on each, and a sum carried forward."""
    made, w = [], paper.words
    half = max(1, len(paper.entries) // 2)
    for place, entries in enumerate((paper.entries[:half], paper.entries[half:])):
        page = _Page()
        page.put(50, f"{w['title']} {paper.reference}", 11)
        page.put(560, f"Page {place + 1} of 2", 8, right=True)
        page.down(20)
        page.put(50, f"{w['paid_on']} {paper.day}")
        page.down(24)
        page.put(50, w["invoice"], 8)
        page.put(200, w["date"], 8)
        page.put(545, f"{w['paid']} {paper.currency}", 8, right=True)
        page.down()
        for entry in entries:
            page.put(50, entry.number, 8)
            page.put(200, entry.day, 8)
            page.put(545, entry.paid, 8, right=True)
            page.down()
        if place == 0:
            page.put(50, "Subtotal carried forward", 8)
            page.put(545, entries[-1].paid, 8, right=True)
        else:
            page.put(50, w["total"], 8)
            page.put(545, paper.total, 8, right=True)
        made.append(page)
    return _pdf(made)


# -- sheets -----------------------------------------------------------------------------------


def rows(paper: Paper) -> list[list[str]]:
    """The advice as rows: captions, headers, lines, the sum."""
    w = paper.words
    table = [
        [w["title"], paper.reference],
        [w["paid_on"], paper.day],
        ["Currency", paper.currency],
        [],
        [w["invoice"], w["date"], w["gross"], w["discount"], w["paid"]],
    ]
    table += [[e.number, e.day, e.gross, e.deduction, e.paid] for e in paper.entries]
    return [*table, [w["total"], "", "", "", paper.total]]


def bare_rows(paper: Paper) -> list[list[str]]:
    """Headers in the first row, the payment's day in every row, no sum."""
    w = paper.words
    header = [w["invoice"], w["paid"], w["paid_on"]]
    return [header, *([e.number, e.paid, paper.day] for e in paper.entries)]


def listed(table: Sequence[Sequence[str]], separator: str, charset: str) -> bytes:
    """Rows as a text with separators."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(table)
    return out.getvalue().encode(charset, "replace")


def sheet(table: Sequence[Sequence[str]]) -> bytes:
    """Rows as a workbook of texts."""
    return workbook({"Sheet1": table})


PDFS = {
    "sap": sap,
    "oracle": oracle,
    "netsuite": netsuite,
    "quickbooks": quickbooks,
    "xero": xero,
    "blocks": blocks,
    "pages": pages,
}
