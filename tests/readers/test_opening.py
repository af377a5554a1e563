"""Opening mails: nothing crashes, nothing is lost, and what is doubtful says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.readers.mime import DEPTH_MAX, PARTS_MAX
from worker.readers.opening import OpenedMail, is_mail, open_mail

MAILS = Path(__file__).parent / "mail"
HEAD = b"From: bea@seller.example\r\nTo: invoices@worker.example\r\nSubject: x\r\n"


def opened(name: str) -> OpenedMail:
    return open_mail((MAILS / f"{name}.eml").read_bytes())


def attachments(mail: OpenedMail) -> list[tuple[str, str | None]]:
    return [(part.media_type, part.name) for part, _ in mail.parts if part.is_attachment]


def test_a_plain_mail_is_opened() -> None:
    mail = opened("plain")
    assert mail.is_mail
    assert mail.body.strip() == "Hello,\nplease find our invoice below."
    assert mail.problems == ()
    assert mail.envelope.subject == "document"
    assert mail.envelope.date == "2026-11-02T10:00:00+00:00"
    assert mail.envelope.message_id == "<case@seller.example>"
    assert mail.envelope.language == "en"


def test_parts_carry_their_decoded_bytes() -> None:
    mail = opened("pdf_attached")
    assert mail.body.strip() == "See attached."
    (text, _), (pdf, data) = mail.parts
    assert (text.is_attachment, pdf.is_attachment) == (False, True)
    assert (pdf.media_type, pdf.name, pdf.index) == ("application/pdf", "inv.pdf", 1)
    assert data.startswith(b"%PDF-1.4")
    assert pdf.size_bytes == len(data)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("unterminated", "A multipart is not closed."),
        ("duplicate_boundary", "A multipart's boundary never appears."),
        ("boundary_prefix", "Two ways of reading the mail's parts give different parts."),
        ("two_content_types", "Two ways of reading the mail's parts give different parts."),
        ("missing_boundary", "A multipart names no boundary."),
        ("winmail_dat", "winmail.dat cannot be read."),
        ("encrypted_p7m", "smime.p7m cannot be read. It is encrypted"),
        ("pdf_declared_exe_inside", "inv.pdf cannot be read. It is a program"),
        ("utf7_body", "The text's character set is unknown or wrong"),
        ("unknown_charset", "The text's character set is unknown or wrong"),
        ("wrong_charset", "The text's character set is unknown or wrong"),
        ("declared_ascii_is_utf8", "The text's character set is unknown or wrong"),
        ("bare_cr", "The mail's lines end with bare carriage returns."),
        ("nul_in_from", "A header holds a NUL character or a bare carriage return."),
        ("smuggled_mail", "A line that some mail servers take for the end of a mail"),
    ],
)
def test_what_is_doubtful_is_named(name: str, problem: str) -> None:
    mail = opened(name)
    said = (*mail.problems, *mail.warnings, *mail.unreadable)
    assert any(text.startswith(problem) for text in said), said


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("utf7_body", "Hi +ADw-script+AD4-"),
        ("unknown_charset", "Grüße"),
        ("wrong_charset", "Gr��e"),
        ("declared_ascii_is_utf8", "Grüße"),
        ("iso2022jp", "請求書を添付します。"),
        ("flowed", "This is one paragraph.\n> quoted too\n-- \nBea"),
        ("html_only", "Hello Bea,\n\nTotal\t120,00 €\n\n> quoted"),
    ],
)
def test_text_is_what_a_person_would_read(name: str, text: str) -> None:
    assert opened(name).body.strip() == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("bidi_file_name", ["invoice_fdp.exe"]),
        ("split_file_name", ["Rechnung über 7.pdf"]),
        ("path_in_file_name", ["passwd", "_CON.pdf", "n" * 115 + "….pdf"]),
    ],
)
def test_file_names_are_only_ever_shown(name: str, shown: list[str]) -> None:
    assert [name for _, name in attachments(opened(name))] == shown


def test_junk_in_base64_does_not_hide_an_attachment() -> None:
    assert attachments(opened("base64_with_junk")) == [("application/pdf", "inv.pdf")]


def test_parts_of_a_forwarded_mail_are_parts() -> None:
    assert ("application/pdf", "inv.pdf") in attachments(opened("forward_attached"))


def test_a_thousand_mails_in_each_other_are_read_to_the_limit() -> None:
    layer = b"Content-Type: message/rfc822\r\n\r\n"
    mail = open_mail(HEAD + layer * 1000 + b"\r\ndeep\r\n")
    assert f"The mail's parts are nested deeper than {DEPTH_MAX} levels." in mail.problems


def test_deep_multiparts_are_read_to_the_limit() -> None:
    data = HEAD
    for depth in range(60):
        data += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
    mail = open_mail(data + b"\r\ndeep\r\n")
    assert f"The mail's parts are nested deeper than {DEPTH_MAX} levels." in mail.problems


def test_too_many_parts_are_read_to_the_limit() -> None:
    parts = b"--b\r\nContent-Type: text/plain; name=a\r\n\r\nx\r\n" * 2000
    mail = open_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts)
    assert f"The mail has more than {PARTS_MAX} parts." in mail.problems
    assert len(mail.parts) <= PARTS_MAX


def test_html_of_any_depth_is_read() -> None:
    html = b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000
    mail = open_mail(HEAD + b"Content-Type: text/html\r\n\r\n" + html)
    assert mail.body.strip() == "deep"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"%PDF-1.4\n",
        b"PK\x03\x04rest",
        b"UNA:+.? 'UNB+UNOC:3",
        b":20:STARTUMS\n:25:123",
        b"OFXHEADER:100\nDATA:OFXSGML\n",
        b"<?xml version='1.0'?><a/>",
        b"Invoice No: 7\nTotal: 120.00\n",
        b"number;date;total\n",
    ],
)
def test_what_is_no_mail_is_not_taken_for_one(data: bytes) -> None:
    assert not is_mail(data)
    assert not open_mail(data).is_mail


FRAGMENTS = st.sampled_from(
    [
        HEAD,
        b"From: a@b.example\n",
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: multipart/alternative; boundary=bb\r\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: text/html; charset=utf-16\n",
        b"Content-Type: text/plain; format=flowed; delsp=yes\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        b"Content-Disposition: attachment; filename*0*=x'y'%FF; filename*1=z\n",
        b"Subject: =?utf-8?b?////?= =?x?q?=ZZ?=\n",
        b"Authentication-Results: a; dmarc=pass (((\n",
        b"\n",
        b"\r\n\r\n",
        b"--b\n",
        b"--b--\n",
        b"--bb\r\n",
        b"begin 644 x\n",
        b"> From: x <x@y.example>\n> To: y\n",
        b"<table><tr><td>x<blockquote>",
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=40)), max_size=30))
def test_no_bytes_make_opening_fail(pieces: list[bytes]) -> None:
    mail = open_mail(HEAD + b"".join(pieces))
    assert mail.is_mail
    assert [part.index for part, _ in mail.parts] == list(range(len(mail.parts)))
    assert all(part.size_bytes == len(data) for part, data in mail.parts)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_opening_fail(data: bytes) -> None:
    open_mail(data)
