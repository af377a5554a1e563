"""Our own invoices to read, and PDFs made around them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pikepdf

FILES = Path(__file__).parent / "files"

_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#" rdf:about=""
 fx:ConformanceLevel="{level}" fx:DocumentFileName="{name}" fx:DocumentType="INVOICE"
 fx:Version="1.0"/>
</rdf:RDF></x:xmpmeta>"""


def sample(name: str, *changes: tuple[str, str]) -> bytes:
    """A file of ours with parts of its text changed; each change must find something."""
    text = (FILES / name).read_text("utf-8")
    for old, new in changes:
        assert old in text, f"{old!r} is not in {name}"
        text = text.replace(old, new)
    return text.encode("utf-8")


def pdf_with(
    files: dict[str, bytes],
    *,
    level: str | None = "EN 16931",
    on_page: bool = False,
    into: bytes | None = None,
) -> bytes:
    """A PDF (else an empty page) that carries these files; `on_page` hangs them on a page."""
    pdf = pikepdf.open(io.BytesIO(into)) if into else pikepdf.new()
    if into is None:
        pdf.add_blank_page(page_size=(595, 842))
    for name, data in files.items():
        # pikepdf's stub lacks an argument that its documentation has.
        spec = pikepdf.AttachedFileSpec(  # type: ignore[call-arg]
            pdf, data, filename=name, relationship=pikepdf.Name("/Alternative")
        )
        if on_page:
            note = pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.FileAttachment,
                Rect=[0, 0, 10, 10],
                FS=spec.obj,
            )
            pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([note]))
        else:
            pdf.attachments[name] = spec
    if level is not None:
        stream = pdf.make_stream(_XMP.format(level=level, name=next(iter(files))).encode())
        stream.Type, stream.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
        pdf.Root.Metadata = stream
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def pdf_of(text: str) -> bytes:
    """A page that shows this text in a font of even width, each line where it stands."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Courier,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    shown = []
    for number, line in enumerate(text.splitlines()):
        escaped = re.sub(rb"([\\()])", rb"\\\1", line.encode("cp1252", "replace"))
        shown.append(b"BT /F1 8 Tf 30 %d Td (%s) Tj ET" % (800 - 12 * number, escaped))
    page.obj.Contents = pdf.make_stream(b"\n".join(shown))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()
