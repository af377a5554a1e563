"""HTML to PDF with WeasyPrint, the fast way round (runs in a press child only).

What makes it fast: one font configuration for all documents, since building fonts costs more than a
page; style sheets parsed once per template set and passed as objects; what elements look like
computed once; pictures of the set decoded once. What makes it safe: a fetcher that knows the files
of the set and the pictures of this document, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import mimetypes
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import TreeBuilder

import pydyf  # type: ignore[import-untyped]
from cssselect2 import ElementWrapper  # type: ignore[import-untyped]
from lxml import etree
from weasyprint import CSS, HTML
from weasyprint import Attachment as EmbeddedFile
from weasyprint.document import Document
from weasyprint.html import UA
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from worker.adapters.qr_codes import qr_png
from worker.adapters.templating import TemplateFault
from worker.adapters.weasyprint_styles import OF_THE_PAGE, Moulds

# A base that relative addresses can be joined to; ".invalid" can never be a host (RFC 2606).
_BASE = "http://set.invalid/"
QR_ADDRESS = f"{_BASE}qr.png"
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "image/webp")
_DATA = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,", re.ASCII)
_NOTE_RULES = re.compile(r"^::(?:marker|footnote|note)[^{]*\{[^}]*\}$", re.MULTILINE)
_NOTES = re.compile(r"<(?:li|summary)\b|list-item|footnote|note-call|\bnote\b", re.IGNORECASE)
_MAX_PICTURE_BYTES = 2 << 20
_MAX_KEPT_PICTURES = 32

logging.getLogger("weasyprint").setLevel(logging.CRITICAL)


class _SetFetcher(URLFetcher):  # type: ignore[misc]
    """Gives files of the template set, pictures written as `data:`, and this document's QR code.

    Everything else is refused, and the refusals are kept: a template that asks for more is told so.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._folder = folder.resolve()
        self.qr: bytes | None = None
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The content of an address; headers are of no use here."""
        del headers
        if url == QR_ADDRESS and self.qr is not None:
            return URLFetcherResponse(url, self.qr, {"Content-Type": "image/png"})
        content = self._picture(url) if url.startswith("data:") else self._file(url)
        if content is None:
            self.refused.append(url[:120])
            raise ValueError("This address is not of the template set.")
        media_type, data = content
        return URLFetcherResponse(url, data, {"Content-Type": media_type})

    def _file(self, url: str) -> tuple[str, bytes] | None:
        if not url.startswith(_BASE):
            return None
        path = (self._folder / url.removeprefix(_BASE)).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return media_type, path.read_bytes()

    def _picture(self, url: str) -> tuple[str, bytes] | None:
        head = _DATA.match(url)
        if not head or head[1] not in _PICTURES or len(url) > _MAX_PICTURE_BYTES * 4 // 3:
            return None
        try:
            return head[1], base64.b64decode(url[head.end() :], validate=True)
        except binascii.Error:
            return None


class _Page(HTML):  # type: ignore[misc]
    """A page of ours, read and styled in less time; what comes out is the same to the byte.

    WeasyPrint's own reader is a Python one, and its basic style sheet makes a marker and five kinds
    of footnote for every element, whether the page has lists and notes or not. Both are replaced
    here; a test holds the outcome against plain `HTML`, and the version is pinned.
    """

    def __init__(self, html: str, fetcher: URLFetcher, moulds: Moulds, *, has_notes: bool) -> None:
        builder: Any = _TreeBuilder()
        # Without huge_tree it would drop what is nested deeper than 256, and not say so.
        parser = etree.HTMLParser(
            target=builder, encoding="utf-8", remove_comments=True, huge_tree=True
        )
        root: Any = etree.fromstring(html.encode("utf-8"), parser)
        self.base_url, self.url_fetcher, self.media_type = _BASE, fetcher, "print"
        self.wrapper_element = ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = self.wrapper_element.etree_element
        self._has_notes = has_notes
        self.moulds = moulds

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        if self._has_notes or forms:
            return list(super()._ua_stylesheets(forms))
        return [_without_notes()]


class _TreeBuilder(TreeBuilder):
    def start(self, tag: str, attrs: Any, /) -> Any:
        return super().start(tag, dict(attrs))


@lru_cache(maxsize=1)
def _without_notes() -> CSS:
    return CSS(string=_NOTE_RULES.sub("", UA))


class Fonts:
    """The fonts of a set, shared by every set that has the same font files."""

    _known: dict[str, FontConfiguration] = {}  # noqa: RUF012 - one per process, by design.

    @classmethod
    def of(cls, folder: Path) -> FontConfiguration:
        """The configuration for the fonts in this folder; made once."""
        digest = hashlib.sha256()
        for path in sorted((folder / "pdf" / "fonts").glob("*.[to]tf")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return cls._known.setdefault(digest.hexdigest(), FontConfiguration())


class _Style(NamedTuple):
    sheet: CSS
    may_note: bool
    is_of_the_page: bool


class Printer:
    """Prints the documents of one template set; without short cuts for comparison only."""

    def __init__(self, folder: str, *, takes_short_cuts: bool = True) -> None:
        self._takes_short_cuts = takes_short_cuts
        self._folder = Path(folder)
        self._fetcher = _SetFetcher(self._folder)
        self._fonts = Fonts.of(self._folder)
        self._styles: dict[str, _Style] = {}
        self._moulds = Moulds()
        self._pictures: dict[str, Any] = {}

    def print(
        self,
        document: str,
        html: str,
        *,
        qr_text: str | None,
        attachments: Sequence[EmbeddedFile],
        xmp: bytes | None,
    ) -> bytes:
        """The PDF of a finished page; TemplateFault when it asks for what it may not have."""
        self._fetcher.qr = qr_png(qr_text) if qr_text else None
        self._fetcher.refused = []
        try:
            style = self._style(document)
            # PDF/A-3u where files are embedded: that is what Factur-X is built on.
            variant = "pdf/a-3u" if attachments else None
            options = {
                "stylesheets": [style.sheet],
                "cache": self._pictures,
                "pdf_variant": variant,
            }
            rendered = self._laid_out(html, style, options)
            rendered.metadata.xmp_metadata = [xmp] if xmp else []
            pdf: bytes = rendered.write_pdf(
                attachments=list(attachments) or None,
                finisher=_pack_once if variant and self._takes_short_cuts else None,
                **options,
            )
            self._moulds.learn()
        finally:
            self._moulds.forget()
            self._forget_pictures()
        if self._fetcher.refused:
            raise TemplateFault(
                f"pdf/{document}",
                None,
                f"'{self._fetcher.refused[0]}' is not a file of the template set.",
                "Put it beside the templates and name it from there.",
            )
        return pdf

    def _laid_out(self, html: str, style: _Style, options: dict[str, Any]) -> Document:
        if not self._takes_short_cuts:
            page = HTML(string=html, base_url=_BASE, url_fetcher=self._fetcher)
            return page.render(font_config=self._fonts, **options)
        has_notes = style.may_note or _NOTES.search(html) is not None
        page = _Page(html, self._fetcher, self._moulds, has_notes=has_notes)
        if style.is_of_the_page or OF_THE_PAGE.search(html):
            return page.render(font_config=self._fonts, **options)
        return self._moulds.render(page, self._fonts, options)

    def _style(self, document: str) -> _Style:
        """The sheets of a document as one, shared ones first, and whether it may set notes."""
        if document not in self._styles:
            folder = self._folder / "pdf"
            paths = [*sorted(folder.glob("*.css")), *sorted((folder / document).glob("*.css"))]
            text = "\n".join(path.read_text("utf-8") for path in paths)
            sheet = CSS(
                string=text, base_url=_BASE, url_fetcher=self._fetcher, font_config=self._fonts
            )
            may_note = _NOTES.search(text) is not None
            made = _Style(sheet, may_note, OF_THE_PAGE.search(text) is not None)
            if self._fetcher.refused:
                return made  # Not kept: the next order must be refused as well.
            self._styles[document] = made
        return self._styles[document]

    def _forget_pictures(self) -> None:
        """Keep the set's own pictures decoded; what belongs to one document, or failed, goes."""
        for address in [QR_ADDRESS, *(key for key, made in self._pictures.items() if made is None)]:
            self._pictures.pop(address, None)
        if len(self._pictures) > _MAX_KEPT_PICTURES:
            self._pictures.clear()


class _Packed(pydyf.Object):  # type: ignore[misc]
    """An object of a PDF as the bytes that it is written as."""

    compressible = False
    data = b""

    def __init__(self, stream: pydyf.Stream) -> None:
        super().__init__()
        self.number, self.generation, self.data = stream.number, stream.generation, stream.data


def _pack_once(document: Document, pdf: pydyf.PDF) -> None:
    """A PDF/A has a hash of its content: without this, fonts and pages are compressed twice."""
    del document
    pdf.objects[:] = [
        _Packed(each) if isinstance(each, pydyf.Stream) else each for each in pdf.objects
    ]


def embedded(name: str, content: bytes, relationship: str, description: str) -> EmbeddedFile:
    """A file to embed. Its dates are fixed: the same order makes the same bytes."""
    born = datetime(2000, 1, 1, tzinfo=UTC)
    return EmbeddedFile(
        string=content,
        name=name,
        description=description or None,
        created=born,
        modified=born,
        relationship=relationship,
    )
