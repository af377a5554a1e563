"""The message of a notice: the same bytes each time, and headers that nobody can break."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.papers import TextKind, words_of
from worker.businesses import MailRules, Rules
from worker.delivery import EmailWords, Enclosure, Notice, build, notice_of
from worker.delivery.addressing import envelope_from, reply_to
from worker.kernel.errors import PermanentError
from worker.kernel.ids import new_id
from worker.kernel.mail import UnsafeHeader

SECRET = b"0" * 32
WORDS = EmailWords("Rechnung 17 für Sie", "<p>Guten Tag – 12 €</p>", "Guten Tag – 12 €")
PDF = Enclosure("17.pdf", "application/pdf", bytes(range(256)) * 40)
LOGO = Enclosure("logo.png", "image/png", b"\x89PNG", content_id="logo")


def rules(**mail: object) -> Rules:
    own = {"from_address": "bills@acme.example", "from_name": "Acme: Lampen", **mail}
    return Rules(key="acme", name="Acme", mail=MailRules.model_validate(own))


def notice(recipient: str = "ann@customer.example") -> Notice:
    return Notice(
        business="acme",
        id="ntc_" + "a" * 26,
        kind="invoice",
        subject_id="inv_1",
        recipient=recipient,
        language="de",
        message_id="<0123456789abcdef@acme.example>",
        queued_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    )


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_same_notice_is_the_same_bytes() -> None:
    first = build(notice(), WORDS, rules(), [LOGO, PDF], secret=SECRET)
    assert build(notice(), WORDS, rules(), [LOGO, PDF], secret=SECRET) == first


def test_words_files_and_logo_arrive_as_they_were() -> None:
    message = parsed(build(notice(), WORDS, rules(), [LOGO, PDF], secret=SECRET).content)
    assert message["Subject"] == WORDS.subject
    assert words_of(message).strip() == WORDS.text
    assert words_of(message, "html").strip() == WORDS.html
    assert [a.get_content() for a in message.iter_attachments()] == [PDF.content]
    shown = [p for p in message.walk() if p["Content-ID"] == "<logo>"]
    assert [p.get_content() for p in shown] == [LOGO.content]


def test_one_of_each_header_and_no_answer_from_programs() -> None:
    message = parsed(build(notice(), WORDS, rules(), [], secret=SECRET).content)
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert len(message.get_all(name, [])) == 1
    assert message["Auto-Submitted"] == "auto-generated"
    # Exchange junks a From name with a colon.
    assert message["From"] == "Acme Lampen <bills@acme.example>"


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=120))
def test_names_and_subjects_arrive_as_they_were_written(written: str) -> None:
    words = " ".join(written.split()) or "-"
    mail = rules(from_name=words.replace(":", " "))
    content = build(notice(), EmailWords(words, "", ""), mail, [], secret=SECRET).content
    message = message_from_bytes(content)
    assert str(make_header(decode_header(message["Subject"]))) == words
    # The newer parser puts a space between two encoded words of a name.
    name, address = parseaddr(message["From"])
    assert str(make_header(decode_header(name))) == " ".join(words.replace(":", " ").split())
    assert address == "bills@acme.example"
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")))
def test_every_text_arrives_as_it_was_written(written: str) -> None:
    words = EmailWords("-", f"<p>{written}</p>", written)
    message = parsed(build(notice(), words, rules(), [], secret=SECRET).content)
    sent_as: dict[TextKind, str] = {"plain": words.text, "html": words.html}
    for kind, sent in sent_as.items():
        got = words_of(message, kind)
        assert got.encode().splitlines() == (sent.encode() or b"\n").splitlines()


@pytest.mark.parametrize("name", ["17.pdf", "Rechnung Nr. 17.pdf", "Größe.pdf", 'a"b.pdf'])
def test_a_file_keeps_its_name(name: str) -> None:
    file = Enclosure(name, "application/pdf", b"%PDF")
    message = parsed(build(notice(), WORDS, rules(), [file], secret=SECRET).content)
    assert [a.get_filename() for a in message.iter_attachments()] == [name]


def test_line_ends_are_those_of_mail_and_lines_are_short() -> None:
    content = build(notice(), WORDS, rules(), [LOGO, PDF], secret=SECRET).content
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert max(len(line) for line in content.split(b"\r\n")) <= 100
    assert content.isascii()


@pytest.mark.parametrize("subject", ["a\r\nBcc: x@y.example", "a\nb", "a\x00b"])
def test_a_subject_with_a_line_break_is_refused(subject: str) -> None:
    with pytest.raises(UnsafeHeader):
        build(notice(), EmailWords(subject, "", ""), rules(), [], secret=SECRET)


def test_what_is_larger_than_goes_out_is_refused_with_the_setting_to_change() -> None:
    large = Enclosure("big.pdf", "application/pdf", b"0" * 1_000_000)
    with pytest.raises(PermanentError, match="max_size_mb"):
        build(notice(), WORDS, rules(max_size_mb=1), [large], secret=SECRET)


@given(st.binary(min_size=16, max_size=32), st.binary(min_size=16, max_size=32))
def test_a_reply_leads_back_to_its_notice_and_only_with_our_key(ours: bytes, other: bytes) -> None:
    notice_id = new_id("ntc")
    mail = rules(reply_domain="r.example", bounce_domain="b.example").mail
    addresses = [reply_to(notice_id, mail, ours), envelope_from(notice_id, mail, ours)]
    for address in addresses:
        assert address is not None
        assert notice_of(address, ours) == notice_id
        assert ours == other or notice_of(address, other) is None


def test_without_a_domain_for_it_a_bounce_goes_to_the_sender() -> None:
    assert envelope_from("ntc_x", rules().mail, SECRET) == "bills@acme.example"
    assert reply_to("ntc_x", rules().mail, SECRET) is None
