"""`tillmail remittances`: a claim listed, taken, registered and undone at the desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from tests.commands.conftest import Desk
from worker import invoices, remittance
from worker.app import App
from worker.readers.model import Claim, Remittance, RemittanceLine

LATER = date(2029, 1, 31)


def _claimed(amount: str) -> Callable[[App, Session], None]:
    def work(_app: App, session: Session) -> None:
        customer = zoo(session)
        issue(session)
        issue(session, number="R-2")
        line = RemittanceLine(as_written="R-1", amount=Decimal(amount))
        read = Remittance(currency="EUR", total=Decimal(amount), lines=(line,))
        told = remittance.Told(
            mail_id="mail_1",
            written_by="pay@zoo.example",
            trust="A1",
            thread="t",
            remittances=(read,),
            claim=Claim(),
            customer_id=customer.id,
        )
        remittance.take(session, ACME, told, remittance.Policy(), at=AT)

    return work


@pytest.fixture
def till(desk: Desk) -> Desk:
    (desk.home / "var" / "clock.ahead").write_text("0")
    return desk


def state(till: Desk) -> str:
    [row] = till.type("remittances", "list", "--json").json
    return str(row["state"])


def advice(till: Desk) -> str:
    [row] = till.type("remittances", "list", "--json").json
    return str(row["id"])


def test_a_sure_claim_is_registered_and_undone(till: Desk) -> None:
    till.book(_claimed("119.00"))
    shown = till.type("remittances", "show", advice(till), "--json").json
    assert shown["pays"][0]["invoice"] == "R-1"
    assert state(till) == "announced"
    assert "say `received`" in till.type("remittances", "apply", advice(till), "--as", "Ann").err
    done = till.type("remittances", "apply", advice(till), "received", "--as", "Ann")
    assert (done.code, state(till)) == (0, "settled"), done.err
    assert till.type("review", "list", "--json").json == []
    undone = till.type("remittances", "undo", advice(till), "--reason", "wrong", "--as", "Ann")
    assert (undone.code, state(till)) == (0, "withdrawn"), undone.err
    assert till.type("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("words", "pays"),
    [([], {"R-1": "100.00"}), (["R-1", "60.00", "R-2", "40.00"], {"R-1": "60.00", "R-2": "40.00"})],
)
def test_a_doubtful_claim_is_taken_or_corrected(
    till: Desk, words: list[str], pays: dict[str, str]
) -> None:
    till.book(_claimed("100.00"))
    assert state(till) == "review"
    assert till.type("remittances", "apply", advice(till), *words, "--as", "Eve").code == 1
    done = till.type("remittances", "apply", advice(till), *words, "--as", "Ann")
    assert (done.code, state(till)) == (0, "announced"), done.err
    shown = till.type("remittances", "show", advice(till), "--json").json["pays"]
    assert {line["invoice"]: line["amount"]["amount"] for line in shown} == pays
    [asked] = till.type("review", "list", "--json").json
    said = till.type("review", "resolve", asked["id"], "not", "received", "--as", "Ann")
    assert (said.code, state(till)) == (0, "withdrawn"), said.err


def test_what_is_overdue_rests_while_it_is_announced_or_promised(till: Desk) -> None:
    (till.home / "var" / "clock.ahead").write_text(str(60 * 86_400))
    till.book(_claimed("119.00"))
    overdue = ("invoices", "overdue", "--json")

    def rests() -> dict[str, str | None]:
        return {row["number"]: row["rests"] for row in till.type(*overdue).json}

    assert str(rests()["R-1"]).startswith("119.00 EUR is announced until ")
    assert rests()["R-2"] is None
    till.book(_promised("R-2"))
    assert rests()["R-2"] == f"promised for {LATER}"
    [advice] = till.type("remittances", "list", "--json").json
    till.type("remittances", "undo", advice["id"], "--reason", "it was a mistake", "--as", "Ann")
    assert rests()["R-1"] is None
    rows = till.type(*overdue).json
    assert [(row["number"], row["may_be_urged"]) for row in rows] == [("R-1", True), ("R-2", False)]


def _promised(number: str) -> Callable[[App, Session], None]:
    def work(_app: App, session: Session) -> None:
        [invoice] = invoices.called(session, ACME, number)
        invoices.promise(invoice, LATER, by="pay@zoo.example", at=AT)

    return work
