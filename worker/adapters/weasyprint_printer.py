"""HTML to PDF with WeasyPrint, the fast way round (runs in a press child only).

What makes it fast: one font configuration for all documents, since building fonts costs more than a
page; style sheets parsed once per template set and passed as objects; pictures of the set decoded
once. What makes it safe: a fetcher that knows the files of the set and the pictures of this
document, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import logging
import mimetypes
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import segno
from weasyprint import CSS, HTML
from weasyprint import Attachment as EmbeddedFile
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from worker.adapters.templating import TemplateFault

# A base that relative addresses can be joined to; ".invalid" can never be a host (RFC 2606).
_BASE = "http://set.invalid/"
QR_ADDRESS = f"{_BASE}qr.png"
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "image/webp")
_DATA = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,", re.ASCII)
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


class Printer:
    """Prints the documents of one template set."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._fetcher = _SetFetcher(self._folder)
        self._fonts = Fonts.of(self._folder)
        self._styles: dict[str, list[CSS]] = {}
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
            page = HTML(string=html, base_url=_BASE, url_fetcher=self._fetcher)
            # PDF/A-3u where files are embedded: that is what Factur-X is built on.
            variant = "pdf/a-3u" if attachments else None
            options = {"stylesheets": self._style(document), "cache": self._pictures}
            rendered = page.render(font_config=self._fonts, pdf_variant=variant, **options)
            rendered.metadata.xmp_metadata = [xmp] if xmp else []
            pdf: bytes = rendered.write_pdf(
                pdf_variant=variant, attachments=list(attachments) or None, **options
            )
        finally:
            self._forget_pictures()
        if self._fetcher.refused:
            raise TemplateFault(
                f"pdf/{document}",
                None,
                f"'{self._fetcher.refused[0]}' is not a file of the template set.",
                "Put it beside the templates and name it from there.",
            )
        return pdf

    def _style(self, document: str) -> list[CSS]:
        if document not in self._styles:
            paths = [*(self._folder / "pdf").glob("*.css")]
            paths += (self._folder / "pdf" / document).glob("*.css")
            self._styles[document] = [
                CSS(
                    string=path.read_text("utf-8"),
                    base_url=_BASE,
                    url_fetcher=self._fetcher,
                    font_config=self._fonts,
                )
                for path in paths
            ]
        return self._styles[document]

    def _forget_pictures(self) -> None:
        """Keep the set's own pictures decoded; what belongs to one document goes."""
        self._pictures.pop(QR_ADDRESS, None)
        if len(self._pictures) > _MAX_KEPT_PICTURES:
            self._pictures.clear()


def qr_png(text: str) -> bytes:
    """A QR code with a fixed mask: choosing the best of eight takes longer than drawing it."""
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=4)
    out = io.BytesIO()
    code.save(out, kind="png", scale=4, border=0)
    return out.getvalue()


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
