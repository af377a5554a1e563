"""What a payer claims in a mail, and how the books stand after it."""

from __future__ import annotations

from tests.actors.desk import NORTHLIGHT, Desk, letter
from worker import invoices, ledger
from worker.remittance import Advice

ANN = "Ann <accounts@brightwater.example>"


def tell(desk: Desk, words: str, sender: str = ANN, **headers: str) -> list[Advice]:
    """Have somebody write that they paid; gives the advices of that mail."""
    mail = desk.take(letter(words, sender=sender, subject="Payment", **headers))
    assert mail.kind == "remittance", mail.because
    return desk.all(Advice, mail_id=mail.id)


def owed(desk: Desk, number: str) -> str:
    """What is still to pay of an invoice."""
    with desk.app.reading() as s:
        return invoices.still_to_pay(s, invoices.called(s, NORTHLIGHT, number)[0]).text()


def held(desk: Desk) -> dict[str, int]:
    """What each account holds, in minor units; empty ones left out."""
    with desk.app.reading() as s:
        balances = ledger.balances(s, NORTHLIGHT)
        return {account: b.minor for (account, _), b in balances.items() if b.minor}
