"""The text layer of a PDF as words with their places (pypdfium2)."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from worker.readers.page_layout import MAX_WORDS, Layout, Word, from_words
from worker.readers.pdf_attachments import UnreadablePdf

MAX_PAGES = 20
_MAX_CHARACTERS = 120_000
_BLANKS = frozenset(" \t\r\n\x00\xa0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\x02\ufffe\uffff")
# Shares of the text's height: the narrowest blank, and the gap that parts words without one.
_BLANK_WIDTH, _GAP_WIDTH, _CODE_WIDTH = 0.14, 0.22, 0.12
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def read(data: bytes) -> Layout:
    """The words of the first pages. A page without a text layer gives none."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdf(f"the PDF cannot be opened: {error}") from error
    try:
        words: list[Word] = []
        width, height = 595.0, 842.0
        count = len(document)
        for index in range(min(count, MAX_PAGES)):
            page = document[index]
            if index == 0:
                width, height = page.get_size()
            words.extend(_words(page, index + 1))
            page.close()
            if len(words) > MAX_WORDS:
                break
        return from_words(words, width=width, height=height, pages=count)
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdf(f"a page of the PDF is damaged: {error}") from error
    finally:
        document.close()


_Box = tuple[str, float, float, float, float]


def _words(page: pypdfium2.PdfPage, number: int) -> Iterator[Word]:
    """Characters joined to words where they touch; every character is asked for its box."""
    text_page = page.get_textpage()
    page_height = page.get_height()
    # The loose box is as high as the font, so words of one line are level whatever their letters.
    rectangle = pdfium.FS_RECTF()
    pointer = ctypes.byref(rectangle)
    run: list[_Box] = []
    after_blank = False
    for index in range(min(pdfium.FPDFText_CountChars(text_page), _MAX_CHARACTERS)):
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        if 0xD800 <= code <= 0xDFFF:
            continue
        character = chr(code or 32)
        if character in _BLANKS:
            after_blank = True
            continue
        pdfium.FPDFText_GetLooseCharBox(text_page, index, pointer)
        box = (character, rectangle.left, rectangle.top, rectangle.right, rectangle.bottom)
        if run and _is_apart(run[-1], box, after_blank=after_blank):
            yield _word(run, page_height, number)
            run = []
        run.append(box)
        after_blank = False
    if run:
        yield _word(run, page_height, number)
    text_page.close()


def _is_apart(one: _Box, other: _Box, *, after_blank: bool) -> bool:
    """Whether two characters that follow each other are of different words.

    The gap decides, not the blank alone: where letters are set apart (kerning), PDFium sees blanks
    inside words.
    """
    width = other[3] - other[1]
    if abs(other[1] - one[1]) < 0.5 and -0.5 <= other[4] - one[2] < 0.5 * width:
        # The text runs up the page: the next letter stands on top of this one.
        return other[4] - one[2] > _BLANK_WIDTH * width
    size = max(one[2] - one[4], other[2] - other[4], 4.0)
    gap = other[1] - one[3]
    # Both letters of a ligature have its whole box: one may begin before the other ends.
    if gap < -size or abs(other[4] - one[4]) > 0.6 * size:
        return True
    # A title may touch the name beside it in other letters; a raised letter is smaller, not larger.
    if other[2] - other[4] > 1.3 * (one[2] - one[4]) or (
        one[2] - one[4] > 1.3 * (other[2] - other[4]) and other[0].isupper()
    ):
        return True
    # A postal code stands close to its town, and a value to its label in a narrow table.
    is_code = one[0].isdigit() != other[0].isdigit() and (one[0] + other[0]).isalnum()
    if is_code and not after_blank:
        return gap > _CODE_WIDTH * size
    return gap > (_BLANK_WIDTH if after_blank else _GAP_WIDTH) * size


def _word(run: list[_Box], page_height: float, number: int) -> Word:
    return Word(
        text=_INVISIBLE.sub("", "".join(box[0] for box in run)) or " ",
        left=min(box[1] for box in run),
        top=page_height - max(box[2] for box in run),
        right=max(box[3] for box in run),
        bottom=page_height - min(box[4] for box in run),
        page=number,
    )
