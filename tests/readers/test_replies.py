"""The new words of a reply, without quotation and signature."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.readers.html_text import text_of
from worker.readers.replies import reply

ATTRIBUTIONS = [
    "On Mon, Nov 2, 2026 at 9:31 AM Carl Maker <carl@maker.example> wrote:",
    "On 2 Nov 2026, at 09:31, Carl Maker wrote:",
    "On Mon, Nov 2, 2026 at 9:31 AM Carl Maker <\ncarl@maker.example> wrote:",
    "On Mon, Nov 2, 2026 at 9:31 AM Carl Maker from Maker and Sons\n<carl@maker.example>\nwrote:",
    "Am 02.11.2026 um 09:31 schrieb Carl Maker <carl@maker.example>:",
    "Carl Maker <carl@maker.example> schrieb am Mo., 2. Nov.\n2026 um 09:31 Uhr:",
    "Le lun. 2 nov. 2026 à 09:31, Carl Maker <carl@maker.example>\na écrit :",
    "Il giorno lun 2 nov 2026 alle ore 09:31 Carl Maker <\ncarl@maker.example> ha scritto:",
    "El lun, 2 nov 2026 a las 9:31, Carl Maker (<carl@maker.example>) escribió:",
    "Em seg., 2 de nov. de 2026 às 09:31, Carl Maker <carl@maker.example> escreveu:",
    "Op ma 2 nov 2026 om 09:31 schreef Carl Maker <carl@maker.example>:",
    "Den mån 2 nov. 2026 kl 09:31 skrev Carl Maker <carl@maker.example>:",
    "pon., 2 lis 2026 o 09:31 Carl Maker <carl@maker.example> napisał(a):",
    "пн, 2 нояб. 2026 г. в 09:31, Carl Maker <carl@maker.example>:",
    "2026-11-02 9:31 GMT+01:00 Carl Maker <carl@maker.example>:",
    "---- On Mon, 02 Nov 2026 09:31:00 +0100 carl@maker.example wrote ----",
    "-----Original Message-----\nFrom: Carl Maker\nSent: 2 November 2026 09:31",
    "________________________________\nVon: Carl Maker\nGesendet: 2. November 2026\nAn: Bea",
    "De : Carl Maker [mailto:carl@maker.example]\nEnvoyé : lundi 2 novembre 2026\nÀ : Bea",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_what_stands_under_an_attribution_is_not_new(attribution: str) -> None:
    assert reply(f"Yes, send it.\n\n{attribution}\n\nno\nhold\n").text == "Yes, send it."


@pytest.mark.parametrize("attribution", ATTRIBUTIONS[:16])
def test_words_under_a_quotation_are_new(attribution: str) -> None:
    assert reply(f"{attribution}\n\n> no\n>\n> hold\n\nYes, send it.\n").text == "Yes, send it."


@pytest.mark.parametrize(
    ("body", "text", "signature"),
    [
        ("Yes\n\n-- \nAnn Lee\nBuyer Ltd", "Yes", "-- \nAnn Lee\nBuyer Ltd"),
        ("Yes\n\nSent from my iPhone", "Yes", "Sent from my iPhone"),
        ("Yes\n\nGesendet von Outlook für Android", "Yes", "Gesendet von Outlook für Android"),
        ("Yes\n\nEnvoyé de mon iPhone", "Yes", "Envoyé de mon iPhone"),
        (
            "Ok\n\nSent from my cell, please excuse typos",
            "Ok",
            "Sent from my cell, please excuse typos",
        ),
        ("It was sent from my desk.\nYes", "It was sent from my desk.\nYes", ""),
        ("Sent from my desk, is much easier", "Sent from my desk, is much easier", ""),
        ("Yes\n\n--------\n", "Yes", ""),
        ("> yes", "", ""),
        ("", "", ""),
        ("On this day\n\nI wrote something", "On this day\n\nI wrote something", ""),
        ("Price list:\n- one\n- two", "Price list:\n- one\n- two", ""),
        ("In your mail of 2.11. you wrote: pay", "In your mail of 2.11. you wrote: pay", ""),
    ],
)
def test_signatures_stand_apart(body: str, text: str, signature: str) -> None:
    read = reply(body)
    assert (read.text, read.signature) == (text, signature)


def test_a_line_that_wrapping_cut_off_stays_with_its_quotation() -> None:
    long = "> " + "word " * 14
    assert reply(f"Yes\n\nOn 2 Nov 2026, at 09:31, Carl wrote:\n{long}\nno\n> end").text == "Yes"


def test_html_quotations_are_quotations() -> None:
    html = (
        "<div>Yes</div><div class=gmail_quote>On Mon, Nov 2, 2026 at 9:31 AM Carl "
        "&lt;<a href='mailto:c@m.example'>c@m.example</a>&gt; wrote:<br><blockquote>no"
    )
    assert reply(text_of(html)).text == "Yes"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["> x", "", "-- ", "wrote:", "On 1/1/2026 wrote:", "From: a@b.c", "To: x", "<"]
        )
        | st.text(max_size=30),
        max_size=30,
    )
)
def test_no_text_makes_the_reading_of_replies_fail(lines: list[str]) -> None:
    read = reply("\n".join(lines))
    assert not any(
        line.startswith(">") and line.strip("> ").isalnum() for line in read.text.split("\n")
    )
