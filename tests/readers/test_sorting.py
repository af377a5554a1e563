"""Every mail is one kind, and says why."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import pytest

from worker.readers import examine
from worker.readers.model import Kind, Reading

HEAD = "From: ann@buyer.example\nTo: invoices@worker.example\nMIME-Version: 1.0\n"


def read(body: str, *, subject: str = "Re: Invoice 7", headers: str = "") -> Reading:
    mail = f"{HEAD}Subject: {subject}\n{headers}Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    return examine(mail.encode()).reading


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("We paid invoice 7 yesterday, 120.00 EUR.", Kind.REMITTANCE),
        ("Rechnung 7 haben wir heute überwiesen.", Kind.REMITTANCE),
        ("Le virement de 120,00 € est parti hier.", Kind.REMITTANCE),
        ("Przelew został dziś zrealizowany.", Kind.REMITTANCE),
        ("We will pay next week.", Kind.PROMISE),
        ("Wir werden die Rechnung nächste Woche überweisen.", Kind.PROMISE),
        ("Nous paierons avant la fin du mois.", Kind.PROMISE),
        ("Pagaremos la próxima semana.", Kind.PROMISE),
        ("If we paid by Friday, would the discount hold?", Kind.QUESTION),
        ("What is this invoice for?", Kind.QUESTION),
        ("Was ist auf Position 3 berechnet?", Kind.QUESTION),
        ("We dispute this invoice; the goods were damaged.", Kind.DISPUTE),
        ("Die Ware war defekt, wir zahlen nicht.", Kind.DISPUTE),
        ("We will not pay until there is a corrected invoice.", Kind.DISPUTE),
        ("Could you send me a copy of invoice 7?", Kind.COPY_REQUEST),
        ("Bitte senden Sie uns eine Rechnungskopie.", Kind.COPY_REQUEST),
        ("Thanks, received.", Kind.ACKNOWLEDGEMENT),
        ("Vielen Dank, erhalten.", Kind.ACKNOWLEDGEMENT),
        ("Our bank details have changed, please use the new IBAN.", Kind.SUSPICIOUS),
        ("Bitte beachten Sie unsere neue Bankverbindung.", Kind.SUSPICIOUS),
        ("Paid 120.00. Bank details are never changed by e-mail.", Kind.REMITTANCE),
        ("resend", Kind.COMMAND),
        ("Send to bob@buyer.example\n\nRegards", Kind.COMMAND),
        ("Total 120.00", Kind.COMMAND),
        ("Lina joins us in December.", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_the_new_words_of_a_mail_decide(body: str, kind: Kind) -> None:
    found = read(body)
    assert found.kind is kind, found.reasons
    assert found.reasons


SENTENCES = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


@pytest.mark.parametrize("kind", sorted(SENTENCES))
def test_people_say_it_in_many_ways(kind: str) -> None:
    for sentence in SENTENCES[kind]:
        found = read(f"Hello,\n\n{sentence}\n\nRegards\nAnn")
        assert (sentence, found.kind.value) == (sentence, kind)


def test_quoted_words_decide_nothing() -> None:
    quoted = (
        "\n\nOn Mon, 2 Nov 2026 at 09:31, Bea <bea@seller.example> wrote:\n> We dispute it. Paid?\n"
    )
    assert read("Thanks, received." + quoted).kind is Kind.ACKNOWLEDGEMENT


def test_a_command_counts_only_in_a_reply() -> None:
    assert read("status").kind is Kind.COMMAND
    assert read("status", subject="Hello").kind is Kind.OTHER


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Automatic reply: Invoice 7", ""),
        ("Abwesenheitsnotiz: Rechnung 7", ""),
        ("Re: Invoice 7", "Auto-Submitted: auto-replied\n"),
        ("Re: Invoice 7", "X-Autoreply: yes\n"),
    ],
)
def test_automatic_answers_are_known(subject: str, headers: str) -> None:
    assert read("We paid it.", subject=subject, headers=headers).kind is Kind.AUTO_REPLY


def test_a_complaint_report_is_a_complaint() -> None:
    headers = "Feedback-Type: abuse\n"
    assert read("Spam.", headers=headers).kind is Kind.COMPLAINT


def test_an_attached_program_is_suspicious() -> None:
    program = base64.b64encode(b"MZ\x90\x00" + b"\0" * 60).decode()
    mail = (
        f"{HEAD}Subject: Invoice\nContent-Type: application/pdf; name=invoice.pdf\n"
        f"Content-Transfer-Encoding: base64\n\n{program}\n"
    )
    assert examine(mail.encode()).reading.kind is Kind.SUSPICIOUS


def test_what_nobody_can_open_is_said_and_is_no_kind() -> None:
    tnef = base64.b64encode(b"\x78\x9f\x3e\x22" + b"\0" * 60).decode()
    mail = (
        f"{HEAD}Subject: Invoice\nContent-Type: application/ms-tnef; name=winmail.dat\n"
        f"Content-Transfer-Encoding: base64\n\n{tnef}\n"
    )
    found = examine(mail.encode()).reading
    assert found.kind is Kind.OTHER
    assert found.error is not None
    assert found.error.startswith("winmail.dat cannot be read.")


SUBJECTS = [
    "Automatic reply: Invoice 7", "Abwesenheitsnotiz: Rechnung 7", "Réponse automatique : Facture",
    "Respuesta automática: Factura 7", "Risposta automatica: Fattura 7", "Afwezig: Factuur 7",
    "Odpowiedź automatyczna: Faktura 7", "Autosvar: Faktura 7", "Automatická odpoveď: Faktúra 7",
    "Αυτόματη απάντηση: Τιμολόγιο 7", "自動応答: 請求書 7", "自动答复: 发票 7", "자동 회신: 청구서",
    "Samodejni odgovor: Račun 7", "Automaatvastus: Arve 7", "رد تلقائي: فاتورة 7",
]  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_holiday_notice_is_known_by_its_subject_in_any_language(subject: str) -> None:
    assert read("…", subject=subject).kind is Kind.AUTO_REPLY
