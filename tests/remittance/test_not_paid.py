"""Sentences that speak of a payment which was not made, or not surely: none is ever applied."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from worker import readers, remittance
from worker.kernel.money import Money
from worker.readers.model import Proposal
from worker.remittance import Item, OpenItems, Row

ADDRESS = "ap@payer.example"
ITEMS = OpenItems(
    [
        Row("Payer Ltd", ADDRESS, Item("RE-10118", Money(65790, "EUR"), dt.date(2026, 11, 14))),
        Row("Payer Ltd", ADDRESS, Item("RE-10119", Money(65790, "EUR"), dt.date(2026, 11, 2))),
    ]
)
SENTENCES = """
I have not paid RE-10118 (657.90 EUR) yet.
Payment of 657.90 EUR for RE-10118 is still waiting for approval.
Please take payment of 657.90 EUR for RE-10118 from our card.
The 657.90 EUR for RE-10118 has not been paid because the goods were damaged.
RE-10118 for 657.90 EUR is in the next BACS run, paid on 27 November.
RE-10118 (657.90 EUR) was approved today and is with our payment team.
Payment of 657.90 EUR for RE-10118 requested today, awaiting sign off.
RE-10118: 657.90 EUR paid today by another company on our behalf.
Paid 657.90 EUR today for RE-10118 or RE-10119.
Paid 657.90 EUR today. Not sure if it is for RE-10118.
We paid 657.90 EUR for RE-10118 to your old account today.
Paid 607.90 EUR for RE-10118 today, 50.00 EUR kept back for the broken sign.
RE-10118 of 657.90 EUR is unpaid, we pay when the goods arrive.
Die Lastschrift RE-10118 über 657,90 EUR wurde heute zurückgegeben.
Die Überweisung von 657,90 EUR für RE-10118 ist für den 30.11. terminiert.
657,90 EUR für RE-10118 überweisen wir am Montag.
RE-10118 über 657,90 EUR wurde noch nicht bezahlt, da die Ware fehlt.
RE-10118 (657,90 EUR) bitte per Lastschrift einziehen.
RE-10118 haben wir bereits am 12.11. mit 657,90 EUR bezahlt, bitte prüfen.
Le virement de 657,90 EUR pour RE-10118 partira lundi.
Nous n'avons pas encore réglé RE-10118 (657,90 EUR).
657,90 EUR pour RE-10118 : ordre de virement saisi, en attente de validation.
De betaling van 657,90 EUR voor RE-10118 staat klaar voor vrijdag.
RE-10118 (657,90 EUR) is nog niet betaald.
657,90 EUR voor RE-10118 moet nog betaald worden.
Il bonifico di 657,90 EUR per RE-10118 verrà disposto domani.
La fattura RE-10118 di 657,90 EUR risulta da pagare.
La transferencia de 657,90 EUR de RE-10118 está programada para el lunes.
Falta pagar RE-10118, 657,90 EUR.
O pagamento de 657,90 EUR da RE-10118 fica para segunda.
A RE-10118 de 657,90 EUR ainda está por pagar.
Przelew 657,90 EUR za RE-10118 zostanie wykonany jutro.
Przelew 657,90 EUR za RE-10118 jeszcze nie wyszedł.
Faktura RE-10118 na 657,90 EUR jest nieopłacona.
Betalning av 657,90 EUR för RE-10118 är inlagd för fredag.
Faktura RE-10118, 657,90 EUR, är obetald.
RE-10118の657.90 EURは明日お振込みいたします。
RE-10118の657.90 EURはまだお支払いしておりません。
"""


def _proposal(text: str, subject: str) -> Proposal:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = f"<{ADDRESS}>", "<a@seller.example>", subject
    mail["Date"] = "Fri, 20 Nov 2026 11:02:29 +0100"
    mail.set_content(text + "\n")
    examined = readers.examine(mail.as_bytes())
    return remittance.propose(examined.reading, examined.claim, ADDRESS, ITEMS)


@pytest.mark.parametrize("sentence", SENTENCES.strip().split("\n"))
def test_what_is_not_surely_paid_is_not_applied(sentence: str) -> None:
    # A subject that names a payment must not decide, either.
    for subject in ("Payment", "Re: question"):
        assert _proposal(sentence, subject).decision != "apply", subject


@pytest.mark.parametrize(
    ("sentence", "cash"),
    [
        ("Cheque no 10022 for 657.90 EUR posted today for RE-10118.", "657.90"),
        ("Paid EUR 500 of the EUR 657.90 on RE-10118 today, rest end of month.", "500.00"),
        ("The 13.16 EUR wire fee taken off, we sent 644.74 EUR for RE-10118 today.", "644.74"),
        ("RE-10118: 657,90 EUR heute überwiesen, vielen Dank für die Geduld.", "657.90"),
        ("Merci de confirmer la réception du virement de 657,90 € (RE-10118) du 18/11.", "657.90"),
    ],
)  # fmt: skip
def test_what_was_paid_is_applied_however_it_is_said(sentence: str, cash: str) -> None:
    proposal = _proposal(sentence, "Payment")
    assert proposal.decision == "apply", proposal.why
    assert [(a.invoice_number, str(a.amount)) for a in proposal.allocations] == [("RE-10118", cash)]


def test_a_sum_under_a_ruled_line_counts() -> None:
    listed = "Paid today:\n  RE-10118   657,90\n  RE-10119   657,90\n  -------\n  total   {}\n\nEva"
    assert _proposal(listed.format("1.315,80 EUR"), "Payment").decision == "apply"
    assert _proposal(listed.format("1.351,80 EUR"), "Payment").decision == "review"
