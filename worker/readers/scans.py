"""Pages without text, read by tesseract: words with their places, as from a text layer.

Tesseract is a program of its own, started in the limits of the process that reads; the picture goes
in by a pipe and the words come out by one, so nothing is written to disk. It is slow (a second or
more a page) and it errs, so only the first pages are read and what is found says where it is from.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache

import pypdfium2

from worker.readers.page_layout import Layout, Word, from_words
from worker.readers.pdf_attachments import UnreadablePdf

MAX_PAGES = 3
_TIMEOUT_S = 30
_DOTS_PER_POINT = 200 / 72
_MAX_PIXELS = 30_000_000
_MIN_CONFIDENCE = 30.0
# Invoices' languages, where Debian's packages for them are installed.
_LANGUAGES = ("eng", "deu", "fra", "nld", "ita", "spa")


class NoOcr(ValueError):
    """The picture was not read; the message says why in words for a person."""


def read_pdf(data: bytes) -> Layout:
    """The words on the first pages of a PDF, each page read as a picture."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdf(f"the PDF cannot be opened: {error}") from error
    try:
        if len(document) == 0:
            return Layout()
        width, height = document[0].get_size()
        words: list[Word] = []
        for index in range(min(len(document), MAX_PAGES)):
            picture = _picture(document[index])
            words.extend(_words(picture, index + 1, 1 / _DOTS_PER_POINT))
        return from_words(words, width=width, height=height, pages=len(document))
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdf(f"a page of the PDF is damaged: {error}") from error
    finally:
        document.close()


def read_picture(data: bytes) -> Layout:
    """The words in a picture: PNG, JPEG or TIFF."""
    words = list(_words(data, 1, 0.5))
    width = max((word.right for word in words), default=595.0)
    height = max((word.bottom for word in words), default=842.0)
    return from_words(words, width=width, height=height, pages=1)


def _picture(page: pypdfium2.PdfPage) -> bytes:
    """The page in shades of grey, in the plainest format there is (PGM)."""
    width, height = page.get_size()
    scale = min(_DOTS_PER_POINT, (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    rows = memoryview(bitmap.buffer).cast("B")
    lines = (
        bytes(rows[y * bitmap.stride : y * bitmap.stride + bitmap.width])
        for y in range(bitmap.height)
    )
    return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(lines)


def _words(picture: bytes, page: int, scale: float) -> Iterator[Word]:
    line_top, line_height = 0.0, 0.0
    for line in _tesseract(picture).splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) != 12:
            continue
        # Its box in dots, how sure tesseract is, and the text. Level 4 is a line, level 5 a word.
        left, top, width, height = (int(field) * scale for field in fields[6:10])
        if fields[0] == "4":
            line_top, line_height = top, height
        text = fields[11].strip()
        if fields[0] == "5" and text and float(fields[10]) >= _MIN_CONFIDENCE:
            # A word's own box is as high as its letters; its line's height makes words level,
            # and a font is higher than the letters of a line.
            bottom = line_top + 1.3 * line_height
            yield Word(text[:200], left, line_top, left + width, bottom, page)


def _tesseract(picture: bytes) -> str:
    program = shutil.which("tesseract")
    if program is None:
        raise NoOcr("tesseract, which reads scans, is not installed (apt install tesseract-ocr)")
    command = [program, "stdin", "stdout", "-l", _languages(program), "--psm", "6", "tsv"]
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            env={"PATH": os.defpath, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise NoOcr(f"reading the picture took longer than {_TIMEOUT_S} s") from error
    except (subprocess.CalledProcessError, OSError) as error:
        raise NoOcr("the picture cannot be read") from error
    return done.stdout.decode("utf-8", "replace")


@lru_cache(maxsize=1)
def _languages(program: str) -> str:
    """The languages that are installed, of those that invoices here are written in."""
    try:
        done = subprocess.run(
            [program, "--list-langs"], capture_output=True, timeout=_TIMEOUT_S, check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise NoOcr("tesseract does not start") from error
    installed = done.stdout.decode("ascii", "replace").split()
    return "+".join(name for name in _LANGUAGES if name in installed) or "eng"
