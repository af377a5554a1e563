"""E-invoices in XML: which syntax it is, what it states and which rules it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lxml import etree

from worker.readers import (
    arithmetic,
    cii,
    einvoice_profiles,
    einvoice_structure,
    einvoice_terms,
    ubl,
    xml_trees,
)
from worker.readers.einvoice import Draft
from worker.readers.einvoice_profiles import Level, level_of
from worker.readers.model import Invoice, Problem

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


def read(data: bytes) -> ReadInvoice | None:
    """The e-invoice in these bytes; None for XML that is none. RefusedXml for what is unsafe."""
    root = xml_trees.parse(data)
    reader = _reader_of(root)
    if reader is None:
        return None
    return _checked(reader(root), einvoice_structure.problems(root))


def name_of_other(data: bytes) -> str:
    """What XML that is no invoice calls itself, in words."""
    name = etree.QName(xml_trees.parse(data)).localname
    return _OTHER_ROOTS.get(name, f"XML of the kind {name[:60]!r}")


def _reader_of(root: etree._Element) -> Callable[[etree._Element], Draft] | None:
    tag = str(root.tag)
    if tag in ubl.ROOTS:
        return ubl.read
    return cii.read if cii.is_cii(tag) else None


def _checked(draft: Draft, structure: list[Problem]) -> ReadInvoice:
    is_minimum = level_of(draft.profile) is Level.MINIMUM
    sums = replace(draft.sums, is_minimum=is_minimum)
    found = [
        *draft.problems,
        *structure,
        *einvoice_profiles.problems(draft),
        *einvoice_terms.problems(draft),
        *arithmetic.problems(sums),
    ]
    return ReadInvoice(draft.invoice(), tuple(found))
