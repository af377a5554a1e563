"""E-invoices in XML: which syntax it is, what it states and which rules it breaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lxml import etree

from worker.readers import (
    arithmetic,
    cii,
    cii_profiles,
    einvoice_profiles,
    einvoice_structure,
    einvoice_terms,
    fatturapa,
    odd_characters,
    ubl,
    xml_trees,
)
from worker.readers.einvoice import Draft
from worker.readers.einvoice_profiles import Level, level_of
from worker.readers.model import Invoice, Problem, Source

# What a mail or PDF may hold that is XML and no invoice; named so that a person is told.
_OTHER_ROOTS = {
    "ApplicationResponse": "a UBL response",
    "CrossIndustryOrder": "an order",
    "DespatchAdvice": "a despatch advice",
    "Order": "an order",
    "SCRDMCCBDACIOMessageStructure": "an order",
}


@dataclass(frozen=True, slots=True)
class ReadInvoice:
    """One invoice and the rules it breaks."""

    invoice: Invoice
    problems: tuple[Problem, ...] = ()


def read(data: bytes) -> list[ReadInvoice]:
    """The e-invoices in these bytes; none for other XML. RefusedXml for what is unsafe."""
    root = xml_trees.parse(data)
    tag = str(root.tag)
    if fatturapa.is_fatturapa(tag):
        return [checked(draft) for draft in fatturapa.read(root)]
    if tag in ubl.ROOTS or cii.is_cii(tag):
        draft = ubl.read(root) if tag in ubl.ROOTS else cii.read(root)
        structure = einvoice_structure.problems(root)
        if not draft.is_zugferd_1 and draft.source is Source.CII:
            structure += cii_profiles.problems(root, level_of(draft.profile))
        return [checked(draft, structure)]
    return []


def name_of_other(data: bytes) -> str:
    """What XML that is no invoice calls itself, in words."""
    name = etree.QName(xml_trees.parse(data)).localname
    return _OTHER_ROOTS.get(name, f"XML of the kind {name[:60]!r}")


def checked(draft: Draft, structure: Iterable[Problem] = ()) -> ReadInvoice:
    """The invoice that a draft makes, and every rule that it breaks."""
    sums = draft.sums
    if level_of(draft.profile) is Level.MINIMUM:
        sums = replace(sums, is_payable_free=True)
    found = [
        *draft.problems,
        *structure,
        *einvoice_profiles.problems(draft),
        *einvoice_terms.problems(draft),
        *arithmetic.problems(sums),
    ]
    invoice = draft.invoice()
    return ReadInvoice(invoice, (*found, *odd_characters.problems(invoice)))
