"""The metadata that marks a PDF as Factur-X (Factur-X 1.07, section 6: XMP extension schema)."""

from __future__ import annotations

_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = (
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document"),
    ("Version", "The version of the XML schema"),
    ("ConformanceLevel", "The conformance level of the XML"),
)


# What the guideline id (BT-24) ends in, and the word that Factur-X has for it.
_LEVELS = {
    "minimum": "MINIMUM",
    "basicwl": "BASIC WL",
    "basic": "BASIC",
    "extended": "EXTENDED",
}


def level_of(guideline: str) -> str:
    """The conformance level that a CII invoice's guideline id stands for."""
    if "xrechnung" in guideline or "xeinkauf" in guideline:
        return "XRECHNUNG"
    return _LEVELS.get(guideline.rpartition(":")[2].lower(), "EN 16931")


def factur_x(level: str) -> bytes:
    """The XMP fragment with the Factur-X schema and what this document says under it."""
    rows = "".join(
        "<rdf:li rdf:parseType='Resource'>"
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{text}</pdfaProperty:description></rdf:li>"
        for name, text in _PROPERTIES
    )
    return (
        "<rdf:Description xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        " xmlns:pdfaExtension='http://www.aiim.org/pdfa/ns/extension/'"
        " xmlns:pdfaSchema='http://www.aiim.org/pdfa/ns/schema#'"
        " xmlns:pdfaProperty='http://www.aiim.org/pdfa/ns/property#' rdf:about=''>"
        "<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType='Resource'>"
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{rows}</rdf:Seq></pdfaSchema:property>"
        "</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
        "<rdf:Description xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        f" xmlns:fx='{_NAMESPACE}' rdf:about=''>"
        "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>"
        "<fx:DocumentType>INVOICE</fx:DocumentType><fx:Version>1.0</fx:Version>"
        f"<fx:ConformanceLevel>{level}</fx:ConformanceLevel></rdf:Description>"
    ).encode()
