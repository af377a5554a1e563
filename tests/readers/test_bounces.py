"""Bounces: to whom a mail was not delivered, for good or for now, and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.readers.bounces import bounce
from worker.readers.model import Bounce
from worker.readers.opening import open_mail

SERVER = "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nReturn-Path: <>\n"
TO_US = "To: bounces@worker.example\nSubject: Undelivered Mail Returned to Sender\n"
ORIGINAL = "Received: from worker.example\nFrom: us@worker.example\nTo: other@x.example\n\nHello"


def read(text: str) -> Bounce | None:
    return bounce(open_mail(text.replace("\n", "\r\n").encode()))


def report(fields: str, *, words: str = "It failed.") -> str:
    return (
        f"{SERVER}{TO_US}MIME-Version: 1.0\nContent-Type: multipart/report; "
        f"report-type=delivery-status; boundary=b\n\n--b\n\n{words}\n--b\n"
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b--\n"
    )


@pytest.mark.parametrize(
    ("fields", "permanent", "status", "addresses"),
    [
        (
            "Final-Recipient: rfc822; ann@x.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            True,
            "5.1.1",
            ["ann@x.example"],
        ),
        (
            "Original-Recipient: rfc822;ann@x.example\nFinal-Recipient: rfc822;ann@x.example\n"
            "Action: failed\nStatus: 4.4.7",
            False,
            "4.4.7",
            ["ann@x.example"],
        ),
        (
            "Final-Recipient: rfc822; ann@x.example\nAction: delayed\nStatus: 4.4.1",
            False,
            "4.4.1",
            ["ann@x.example"],
        ),
        (
            "Final-Recipient: rfc822; ann@x.example\nAction: delivered\nStatus: 2.0.0\n\n"
            "Final-Recipient: rfc822; bob@x.example\nAction: failed\nStatus: 5.2.2",
            True,
            "5.2.2",
            ["bob@x.example"],
        ),
        (
            "Final-Recipient: rfc822; ann@x.example\nAction: failed\nStatus: 5.0.0\n"
            "Diagnostic-Code: smtp; 451 4.2.2 mailbox full, try later",
            False,
            "5.0.0",
            ["ann@x.example"],
        ),
        (
            "Final-Recipient: rfc822; ann@x.example\nAction: failed\nStatus: 5.1.1\n"
            "Final-Recipient: rfc822; bob@x.example\nAction: failed\nStatus: 5.1.1",
            True,
            "5.1.1",
            ["ann@x.example", "bob@x.example"],
        ),
    ],
)
def test_a_standard_report_is_read(
    fields: str, permanent: bool, status: str, addresses: list[str]
) -> None:
    found = read(report(fields))
    assert found is not None
    assert (found.permanent, found.status) == (permanent, status)
    assert [recipient.address for recipient in found.recipients] == addresses


def test_a_report_of_success_is_no_bounce() -> None:
    fields = "Final-Recipient: rfc822; ann@x.example\nAction: relayed\nStatus: 2.0.0"
    assert read(report(fields)) is None


@pytest.mark.parametrize(
    ("notice", "permanent", "addresses"),
    [
        ("<ann@x.example>:\n550 5.1.1 No such user here", True, ["ann@x.example"]),
        (
            "The following address failed:\n\n  ann@x.example\n    Unrouteable address",
            True,
            ["ann@x.example"],
        ),
        ("Your message could not be delivered to:\n  * ann@x.example", True, ["ann@x.example"]),
        ("Delivery to ann@x.example has been delayed. Still trying.", False, ["ann@x.example"]),
        ("Unknown user: ann@x.example", True, ["ann@x.example"]),
        (
            "Could not be delivered.\nRCPT TO:<ann@x.example>\n451 4.3.0 try again",
            False,
            ["ann@x.example"],
        ),
        (
            "Did not reach these recipients:\n\nann@x.example on Mon\nbob@x.example on Mon",
            True,
            ["ann@x.example", "bob@x.example"],
        ),
    ],
)
def test_home_made_notices_are_read(notice: str, permanent: bool, addresses: list[str]) -> None:
    text = f"{SERVER}{TO_US}\nThis is the mail system. Sorry.\n\n{notice}\n\n"
    found = read(text + f"--- Below this line is a copy of the message.\n\n{ORIGINAL}")
    assert found is not None
    assert found.permanent is permanent
    assert [recipient.address for recipient in found.recipients] == addresses


@pytest.mark.parametrize(
    "text",
    [
        "From: ann@x.example\nSubject: Re: Invoice 7\n\nIt could not be delivered.\n",
        "From: ann@x.example\nSubject: Invoice\n\nIt is 550 Euro. The user unknown to me paid.\n",
        "From: postmaster@x.example\nSubject: Welcome\n\nYour mailbox is ready.\n",
        "From: ann@x.example\nSubject: Re: Undelivered Mail Returned to Sender\n"
        "In-Reply-To: <b@mx.example>\n\nBob has left; write to me, please.\n\n"
        "On Mon, 2 Nov 2026 at 09:00, Us <us@a.example> wrote:\n"
        "> <bob@x.example>: 550 5.1.1 User unknown. It could not be delivered.\n",
    ],
)
def test_a_persons_mail_is_no_bounce(text: str) -> None:
    assert read(text) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Final-Recipient: rfc822;",
                "Final-Recipient: a@b.c",
                "Action: failed",
                "Status: 5.1",
                "",
                "<a@b.example>:",
                "550 5.1.1",
                "original message follows",
            ]
        )
        | st.text(max_size=20),
        max_size=20,
    )
)
def test_no_text_makes_the_reading_of_bounces_fail(lines: list[str]) -> None:
    read(report("\n".join(lines)))
    read(f"{SERVER}{TO_US}\n" + "\n".join(lines))
