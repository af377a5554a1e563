"""Who a mail is from, how it was authenticated, and whether a program wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.readers.model import Authentication, Envelope, Mailbox
from worker.readers.opening import open_mail

MAILS = Path(__file__).parent / "mail"


def envelope(name: str) -> Envelope:
    return open_mail((MAILS / f"{name}.eml").read_bytes()).envelope


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("two_from_headers", "The mail has more than one From."),
        ("two_mailboxes_in_from", "The From field is ambiguous."),
        ("from_angle_then_domain", "The From field is ambiguous."),
        ("from_address_then_angle", "The From field is ambiguous."),
        ("from_encoded_word_in_address", "The From field is ambiguous."),
        ("group_in_from", "The From field is ambiguous."),
        ("nul_in_from", "The From field holds a control character."),
        ("latin1_in_from", "The From field is not in a readable encoding."),
        ("no_from", "The mail has no From."),
    ],
)
def test_a_doubtful_from_is_no_sender(name: str, problem: str) -> None:
    read = envelope(name)
    assert read.sender is None
    assert read.sender_problem is not None
    assert read.sender_problem.startswith(problem)


# Forms by which filters and mail programs have been made to see different senders.
SPOOFED = [
    b"From : boss@corp.example\r\nFrom: evil@evil.example",
    b"From: evil@evil.example\r\nfrom: boss@corp.example",
    b"From: <boss@corp.example>, <evil@evil.example>",
    b"From: <@evil.example,@x.example:boss@corp.example>",
    b"From: boss@corp.example(.evil.example)",
    b"From: boss@corp.example\x00@evil.example",
    b"From: boss@corp.example;evil@evil.example",
    b"From: =?utf-8?b?PGJvc3NAY29ycC5leGFtcGxlPg==?=",
    b"From: =?utf-8?b?Ym9zc0Bjb3JwLmV4YW1wbGU=?=@evil.example",
    b"From: <boss@corp.example>\r\n\t<evil@evil.example>",
    b'From: "Boss" <boss@corp.example> <evil@evil.example>',
    b"From: boss@corp.example\x0bevil@evil.example",
    b"From: boss@corp.example,",
    b"From: <boss@corp.example",
    b"From: boss@[10.0.0.1]",
    b"From: boss@corp\xe2\x80\xae <evil@evil.example>",
]
SHOWN_AS_THEY_ARE = [
    b" From: boss@corp.example\r\nFrom: evil@evil.example",
    b"From\r\n : boss@corp.example\r\nFrom: evil@evil.example",
    b"Sender: boss@corp.example\r\nFrom: evil@evil.example",
    b"Resent-From: boss@corp.example\r\nFrom: evil@evil.example",
    b'From: "boss@corp.example" <evil@evil.example>',
    b"From: =?utf-8?b?Ym9zc0Bjb3JwLmV4YW1wbGU=?= <evil@evil.example>",
]


def spoofed(head: bytes) -> Envelope:
    return open_mail(b"To: x@worker.example\r\n" + head + b"\r\nSubject: x\r\n\r\nHi\r\n").envelope


@pytest.mark.parametrize("head", SPOOFED)
def test_a_spoofed_from_is_no_sender(head: bytes) -> None:
    read = spoofed(head)
    assert read.sender is None
    assert read.sender_problem


def test_a_header_broken_by_a_bare_carriage_return_is_a_problem() -> None:
    assert spoofed(b"From: boss@corp.example\r\n\r evil@evil.example").problems


@pytest.mark.parametrize("head", SHOWN_AS_THEY_ARE)
def test_whoever_sends_is_shown_and_nobody_else(head: bytes) -> None:
    assert spoofed(head).sender == Mailbox(address="evil@evil.example")


def test_one_plain_from_is_the_sender() -> None:
    read = envelope("plain")
    assert read.sender == Mailbox(name="Bea Keeper", address="bea@seller.example")
    assert read.sender_problem is None


def test_a_name_that_looks_like_an_address_is_not_shown() -> None:
    assert envelope("from_name_is_other_address").sender == Mailbox(address="evil@evil.example")


def test_authentication_results_are_read_with_their_place() -> None:
    assert envelope("authenticated").authentication == (
        Authentication(
            position=0,
            authserv_id="mx.worker.example",
            dmarc="pass",
            dkim=("pass seller.example",),
            spf="pass",
            header_from="seller.example",
        ),
    )


def test_authentication_results_under_a_received_are_marked() -> None:
    (forged,) = envelope("forged_authentication").authentication
    assert (forged.dmarc, len(forged.received_above)) == ("pass", 1)


def test_authentication_results_with_tricks_say_nothing_good() -> None:
    read = envelope("authentication_with_tricks").authentication
    assert [item.dmarc for item in read] == ["fail", None]


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("automatic_auto_submitted", "Auto-Submitted is auto-replied."),
        ("automatic_null_return_path", "Its envelope has a null sender."),
        ("automatic_list_mail", "It has the header List-Id."),
        ("automatic_precedence_auto_reply", "Precedence is auto_reply."),
        ("automatic_response_suppressed", "It asks not to be answered (X-Auto-Response-Suppress)."),
        ("automatic_report", "It is a report (multipart/report)."),
    ],
)
def test_automatic_mail_says_why_it_is(name: str, because: str) -> None:
    read = envelope(name)
    assert read.is_automatic
    assert read.automatic_because == because


@pytest.mark.parametrize("name", ["plain", "not_automatic_auto_submitted_no"])
def test_a_persons_mail_is_not_automatic(name: str) -> None:
    assert not envelope(name).is_automatic


def test_where_a_mail_arrived_comes_from_the_servers_and_from_tokens() -> None:
    assert envelope("token_in_to").delivered_to == (
        "invoices@worker.example",
        "inv+abcdefghijklmnop@worker.example",
    )


def test_an_absurd_date_is_no_date() -> None:
    assert envelope("date_of_year_one").date is None
