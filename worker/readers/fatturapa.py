"""FatturaPA, the e-invoice of Italy (formats FPA12, FPR12 and the simplified FSM10).

One file may hold several invoices (`lotto`): one header, many bodies. Element names are those of
the specification of the Agenzia delle Entrate, version 1.2 and 1.3 of it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from lxml import etree

from worker.readers.arithmetic import ZERO, LineSum, Sums, TaxRow
from worker.readers.einvoice import Draft, Party, amount, amounts, day
from worker.readers.model import Line, Problem, Source
from worker.readers.xml_trees import Names, Node

_ROOT = re.compile(
    r"\{http://(?:ivaservizi\.agenziaentrate\.gov\.it/docs/xsd/fatture"
    r"|www\.fatturapa\.gov\.it/sdi/fatturapa)/v[\d.]+\}FatturaElettronica(?:Semplificata)?"
)
_NAMES = Names({})
# TipoDocumento: TD04 and the simplified TD08 are credit notes; debit notes ask for money.
_CREDIT_NOTES = frozenset({"TD04", "TD08"})
_DOCUMENT = "DatiGenerali/DatiGeneraliDocumento"


def is_fatturapa(tag: str) -> bool:
    """Whether the root element is one of FatturaPA."""
    return _ROOT.fullmatch(tag) is not None


def read(root: etree._Element) -> list[Draft]:
    """The terms of each invoice in the file."""
    drafts = []
    # Only the root has a namespace; the rest of the file is in none.
    for body_element in root.iterchildren("FatturaElettronicaBody"):
        problems: list[Problem] = []
        header = Node(root, _NAMES, problems).first("FatturaElettronicaHeader")
        drafts.append(_draft(header, Node(body_element, _NAMES, problems), problems))
    return drafts


def _draft(header: Node | None, body: Node, problems: list[Problem]) -> Draft:
    draft = Draft(Source.FATTURAPA, problems=problems)
    if header:
        draft.seller = _party(header.first("CedentePrestatore"))
        draft.buyer = _party(header.first("CessionarioCommittente"))
        draft.profile = header.text("DatiTrasmissione/FormatoTrasmissione")
    draft.type_code = body.only(f"{_DOCUMENT}/TipoDocumento")
    draft.is_credit_note = draft.type_code in _CREDIT_NOTES
    draft.number = body.only(f"{_DOCUMENT}/Numero")
    draft.issue_date = day(body, f"{_DOCUMENT}/Data")
    draft.currency = body.only(f"{_DOCUMENT}/Divisa")
    draft.contract = body.text("DatiGenerali/DatiContratto/IdDocumento")
    draft.preceding = tuple(body.texts("DatiGenerali/DatiFattureCollegate/IdDocumento"))
    payment = "DatiPagamento/DettaglioPagamento"
    draft.due_date = _due(body, payment)
    draft.iban = body.text(f"{payment}/IBAN")
    draft.payment_reference = body.text(f"{payment}/CodicePagamento")
    rows = list(body.all("DatiBeniServizi/DettaglioLinee"))
    draft.lines = tuple(_line(row) for row in rows)
    draft.sums = _sums(body, draft)
    return draft


def _party(node: Node | None) -> Party:
    if node is None:
        return Party()
    # The simplified format has the same facts one level higher.
    facts = node.first("DatiAnagrafici") or node
    name = facts.text("Anagrafica/Denominazione", "Denominazione")
    if name is None:
        words = [facts.text(f"Anagrafica/{x}", x) for x in ("Nome", "Cognome")]
        name = " ".join(word for word in words if word) or None
    country = facts.text("IdFiscaleIVA/IdPaese")
    code = facts.text("IdFiscaleIVA/IdCodice")
    return Party(
        name=name,
        vat_id=f"{country or ''}{code}" if code else None,
        number=None,
        email=node.text("Contatti/Email"),
        country=node.text("Sede/Nazione"),
        has_address=node.first("Sede") is not None,
        is_identified=bool(code or facts.text("CodiceFiscale")),
    )


def _due(body: Node, payment: str) -> dt.date | None:
    """The first day on which something is due; an instalment plan has several."""
    days = [day(row, "DataScadenzaPagamento") for row in body.all(payment)]
    return min((each for each in days if each is not None), default=None)


def _line(node: Node) -> Line:
    return Line(
        position=node.text("NumeroLinea"),
        name=node.text("Descrizione"),
        quantity=amount(node, "Quantita"),
        unit=node.text("UnitaMisura"),
        unit_price=amount(node, "PrezzoUnitario"),
        tax_rate=amount(node, "AliquotaIVA"),
        net_amount=amount(node, "PrezzoTotale"),
    )


def _sums(body: Node, draft: Draft) -> Sums:
    taxes = tuple(_tax_rows(body))
    net = _total(row.basis for row in taxes)
    tax = _total(row.amount for row in taxes)
    rounding = _total(amounts(body, f"{_DOCUMENT}/Arrotondamento")) or ZERO
    grand = amount(body, f"{_DOCUMENT}/ImportoTotaleDocumento")
    if grand is None and net is not None and tax is not None:
        grand = net + tax + rounding
    return Sums(
        currency=draft.currency,
        lines=tuple(LineSum(position=x.position, net=x.net_amount) for x in draft.lines),
        taxes=taxes,
        net_total=net,
        tax_total=tax,
        grand_total=grand,
        payable=_payable(body, grand),
        is_payable_free=True,
    )


def _tax_rows(body: Node) -> Iterator[TaxRow]:
    for row in body.all("DatiBeniServizi/DatiRiepilogo"):
        yield TaxRow(
            basis=amount(row, "ImponibileImporto"),
            amount=amount(row, "Imposta"),
            rate=amount(row, "AliquotaIVA"),
            category=row.text("Natura"),
        )


def _payable(body: Node, grand: Decimal | None) -> Decimal | None:
    """What is to be paid: the payments asked for, where they are a part of the document's total.

    Tax withheld (`ritenuta`) and VAT that the buyer pays to the state himself (`EsigibilitaIVA` S)
    are in the total and not in what is paid.
    """
    asked = _total(amounts(body, "DatiPagamento/DettaglioPagamento/ImportoPagamento"))
    if grand is None or (asked is not None and ZERO < asked <= grand):
        return asked
    withheld = _total(amounts(body, f"{_DOCUMENT}/DatiRitenuta/ImportoRitenuta")) or ZERO
    for row in body.all("DatiBeniServizi/DatiRiepilogo"):
        if row.text("EsigibilitaIVA") == "S":
            withheld += amount(row, "Imposta") or ZERO
    return grand - withheld


def _total(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None
