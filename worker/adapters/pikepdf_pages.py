"""Puts our sheet in front of a copy of the seller's pages, and reads finished PDFs back.

The copy is for looking at: actions, scripts and embedded files of the seller's file do not travel
(RELIABILITY row 25); the file itself goes along untouched as an attachment where that matters.
Runs in a press child only.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pikepdf
import pypdfium2

from worker.adapters import pdf_words
from worker.kernel.errors import PermanentError

MAX_PAGES = 500
_KEPT_ACTIONS = ("/URI", "/GoTo", "/Named")
_DROPPED_NOTES = ("/FileAttachment", "/Screen", "/RichMedia", "/Movie", "/Sound", "/3D")
_SPACE = re.compile(r"\s+")


def put_behind(sheet: bytes, sellers: bytes) -> bytes:
    """Our sheet, then a copy of the seller's pages in their own sizes."""
    try:
        with pikepdf.open(io.BytesIO(sheet)) as ours, pikepdf.open(io.BytesIO(sellers)) as theirs:
            if len(theirs.pages) > MAX_PAGES:
                raise PermanentError(f"The seller's PDF has more than {MAX_PAGES} pages.")
            for page in theirs.pages:
                _make_inert(page.obj)
            ours.pages.extend(theirs.pages)
            out = io.BytesIO()
            ours.save(out, deterministic_id=True, object_stream_mode=_OBJECT_STREAMS)
            return out.getvalue()
    except pikepdf.PasswordError as error:
        raise PermanentError("The seller's PDF is locked with a password.") from error
    except (pikepdf.PdfError, ValueError, TypeError) as error:
        raise PermanentError("The seller's PDF is damaged: its pages cannot be copied.") from error


_OBJECT_STREAMS = pikepdf.ObjectStreamMode.generate


def _make_inert(page: Any) -> None:
    """Leave links and looks of a page, and nothing that acts or carries a file."""
    for key in ("/AA", "/AF", "/PieceInfo", "/Thumb", "/Metadata"):
        if key in page:
            del page[key]
    if "/Annots" not in page:
        return
    kept = [note for note in page["/Annots"] if _is_kept(note)]
    for note in kept:
        _disarm(note)
    page["/Annots"] = pikepdf.Array(kept)


def _is_kept(note: Any) -> bool:
    return (
        isinstance(note, pikepdf.Dictionary) and str(note.get("/Subtype", "")) not in _DROPPED_NOTES
    )


def _disarm(note: Any) -> None:
    for key in ("/AA", "/AF", "/PA", "/FS"):
        if key in note:
            del note[key]
    action = note.get("/A")
    if action is None:
        return
    kind = str(action.get("/S", "")) if isinstance(action, pikepdf.Dictionary) else ""
    if kind not in _KEPT_ACTIONS:
        del note["/A"]
    elif "/Next" in action:
        del action["/Next"]


def read_back(
    pdf: bytes, *, must_show: Sequence[str], must_link: str | None
) -> tuple[int, list[str]]:
    """The number of pages, and which of the texts and the link the finished bytes do not carry."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        missing = _not_shown(must_show, pdf_words.of_pages(document))
        if missing:
            with closing(_texts(pdf)) as texts:
                missing = _not_shown(missing, texts)
        if must_link and must_link not in set(_links(document)):
            missing.append(must_link)
        return len(document.pages), missing


def _not_shown(must_show: Sequence[str], texts: Iterable[str]) -> list[str]:
    """Which texts are on no page. Our sheet comes first: the pages behind it are seldom read."""
    missing, shown = list(must_show), ""
    pages = iter(texts)
    while missing and (text := next(pages, None)) is not None:
        shown += _squeezed(text)
        missing = [each for each in missing if _squeezed(each) not in shown]
    return missing


def _texts(pdf: bytes) -> Generator[str, None, None]:
    """What a reader of any PDF finds on each page: thorough, and slow since it loads the fonts."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            words = page.get_textpage()
            yield words.get_text_bounded()
            words.close()
            page.close()
    finally:
        document.close()


def _links(document: pikepdf.Pdf) -> Iterator[str]:
    for page in document.pages:
        for note in page.obj.get("/Annots", []):
            action = note.get("/A")
            if isinstance(action, pikepdf.Dictionary) and "/URI" in action:
                yield str(action["/URI"])


def _squeezed(text: str) -> str:
    """Without any white space: a text layer may break a number over two lines."""
    return _SPACE.sub("", text)
