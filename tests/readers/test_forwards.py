"""Forwards: the mail inside, and the forwarder's own words and instructions above it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.readers.addresses import mailboxes
from worker.readers.forwards import bare_subject, forwarded, inline_forward, subject_kind
from worker.readers.html_text import text_of
from worker.readers.instructions import Instructions, instructions
from worker.readers.mail_words import LABELS
from worker.readers.model import Forwarded, Mailbox
from worker.readers.opening import open_mail

MAILS = Path(__file__).parent / "mail"
CARL = Mailbox(name="Carl Maker", address="carl@maker.example")


def read(name: str) -> Forwarded | None:
    return forwarded(open_mail((MAILS / f"{name}.eml").read_bytes()))


def test_an_inline_forward_gives_the_mail_inside_and_the_words_above() -> None:
    found = read("forward_inline")
    assert found is not None
    assert (found.sender, found.subject) == (CARL, "Invoice 7")
    assert [box.address for box in found.to] == ["bea@seller.example"]
    assert found.note.startswith("Send to: ann@buyer.example")
    assert found.body == "Send to: evil@evil.example\nHere is invoice 7."


def test_an_attached_forward_gives_the_mail_inside_and_the_words_above() -> None:
    found = read("forward_attached")
    assert found is not None
    assert (found.sender, found.subject) == (CARL, "Invoice 7")
    assert found.body == "Here is invoice 7."
    assert found.note == "Send to: ann@buyer.example"


def test_a_reply_above_a_quoted_mail_is_no_forward() -> None:
    assert read("outlook_reply_is_no_forward") is None


def test_instructions_come_from_the_forwarders_own_words_alone() -> None:
    found = read("forward_inline")
    assert found is not None
    assert instructions(found.note) == Instructions(("ann@buyer.example",), no_pay_link=True)


GMAIL = (
    "<div>Note.<br><br><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message "
    "---------<br>From: <strong>Carl Maker</strong> <span>&lt;<a href='mailto:carl@maker.example'>"
    "carl@maker.example</a>&gt;</span><br>Date: Mon, Nov 2, 2026 at 9:31 AM<br>Subject: Invoice 7"
    "<br>To: &lt;bea@seller.example&gt;<br></div><br><br>Here it is.</div></div>"
)
OUTLOOK = (
    "<p class=MsoNormal>Note.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><p><b>Von:"
    "</b> Carl Maker &lt;carl@maker.example&gt; <br><b>Gesendet:</b> Montag<br><b>An:</b> "
    "bea@seller.example<br><b>Betreff:</b> Invoice 7</p></div><p>Here it is.</p>"
)
THUNDERBIRD = (
    "<p>Note.</p><div><br>-------- Forwarded Message --------<table><tbody><tr><th>Subject: </th>"
    "<td>Invoice 7</td></tr><tr><th>Date: </th><td>Mon, 2 Nov 2026</td></tr><tr><th>From: </th>"
    "<td>Carl Maker &lt;carl@maker.example&gt;</td></tr></tbody></table><br>Here it is.</div>"
)
APPLE = (
    "<div>Note.</div><div><blockquote type=cite><div>Begin forwarded message:</div><br><div><b>From"
    ": </b>Carl Maker &lt;carl@maker.example&gt;<br></div><div><b>Subject: </b>Invoice 7<br></div>"
    "<div><b>Date: </b>2 November 2026<br></div><br><div>Here it is.</div></blockquote></div>"
)


@pytest.mark.parametrize(
    "language", ["cs", "de", "el", "en", "es", "fi", "fr", "it", "nl", "pl", "ru", "sk", "sv", "uk"]
)
def test_labels_glued_into_one_line_are_read(language: str) -> None:
    labels = LABELS[language]
    sender, to, cc, date, subject = (
        getattr(labels, role).split("|")[0] for role in ("sender", "to", "cc", "date", "subject")
    )
    line = (
        f"   ----- Fwd ----- {sender}: Carl Maker <carl@maker.example>{to}: <bea@seller.example>"
        f"{cc}: <dan@seller.example>{date}: 2. 11. 2026, 09:26 CET{subject}: Invoice 7"
    )
    found = inline_forward(f"Note.\n{line}\n Here it is.\n", "")
    assert found is not None
    assert (found.sender, found.subject, found.note) == (CARL, "Invoice 7", "Note.")
    assert [box.address for box in (*found.to, *found.cc)] == [
        "bea@seller.example",
        "dan@seller.example",
    ]


@pytest.mark.parametrize("html", [GMAIL, OUTLOOK, THUNDERBIRD, APPLE])
def test_a_forward_in_html_alone_is_read(html: str) -> None:
    found = inline_forward(text_of(html), "Fwd: Invoice 7")
    assert found is not None
    assert (found.sender, found.subject) == (CARL, "Invoice 7")
    assert (found.note, found.body) == ("Note.", "Here it is.")


@pytest.mark.parametrize("language", sorted(LABELS))
def test_a_block_of_labels_is_read_in_every_language(language: str) -> None:
    labels = LABELS[language]
    sender, to, date, subject = (
        labels.sender.split("|")[0],
        labels.to.split("|")[0],
        labels.date.split("|")[0],
        labels.subject.split("|")[0],
    )
    text = (
        f"Note.\n\n{sender}: Carl Maker <carl@maker.example>\n{date}: 2. 11. 2026 09:31\n"
        f"{to}: bea@seller.example\n{subject}: Invoice 7\n\nHere it is.\n"
    )
    found = inline_forward(text, "Invoice 7")
    assert found is not None
    assert (found.sender, found.subject, found.note) == (CARL, "Invoice 7", "Note.")
    assert (found.body, found.date) == ("Here it is.", "2. 11. 2026 09:31")


@pytest.mark.parametrize(
    "line",
    [
        'On 28/10/2021 12:46, "Carl Maker" <carl@maker.example> wrote:',
        "Am 28.10.2021 um 12:46 schrieb Carl Maker <carl@maker.example>:",
        "Le 28/10/2021 12:46, « Carl Maker » <carl@maker.example> a écrit :",
        "Op 28-10-2021 12:46 heeft Carl Maker <carl@maker.example> geschreven:",
        "Carl Maker <carl@maker.example> kirjoitti 28.10.2021 12.46:",
        'On 28/10/2021 12:46,\n"Carl Maker" <carl@maker.example>\nwrote:',
        'On 28/10/2021, "Carl Maker" <carl@maker.example<mailto:carl@maker.example>> wrote:',
        'On 28/10/2021 12:46, "Carl Maker" [carl@maker.example] wrote:',
        "28/10/2021, 12:46 időpontban Carl Maker <carl@maker.example> ezt írta:",
        "28/10/2021 12:46 používateľ Carl Maker (<carl@maker.example>) napísal:",
    ],
)
def test_an_attribution_is_a_forward_where_the_subject_says_so(line: str) -> None:
    text = f"Note.\n\n{line}\n\n    Here it is.\n"
    found = inline_forward(text, "FW: Invoice 7")
    assert found is not None
    assert (found.sender, found.subject, found.note) == (CARL, "Invoice 7", "Note.")
    assert inline_forward(text, "Re: Invoice 7") is None


@pytest.mark.parametrize(
    ("subject", "kind", "bare"),
    [
        ("Fwd: Invoice 7", "forward", "Invoice 7"),
        ("WG: AW: Rechnung", "forward", "Rechnung"),
        ("AW: WG: Rechnung", "reply", "Rechnung"),
        ("Re[2]: Invoice", "reply", "Invoice"),
        ("回复：发票", "reply", "发票"),
        ("Invoice: 7", None, "Invoice: 7"),
        ("", None, ""),
    ],
)
def test_prefixes_tell_forwards_from_replies(subject: str, kind: str | None, bare: str) -> None:
    assert (subject_kind(subject), bare_subject(subject)) == (kind, bare)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("send to: ann@x.example, Bob <bob@y.example>", ("ann@x.example", "bob@y.example")),
        ("Please send to ann@x.example.\nThanks", ("ann@x.example",)),
        ("bitte senden an ann@x.example", ("ann@x.example",)),
        ("Envoyer à : ann@x.example", ("ann@x.example",)),
        ("*Send to:* ann@x.example", ("ann@x.example",)),
        ("> send to: ann@x.example", ()),
        ("-- \nsend to: ann@x.example", ()),
        ("I will send to ann@x.example later", ()),
        ("Send to accounting as usual.", ()),
    ],
)
def test_send_to_is_read_from_whole_lines(note: str, expected: tuple[str, ...]) -> None:
    assert instructions(note).send_to == expected


def test_half_an_instruction_is_a_problem() -> None:
    assert instructions("send to: Acme").problem == "“send to: Acme” names no email address."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Doe, John <a@x.example>, c@x.example",
            [("Doe, John", "a@x.example"), (None, "c@x.example")],
        ),
        ("a@x.example <a@x.example>; Bob", [(None, "a@x.example"), ("Bob", "")]),
        ("Jo <a@x.example<mailto:a@x.example>>", [("Jo", "a@x.example")]),
        ("Jo [mailto:a@x.example]", [("Jo", "a@x.example")]),
        ("undisclosed-recipients:;", []),
    ],
)
def test_lists_are_read_as_people_write_them(
    text: str, expected: list[tuple[str | None, str]]
) -> None:
    assert [(box.name, box.address) for box in mailboxes(text)] == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "From: a <a@b.example>",
                "To:",
                "Von: ",
                "-----",
                "> Subject: x",
                "",
                "On 1.1. x wrote:",
            ]
        )
        | st.text(max_size=30),
        max_size=20,
    ),
    st.sampled_from(["", "Fwd: x", "Re: x"]),
)
def test_no_text_makes_the_reading_of_forwards_fail(lines: list[str], subject: str) -> None:
    found = inline_forward("\n".join(lines), subject)
    if found is not None:
        instructions(found.note)


@pytest.mark.parametrize(
    "last",
    [
        "----- End forwarded message -----",
        "-------- Конец пересылаемого сообщения --------",
        "===8<===========End of original message text===========",
    ],
)
def test_the_line_that_closes_a_forward_is_none_of_its_words(last: str) -> None:
    inside = "From: Carl Maker <carl@maker.example>\nDate: 2 Nov 2026\nSubject: Invoice 7\n"
    text = (
        f"FYI\n\n----- Forwarded message -----\n{inside}To: bea@seller.example\n\nHere.\n{last}\n"
    )
    found = inline_forward(text, "Fwd: Invoice 7")
    assert found is not None
    assert (found.sender, found.body) == (CARL, "Here.")


@pytest.mark.parametrize(
    "note",
    [
        "send to ann@a.example and bob@b.example",
        "send to ann@a.example or bob@b.example",
        "Send to: ann@a.example instead of bob@b.example",
        "send to ann@a.example (not bob@b.example)",
        "send to ann@a.example / bob@b.example",
        "send to ann@a.example, bob@b.example",
        "send to ann@a.example\nsend to bob@b.example",
        "send to ann@a.example\n____\nsend to bob@b.example",
    ],
)
def test_of_two_addresses_none_is_taken(note: str) -> None:
    told = instructions(note)
    assert told.problem is not None or len(told.send_to) > 1


@pytest.mark.parametrize(
    "note", ["send to Ann Lee <ann@a.example>", "send to ann@a.example <mailto:ann@a.example>"]
)
def test_one_address_written_twice_is_one(note: str) -> None:
    told = instructions(note)
    assert (told.send_to, told.problem) == (("ann@a.example",), None)
