"""Files made to take a reader's time and memory, read where the worker reads them: in a child.

The child's own limits are the measure: one that is ended gives PermanentError in place of a
reading. What is expected here is an answer, far inside those limits.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

import pikepdf
import pytest

from tests.readers.samples import FILES, pdf_of
from worker.adapters.zygote import Limits
from worker.adapters.zygote_reader import ZygoteReader
from worker.kernel.errors import PermanentError
from worker.readers import Examined

TEXT = (FILES / "plain" / "german_window.txt").read_text("utf-8")
# A tenth of the real limit of 20 s: wide enough for a busy machine, far too short for a bomb.
LIMITS = Limits(cpu_s=2.0, wall_s=60.0)
# A pattern whose time grows with the square of the text needs minutes for this much.
SIZE = 8_000


@pytest.fixture(scope="module")
def reader() -> Iterator[ZygoteReader]:
    with ZygoteReader(size=1, limits=LIMITS) as reader:
        reader.start()
        yield reader


def saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, compress_streams=False)
    return out.getvalue()


def flate_bomb() -> bytes:
    """A page whose drawing is 40 MB of blanks in 40 kB."""
    with pikepdf.open(io.BytesIO(pdf_of(TEXT))) as pdf:
        packed = zlib.compress(b" " * 40_000_000, 9)
        bomb = pikepdf.Stream(pdf, packed, Filter=pikepdf.Name.FlateDecode)
        pdf.pages[0].obj.Contents = pdf.make_indirect(bomb)
        return saved(pdf)


def xobject_in_itself() -> bytes:
    """A form that draws itself, and again through another one."""
    with pikepdf.open(io.BytesIO(pdf_of(TEXT))) as pdf:
        form = pdf.make_stream(b"/F Do /F Do")
        form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        form.BBox = [0, 0, 595, 842]
        form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        pdf.pages[0].obj.Resources.XObject = pikepdf.Dictionary(F=form)
        pdf.pages[0].contents_add(pdf.make_stream(b"/F Do"))
        return saved(pdf)


def outline_in_a_circle() -> bytes:
    with pikepdf.open(io.BytesIO(pdf_of(TEXT))) as pdf:
        item = pdf.make_indirect(pikepdf.Dictionary(Title="again"))
        item.Next = item
        pdf.Root.Outlines = pdf.make_indirect(pikepdf.Dictionary(First=item, Last=item, Count=9))
        return saved(pdf)


def many_objects() -> bytes:
    objects = b"".join(b"%d 0 obj null endobj\n" % number for number in range(9, 60_000))
    return pdf_of(TEXT).replace(b"%%EOF", objects + b"%%EOF")


def xref_loop() -> bytes:
    """The table of objects names itself as the one before it."""
    data = pdf_of(TEXT)
    at = data.rfind(b"startxref")
    place = data[at:].split()[1]
    return data.replace(b"trailer <<", b"trailer << /Prev " + place + b" ")


def map_from_a_path() -> bytes:
    """A font whose character map is named by a path: nothing is opened for it."""
    with pikepdf.open(io.BytesIO(pdf_of(TEXT))) as pdf:
        font = pdf.pages[0].obj.Resources.Font.F1
        font.Encoding = pikepdf.Name("/../../../../etc/passwd")
        font.ToUnicode = pikepdf.Name("/../../../../etc/passwd")
        return saved(pdf)


PDFS = {
    "a bomb of blanks": flate_bomb,
    "an outline in a circle": outline_in_a_circle,
    "sixty thousand objects": many_objects,
    "a table of objects that loops": xref_loop,
    "a character map that is a path": map_from_a_path,
}


@pytest.mark.parametrize("what", PDFS)
def test_a_pdf_that_wants_more_than_its_share_gets_an_answer(
    reader: ZygoteReader, what: str
) -> None:
    assert isinstance(reader.examine(PDFS[what]()), Examined)


def test_a_form_that_draws_itself_is_set_aside_and_the_next_file_read(reader: ZygoteReader) -> None:
    with pytest.raises(PermanentError, match="Set aside"):
        reader.examine(xobject_in_itself())
    assert reader.examine(pdf_of(TEXT)).reading.invoices[0].number == "LH-2026-0120"


def test_a_pdf_that_is_a_mail_and_a_page_too_is_read_as_what_it_begins_with(
    reader: ZygoteReader,
) -> None:
    both = b"<html>From: a@x.example\r\n\r\n</html>\n" + pdf_of(TEXT) + b"PK\x05\x06" + b"\0" * 18
    found = reader.examine(both)
    assert [part.media_type for part in found.parts] in (["application/pdf"], ["text/html"])


HEADS = {
    "plain text": b"",
    "a mail": b"From: a@x.example\r\nSubject: Invoice 7\r\n\r\n",
    "a mail in HTML": b"From: a@x.example\r\nContent-Type: text/html\r\n\r\n<p>",
    "a forward": b"From: a@x.example\r\nSubject: Fwd: x\r\n\r\n---- Forwarded message ----\n",
    "a bounce": b"From: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nSubject: failed\r\n\r\n",
    "a recipient": b"From: a@x.example\r\nTo: ",
    "a sender": b"To: a@x.example\r\nFrom: ",
    "a subject": b"From: a@x.example\r\nSubject: ",
    "a type": b"From: a@x.example\r\nContent-Type: ",
    "a server's word": b"From: a@x.example\r\nAuthentication-Results: ",
}
UNITS = [
    b"1.000", b"1,000.", b"0" * 40 + b" ", b"DE02 ", b"Invoice no ", b"Total: ", b"30 days net ",
    b"1/1/20 ", b"- ", b"-=- ", b"12345 T ", b"(reason: ", b"<td>", b"x@", b"<a@", b"=?a?q?", b",",
    b"Rechnung Nr. 1 vom ", b"\n> ", b"a-", b"\xe2\x80\xae", b"On x wrote:\n", b"From: a\n",
    b"550 ", b"--b\n", b"wir werden ", b" \n", b'"', b"_", b"<div>",
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
def test_no_repeated_text_keeps_a_pattern_busy(reader: ZygoteReader, head: str) -> None:
    for unit in UNITS:
        text = unit * (SIZE // len(unit))
        in_field = not HEADS[head].endswith((b"\n", b">")) and HEADS[head]
        data = HEADS[head] + (text.replace(b"\n", b" ") + b"\r\n\r\nx" if in_field else text)
        assert isinstance(reader.examine(data), Examined), unit
