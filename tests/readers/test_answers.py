"""One-word answers: what counts as one, in which languages, and what never does."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.readers import replies
from worker.readers.answers import Said, Word, amount, said

MARA = ("Mara Lindqvist",)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", "yes"),
        ("Yes please.", "yes"),
        ("YES!!", "yes"),
        ("Ok, go ahead", "yes"),
        ("ja, bitte", "yes"),
        ("Ja", "yes"),
        ("oui", "yes"),
        ("Sí, gracias", "yes"),
        ("Nein.", "no"),
        ("no thanks", "no"),
        ("Hi Tillmail,\n\nyes\n\nBest regards\nMara Lindqvist\nNorthlight GmbH", "yes"),
        ("Ja.\n\nViele Grüße\nMara", "yes"),
        ("Yes\nMara", "yes"),
        ("> May it go? yes or no\nno", "no"),
        ("send to accounts@acme.example", "send to accounts@acme.example"),
        ("Please send to: a@b.example.", "send to a@b.example"),
        ("Yes, send it to Ann <a@b.example> please", "send to a@b.example"),
        ("Bitte senden an a@b.example", "send to a@b.example"),
        ("send INV-7 to a@b.example", "send to a@b.example INV-7"),
        ("total 120.00", "total 120.00"),
        ("The total is 120,00 EUR", "total 120,00 EUR"),
        ("yes, total 120.00", "total 120.00"),
        ("Betrag: 1.234,56 €", "total 1.234,56 €"),
        ("customer Acme", "customer Acme"),
        ("Kunde: Muster & Co. KG", "customer Muster & Co. KG"),
        ("number INV-7\ntotal 120.00", "number INV-7; total 120.00"),
        ("replace it", "replace"),
        ("Als Korrektur senden", "send as corrected"),
        ("Refuse.", "refuse"),
        ("erledigt, danke", "done"),
        ("resend", "resend"),
        ("status of invoice INV-7 please", "status INV-7"),
        ("Status Rechnung 2026/77", "status 2026/77"),
        ("hold INV-7!", "hold INV-7"),
        ("freigeben", "release"),
        ("Hi Ann, yes", "yes"),
        ("Hello Ann, hello Bob,\n\n\nyes", "yes"),
        ("help", "help"),
        ("?", "help"),
        ("refund INV-7", "money refund INV-7"),
        ("credit request 500 EUR for Acme", "credit request 500 EUR Acme"),
        ("Please credit request of 1.250,00 EUR for K-1001.", "credit request 1.250,00 EUR K-1001"),
        ("Vorauszahlung über 80 € von Muster & Co. KG", "credit request 80 € Muster & Co. KG"),
        ("credit request 1,234 for Acme", "money credit request 1,234 for Acme"),
        ("Hi,\n1, 3 and 5\nKind regards\nMara\n030 123 456", "received numbers 1, 3 and 5"),
        ("1-4 please", "received numbers 1-4"),
        ("1 bis 3 eingegangen, danke", "received numbers 1 bis 3"),
        ("received 1, 3, not received 2", "received numbers 1, 3; not received numbers 2"),
        ("1 3\nnicht eingegangen: 2", "received numbers 1 3; not received numbers 2"),
        ("1 3, but not 2", "received numbers 1 3; not received numbers 2"),
        ("2 not received", "not received numbers 2"),
        ("received 480.00", "received 480.00"),
        ("new IBAN DE89 3704 0044", "money new IBAN DE89 3704 0044"),
    ],
)
def test_an_answer_is_understood(text: str, meant: str) -> None:
    assert "; ".join(str(one) for one in said(text, names=MARA)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thanks!",
        "yes?",
        "Yes, but not to Bob",
        "yes and no",
        "yes\nno",
        "no. send to a@b.example",
        "Yes if the total is right",
        "yesterday",
        "I think yes is what Bob would say",
        "send to Acme",
        "send to a@b.example and c@d.example",
        "send to a@good.example <evil@evil.example>",
        "total 1,234",
        "total 12 or 13",
        "total 120.00\ntotal 130.00",
        "Yes\nKind regards\nMara\nPS: but not before Friday",
        "Yes\nBob",
        "status of everything",
        "I am out of the office until Monday.",
        "> yes",
        "Hi Ann, please don't send this one yet\nok",
        "Hello all, wait with this one\nyes",
        "Hey stop\nyes",
        "Dear Tillmail not this one\nja",
        "yes" + 45 * "\n" + "but not to Bob",
        "yes\n____\nbut not to Bob",
        "yes\n________________\nno",
        "send INV-7 to a@b.example,c@d.example",
        "not received 2, 3, received 1",
        "not received 2\n3",
        "1, 2 not received",
        "1 2, not received 2",
        "4-1",
        "all but 2",
        "received\n2",
    ],
)
def test_what_is_unclear_says_nothing(text: str) -> None:
    assert said(text, names=MARA) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120", (Decimal(120), None)),
        ("120.00 EUR", (Decimal("120.00"), "EUR")),
        ("€ 1.234,56", (Decimal("1234.56"), "EUR")),
        ("1 234,50", (Decimal("1234.50"), None)),
        ("1,234", None),
        ("12 and 13", None),
        ("120.00 kr", None),
        ("120.00 euros", (Decimal("120.00"), "EUR")),
        ("nothing", None),
    ],
)
def test_an_amount_is_read_in_one_way_only(
    text: str, value: tuple[Decimal, str | None] | None
) -> None:
    assert amount(text) == value


QUOTES = ("{}> {}", "{}>{}", "{}On Mon, 2 Nov 2026 at 09:00, Us <us@a.example> wrote:\n> {}")


@given(st.sampled_from(QUOTES), st.sampled_from(["yes", "no", "send to a@b.example", "total 5.00"]))
def test_quoted_words_never_count(quote: str, word: str) -> None:
    assert said(replies.reply(quote.format("", word)).text) == ()
    assert said(replies.reply(quote.format("done\n\n", word)).text) == (Said(Word.DONE),)


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_none(text: str) -> None:
    found = said(text)
    assert len({one.word for one in found}) == len(found)
