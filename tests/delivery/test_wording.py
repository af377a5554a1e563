"""The words of every notice: in each language, in both forms, whatever customers are called."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from worker.adapters.mjml_words import WordsPress
from worker.adapters.templating import TemplateSet
from worker.delivery.card_wording import ChargeFailedNotice
from worker.delivery.debit_letters import DebitStartedNotice
from worker.delivery.listing import ListedPayment, ListNotice
from worker.delivery.questions import choices
from worker.delivery.wording import (
    AnswerNotice,
    BankFace,
    Choice,
    Fact,
    InvoiceNotice,
    Notice,
    PaidItem,
    QuestionNotice,
    ReceiptNotice,
    SenderFace,
)
from worker.kernel.money import Money
from worker.readers.answers import Word

TEMPLATES = Path(__file__).parents[2] / "templates"
# Gmail cuts a mail off behind 102 kB.
GMAIL_SHOWS_BYTES = 102_000
URL = "https://pay.acme.example/l/abcdefghijklmnopqrstuvwxyz234567"
ACME = SenderFace(
    name="Acme & Sons",
    legal_name="Acme <Lamps> Ltd",
    address_lines=("1 High Street", "London"),
    vat_id="GB123",
    email="hello@acme.example",
    colour="#0b5563",
    has_logo=True,
)
BANK = BankFace("GB33BUKB20201555555555", "A-1", "Acme Lamps Ltd", "BUKBGB22", "Example Bank")


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


NOTICES: dict[str, tuple[str, Notice | DebitStartedNotice | ListNotice]] = {
    "invoice": (
        "invoice",
        InvoiceNotice(
            ACME,
            "Ünal & <b>Søn</b>",
            "A-1",
            euros(124050),
            euros(124050),
            issue_on=date(2026, 11, 20),
            due_on=date(2026, 12, 4),
            pay_url=URL,
            bank=BANK,
        ),
    ),
    "part paid, corrected": (
        "invoice",
        InvoiceNotice(
            ACME, "Buyer", "A-1", euros(5000), euros(2000), pay_url=URL, occasion="corrected"
        ),
    ),
    "renewed": (
        "invoice",
        InvoiceNotice(
            ACME, "Buyer", "A-1", euros(5000), euros(5000), pay_url=URL, occasion="renewed"
        ),
    ),
    "nothing left, no link, no bank": (
        "invoice",
        InvoiceNotice(ACME, "Buyer", "A-1", euros(5000), euros(0), has_pdf=False),
    ),
    "receipt": (
        "receipt",
        ReceiptNotice(
            ACME,
            "Buyer",
            "pay_1",
            euros(7000),
            date(2026, 11, 22),
            "card",
            (PaidItem("A-1", euros(5000), euros(0)), PaidItem("A-2", euros(1500), euros(300))),
            to_balance=euros(500),
            print_url=f"{URL}/receipt/pay_1",
        ),
    ),
    "debit that has begun": (
        "debit_started",
        DebitStartedNotice(
            ACME,
            "Kunze & <Co>",
            "pay_1",
            euros(7100),
            "sepa_debit",
            (PaidItem("A-1", euros(7000), euros(7000)),),
            fee=euros(100),
            days=5,
        ),
    ),
    "receipt, unheard-of method": (
        "receipt",
        ReceiptNotice(ACME, "", "pay_1", euros(7000), date(2026, 11, 22), "klarna", ()),
    ),
    "question": (
        "question",
        QuestionNotice(
            ACME,
            "An invoice waits",
            "Invoice A-1 <held>.",
            "work_1",
            (Fact("buyer", "Kunze & Co", is_known=True), Fact("shoe size", "42")),
            choices([Word.YES, Word.SEND_TO, Word.NO], "invoice_held"),
            (Choice("tillmail invoices release A-1 --to-balance"),),
            reply_to="r-token@reply.acme.example",
            has_file=True,
            title_key="invoice_held",
        ),
    ),
    "question to the desk": (
        "question",
        QuestionNotice(ACME, "A mail", "Look.", "work_2", words=choices([Word.DONE], "other")),
    ),
    "list of announced payments": (
        "remittance_list",
        ListNotice(
            ACME,
            "work_3",
            (
                ListedPayment(1, "Kunze & Co", euros(11900), 3, ("A-1", "A-2")),
                ListedPayment(2, "Buyer", euros(5000), 1),
            ),
            (euros(16900),),
            choices(
                [Word.RECEIVED, Word.RECEIVED_THESE, Word.NOT_RECEIVED_THESE], "remittance_list"
            ),
            more=7,
            reply_to="r-token@reply.acme.example",
        ),
    ),
    "answer to a colleague": (
        "answer",
        AnswerNotice(
            ACME,
            "staff",
            "Invoice A-1",
            "",
            "status A-1",
            (Fact("state", "open", is_known=True),),
            choices(Word, "order"),
            link=URL,
            about="inv_1",
        ),
    ),
    "answer to a sender": (
        "answer",
        AnswerNotice(ACME, "sender", "No invoice found", "The PDF is locked.", ""),
    ),
}


@pytest.fixture(scope="module")
def press() -> WordsPress:
    return WordsPress(TemplateSet(str(TEMPLATES)))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_whole_in_both_forms(press: WordsPress, name: str, language: str) -> None:
    template, notice = NOTICES[name]
    subject, html, text = press.compose(template, notice.context() | {"language": language})
    assert "\n" not in subject
    assert f'lang="{language}"' in html
    assert len(html.encode()) < GMAIL_SHOWS_BYTES
    assert "prefers-color-scheme: dark" in html
    assert "\n\n\n" not in text
    assert not re.search(r"[{}<]%|\{\{", text)
    assert set(re.findall(r'src="([^"]*)"', html)) <= {"cid:logo"}
    assert "http" not in re.sub(rf"{re.escape(URL)}|http://www.w3.org/\S+", "", text)


@pytest.mark.parametrize(("language", "amount"), [("en", "€1,240.50"), ("de", "1.240,50\xa0€")])
def test_both_forms_say_how_much_and_where(press: WordsPress, language: str, amount: str) -> None:
    template, notice = NOTICES["invoice"]
    subject, html, text = press.compose(template, notice.context() | {"language": language})
    assert amount.replace("\xa0", " ") in subject
    for form in (html, text):
        assert amount in form
        assert URL in form
        assert "GB33 BUKB 2020 1555 5555 55" in form
    assert html.count(f'href="{URL}"') == 2


def test_names_are_never_read_as_markup(press: WordsPress) -> None:
    template, notice = NOTICES["invoice"]
    _, html, text = press.compose(template, notice.context() | {"language": "en"})
    assert "Ünal &amp; &lt;b&gt;Søn&lt;/b&gt;" in html
    assert "Ünal & <b>Søn</b>" in text


def test_the_button_is_a_filled_cell_for_outlook(press: WordsPress) -> None:
    template, notice = NOTICES["invoice"]
    _, html, _ = press.compose(template, notice.context() | {"language": "en"})
    assert re.search(r'<td[^>]*bgcolor="#0b5563"[^>]*mso-padding-alt:15px 24px', html)


def test_a_mail_without_logo_shows_the_name(press: WordsPress) -> None:
    plain = SenderFace(name="Acme")
    notice = InvoiceNotice(plain, "Buyer", "A-1", euros(100), euros(100))
    _, html, _ = press.compose("invoice", notice.context() | {"language": "en"})
    assert "cid:" not in html
    assert "Acme" in html


@pytest.mark.parametrize("table", ["web", "email"])
def test_every_language_words_the_same_things(table: str) -> None:
    keys = {
        file.stem: tomllib.loads(file.read_text("utf-8"))[table].keys()
        for file in (TEMPLATES / "locale").glob("*.toml")
    }
    assert keys["de"] == keys["en"]


def test_every_wording_that_a_template_names_is_there() -> None:
    catalogue = tomllib.loads((TEMPLATES / "locale" / "en.toml").read_text("utf-8"))
    for folder in ("web", "email"):
        for file in (TEMPLATES / folder).rglob("*"):
            if file.is_file():
                for key in re.findall(r't\("([\w.]+)"[,)]', file.read_text("utf-8")):
                    table, _, name = key.partition(".")
                    assert name in catalogue[table], f"{file.name} names {key}"


@pytest.mark.parametrize("again_on", [date(2026, 12, 1), None])
def test_who_is_charged_again_is_not_told_to_pay_instead(
    press: WordsPress, again_on: date | None
) -> None:
    notice = ChargeFailedNotice(
        ACME, "Buyer", "A-1", euros(100), "Visa •••• 4242", "funds", again_on, pay_url=URL
    )
    for form in press.compose("charge_failed", notice.context() | {"language": "en"})[1:]:
        assert ("You need not do anything" in form) is (again_on is not None)
        assert ("Please pay on this page instead" in form) is (again_on is None)


def test_a_question_in_german_begins_in_german(press: WordsPress) -> None:
    notice = QuestionNotice(ACME, "", "It is held.", "work_1", title_key="invoice_held")
    for language, begins in (("de", "Diese Rechnung wird erst gesendet"), ("en", "It is held.")):
        _, _, text = press.compose("question", notice.context() | {"language": language})
        assert text.split("\n\n")[1].startswith(begins)
        assert "It is held." in text
