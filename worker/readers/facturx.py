"""Factur-X and ZUGFeRD: a PDF that carries its invoice as XML."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from worker.readers import structured, xml_trees
from worker.readers.einvoice_profiles import Level, level_of
from worker.readers.model import Problem
from worker.readers.pdf_attachments import EmbeddedFile, PdfData
from worker.readers.structured import ReadInvoice
from worker.readers.xml_trees import RefusedXml

_NAMESPACES = (
    "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
    "urn:zugferd:pdfa:CrossIndustryDocument:invoice:2p0#",
    "urn:ferd:pdfa:CrossIndustryDocument:invoice:1p0#",
)
# `fx:ConformanceLevel` of Factur-X 1.0 and its ZUGFeRD ancestors.
_LEVELS = {
    "MINIMUM": {Level.MINIMUM},
    "BASIC WL": {Level.BASIC_WL},
    "BASIC": {Level.BASIC, Level.ZUGFERD_1},
    "COMFORT": {Level.ZUGFERD_1},
    "EN 16931": {Level.EN16931},
    "EXTENDED": {Level.EXTENDED, Level.ZUGFERD_1},
    "XRECHNUNG": {Level.XRECHNUNG},
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


@dataclass(frozen=True, slots=True)
class Embedded:
    """The invoice that a PDF carries, and what was wrong with the other files in it."""

    found: ReadInvoice | None
    warnings: tuple[str, ...] = ()


def read(pdf: PdfData) -> Embedded:
    """The e-invoice embedded in the PDF, whatever its name there."""
    found: list[tuple[EmbeddedFile, ReadInvoice]] = []
    warnings: list[str] = []
    for file in pdf.files:
        if not xml_trees.start_text(file.data, 256).lstrip("\ufeff \t\r\n").startswith("<"):
            continue
        try:
            invoices = structured.read(file.data)
        except RefusedXml as error:
            warnings.append(f"The embedded file {file.name[:80]!r} was not read: {error}.")
            continue
        found += [(file, invoice) for invoice in invoices]
    if not found:
        return Embedded(None, tuple(warnings))
    # One PDF may carry the same invoice in an old syntax beside the new one.
    file, chosen = min(found, key=lambda each: _age(each[1]))
    problems = [
        *chosen.problems,
        *_disagreements(chosen, [other for _, other in found if other is not chosen]),
        *_metadata_problems(pdf.xmp, file, chosen),
    ]
    return Embedded(ReadInvoice(chosen.invoice, tuple(problems)), tuple(warnings))


def _age(read_invoice: ReadInvoice) -> int:
    profile = read_invoice.invoice.evidence.get("profile")
    return 1 if level_of(profile) is Level.ZUGFERD_1 else 0


def _disagreements(chosen: ReadInvoice, others: list[ReadInvoice]) -> list[Problem]:
    problems = []
    for other in others:
        same = (
            other.invoice.number == chosen.invoice.number
            and other.invoice.total == chosen.invoice.total
        )
        text = "the PDF carries two invoices in XML" + ("" if same else " that differ")
        problems.append(Problem(rule="FACTUR-X", text=text, holds=not same))
    return problems


def _metadata_problems(
    xmp: bytes | None, file: EmbeddedFile, read_invoice: ReadInvoice
) -> list[Problem]:
    """What the metadata (XMP) say of the embedded invoice, where that is not so."""
    claims = _claims(xmp)
    if not claims:
        return [_warning("the PDF's metadata do not say that it carries an invoice")]
    problems = []
    level = claims.get("ConformanceLevel")
    actual = level_of(read_invoice.invoice.evidence.get("profile"))
    if level not in _LEVELS:
        problems.append(_warning(f"the PDF's metadata name an unknown profile, {level!r}"))
    elif actual is not Level.OTHER and actual not in _LEVELS[level]:
        problems.append(_warning(f"the PDF's metadata say {level}, the XML says {actual.value}"))
    if (name := claims.get("DocumentFileName")) and name != file.name:
        problems.append(_warning(f"the PDF's metadata name another file, {name[:80]!r}"))
    if file.relationship not in ("Alternative", "Data", "Source"):
        problems.append(_warning("the embedded file's relationship to the PDF is not stated"))
    return problems


def _claims(xmp: bytes | None) -> dict[str, str]:
    """The invoice properties in the metadata, by their names; empty where there are none."""
    if not xmp:
        return {}
    try:
        root = xml_trees.parse(xmp.strip(b"\0 \r\n\t"))
    except RefusedXml:
        return {}
    claims: dict[str, str] = {}
    for description in root.iter(f"{_RDF}Description"):
        # XMP writes a property as an attribute or as an element.
        stated = [(str(key), str(value)) for key, value in description.attrib.items()]
        stated += [(str(child.tag), child.text or "") for child in description]
        for key, value in stated:
            name = etree.QName(key) if key.startswith("{") else None
            if name is not None and name.namespace in _NAMESPACES:
                claims.setdefault(name.localname, value.strip())
    return claims


def _warning(text: str) -> Problem:
    return Problem(rule="FACTUR-X", text=text, holds=False)
