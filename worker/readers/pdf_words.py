"""The text layer of a PDF as words with their places (pypdfium2)."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from worker.readers import pdf_visibility
from worker.readers.page_layout import MAX_WORDS, Layout, Word, from_words
from worker.readers.pdf_attachments import UnreadablePdf
from worker.readers.pdf_visibility import Placed, Seen, Turn

MAX_PAGES = 20
_MAX_CHARACTERS = 120_000
_SAMPLES = 60
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
        hidden: list[Word] = []
        behind = 0
        width, height = 595.0, 842.0
        count = len(document)
        for index in range(min(count, MAX_PAGES)):
            page = document[index]
            seen, size = _seen(page, index + 1)
            width, height = size if index == 0 else (width, height)
            words += seen.shown
            hidden += seen.hidden
            behind += seen.behind
            page.close()
            if len(words) > MAX_WORDS:
                break
        layout = from_words(words, width=width, height=height, pages=count)
        layout.hidden = tuple(hidden)
        layout.is_behind_picture = behind > len(words) / 2
        return layout
    except pypdfium2.PdfiumError as error:
        raise UnreadablePdf(f"a page of the PDF is damaged: {error}") from error
    finally:
        document.close()


_Box = tuple[str, float, float, float, float]


def _seen(page: pypdfium2.PdfPage, number: int) -> tuple[Seen, tuple[float, float]]:
    """The words of a page, turned so that they are level, and the size of the page then."""
    text_page = page.get_textpage()
    width, height = page.get_size()
    if page.get_rotation() in (90, 270):
        width, height = height, width
    turn = Turn(_quarters(text_page), width, height)
    try:
        placed = list(_words(text_page, number, turn))
        return pdf_visibility.sort_out(page, text_page, placed, turn), turn.size
    finally:
        text_page.close()


def _quarters(text_page: pypdfium2.PdfTextPage) -> int:
    """By how many quarters most of the text runs away from the level."""
    count = pdfium.FPDFText_CountChars(text_page)
    step = max(1, count // _SAMPLES)
    votes = [
        # PDFium counts the angle clockwise.
        -round(2 * pdfium.FPDFText_GetCharAngle(text_page, index) / math.pi) % 4
        for index in range(0, min(count, step * _SAMPLES), step)
    ]
    return max(set(votes), key=votes.count, default=0)


def _words(text_page: pypdfium2.PdfTextPage, number: int, turn: Turn) -> Iterator[Placed]:
    """Characters joined to words where they touch; every character is asked for its box."""
    page_height = turn.size[1]
    # The loose box is as high as the font, so words of one line are level whatever their letters.
    rectangle = pdfium.FS_RECTF()
    pointer = ctypes.byref(rectangle)
    unicode_of, box_of = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    run: list[_Box] = []
    start = 0
    after_blank = False
    for index in range(min(pdfium.FPDFText_CountChars(text_page), _MAX_CHARACTERS)):
        code = unicode_of(text_page, index)
        if 0xD800 <= code <= 0xDFFF:
            continue
        character = chr(code or 32)
        if character in _BLANKS:
            after_blank = True
            continue
        box_of(text_page, index, pointer)
        box = (character, rectangle.left, rectangle.top, rectangle.right, rectangle.bottom)
        if turn.quarters:
            left, bottom, right, top = turn.box(box[1], box[4], box[3], box[2])
            box = (character, left, top, right, bottom)
        if run and not _touches(run[-1], box) and _is_apart(run[-1], box, after_blank=after_blank):
            yield Placed(_word(run, page_height, number), start)
            run = []
        start = start if run else index
        run.append(box)
        after_blank = False
    if run:
        yield Placed(_word(run, page_height, number), start)


def _touches(one: _Box, other: _Box) -> bool:
    """Whether two letters plainly stand side by side, as nearly all do: asked first, for speed."""
    if one[2] != other[2] or one[4] != other[4]:
        return False
    return -0.5 < other[1] - one[3] < 0.1 * (other[2] - other[4])


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
