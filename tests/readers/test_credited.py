"""Which invoice a credit note names: in each syntax, and in words."""

from __future__ import annotations

import pytest

from tests.readers.samples import sample
from worker import readers
from worker.readers.credited import named_invoices

_UBL = (
    "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>R-7</cbc:ID>"
    "</cac:InvoiceDocumentReference></cac:BillingReference><cac:AccountingSupplierParty>"
)
_CII = (
    "<ram:InvoiceReferencedDocument><ram:{id}>R-7</ram:{id}></ram:InvoiceReferencedDocument>"
    "</ram:{settlement}>"
)
_D16B, _ZUGFERD_1 = "ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("invoice_ubl.xml", "<cac:AccountingSupplierParty>", _UBL),
        (
            "invoice_cii.xml",
            f"</ram:{_D16B}>",
            _CII.format(id="IssuerAssignedID", settlement=_D16B),
        ),
        (
            "invoice_zugferd_1.xml",
            f"</ram:{_ZUGFERD_1}>",
            _CII.format(id="ID", settlement=_ZUGFERD_1),
        ),
        (
            "invoice_fatturapa.xml",
            "</DatiGenerali>",
            "<DatiFattureCollegate><IdDocumento>R-7</IdDocumento></DatiFattureCollegate>"
            "</DatiGenerali>",
        ),
        ("invoice_edifact.edi", "CUX+", "RFF+IV:R-7'\nCUX+"),
    ],
)
def test_every_syntax_names_the_invoice_before(name: str, old: str, new: str) -> None:
    read = readers.examine(sample(name, (old, new)))
    assert read.reading.invoices[0].preceding_invoices == ("R-7",)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("Gutschrift Nr. G-7 zu Rechnung RE-2026-17 vom 01.02.2026", ("RE-2026-17",)),
        ("Storno zur Rechnungsnummer: 4711", ("4711",)),
        ("Credit note for invoice INV-0042", ("INV-0042",)),
        ("Original invoice no. 12/2026", ("12/2026",)),
        ("Avoir sur facture FA-99", ("FA-99",)),
        ("nota di credito relativa a fattura 12/A", ("12/A",)),
        ("for invoice A-1 and for invoice A-2", ("A-1", "A-2")),
        ("Korrektur für Rechnung vom 12.02.2026", ()),
        ("zu Rechnung 12.02.2026", ()),
        ("Gutschrift zu Rechnung G-7", ()),
        ("Rechnung vom 01.02.2026", ()),
    ],
)
def test_words_name_the_invoice_that_is_credited(words: str, named: tuple[str, ...]) -> None:
    assert named_invoices(words, "G-7") == named
