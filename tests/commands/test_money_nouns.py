"""`tillmail payments` and `tillmail credits`: money registered, applied and undone at the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.books import ACME, AT, issue, zoo
from tests.commands.conftest import Desk
from tests.payments.test_crediting import credit
from worker import invoices, store
from worker.app import App
from worker.documents import Document
from worker.kernel.ids import new_id

STAFF = """
[[staff]]
name = "Sal"
address = "sal@acme.example"
roles = ["sales"]
"""
TODAY = AT.date().isoformat()


@pytest.fixture
def till(desk: Desk) -> Desk:
    """Zoo AG with two open invoices, and a salesperson beside Ann."""
    file = desk.home / "config" / "businesses" / "acme.toml"
    file.write_text(file.read_text() + STAFF)
    (desk.home / "var" / "clock.ahead").write_text("0")
    desk.book(_two_invoices)
    return desk


def _two_invoices(_app: App, session: Session) -> None:
    zoo(session)
    issue(session)
    issue(session, number="R-2")


def _credited(_app: App, session: Session) -> None:
    credit(session, "150.00")


def register(till: Desk, *words: str, who: str = "Ann") -> str:
    done = till.type("payments", "register", *words, "--as", who)
    assert done.code == 0, done.err
    return done.out.strip()


def still_to_pay(till: Desk, number: str) -> str:
    amount: str = till.type("invoices", "show", number, "--json").json["still_to_pay"]["amount"]
    return amount


BY_BANK = ("--method", "bank_transfer", "--date", TODAY, "--reference", "R-1 and more")


def test_a_payment_is_registered_allocated_and_undone(till: Desk) -> None:
    payment = register(till, "--invoice", "R-1", "--amount", "150.00", *BY_BANK)
    assert still_to_pay(till, "R-1") == "0.00"
    [row] = till.type("payments", "unapplied", "--json").json
    assert (row["id"], row["unapplied"]["amount"]) == (payment, "31.00")

    assert till.type("payments", "allocate", payment, "R-2", "--as", "Ann").code == 0
    assert still_to_pay(till, "R-2") == "88.00"
    assert till.type("payments", "unapplied", "--json").json == []

    undo = ("payments", "undo", payment, "--reason", "wrong account")
    assert till.type(*undo, "--as", "Ann").code == 0
    assert (still_to_pay(till, "R-1"), still_to_pay(till, "R-2")) == ("119.00", "119.00")
    shown = till.type("payments", "show", payment, "--json").json
    assert (shown["returned_by"], shown["returned_because"]) == ("Ann", "wrong account")
    assert till.type("ledger", "verify").code == 0


def test_the_same_words_typed_twice_are_asked_about(till: Desk) -> None:
    words = ("--invoice", "R-1", "--amount", "10.00", *BY_BANK)
    first = register(till, *words)
    again = till.type("payments", "register", *words, "--as", "Ann")
    assert (again.code, first in again.err, "--again" in again.err) == (1, True, True)
    assert register(till, *words, "--again") != first
    assert still_to_pay(till, "R-1") == "99.00"


def test_what_was_undone_may_be_typed_anew(till: Desk) -> None:
    words = ("--invoice", "R-1", "--amount", "10.00", *BY_BANK)
    first = register(till, *words)
    till.type("payments", "undo", first, "--reason", "typo", "--as", "Ann")
    assert register(till, *words) != first


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--amount", "1.00", "--method", "cash"), "Whose money is it?"),
        (("--invoice", "R-1", "--amount", "1,00", "--method", "cash"), "is not an amount"),
        (("--invoice", "R-1", "--amount", "1e9", "--method", "cash"), "is not an amount"),
        (("--invoice", "R-1", "--amount", "0.00", "--method", "cash"), "more than nothing"),
        (("--invoice", "R-1", "--amount", "1.00", "--method", "gold"), "gold is no method"),
        (
            ("--invoice", "R-1", "--amount", "1.00", "--method", "cash", "--date", "22.11.2026"),
            "day",
        ),
        (
            ("--invoice", "R-1", "--amount", "1", "--method", "cash", "--date", "9999-01-01"),
            "still to come",
        ),
        (("--invoice", "R-9", "--amount", "1.00", "--method", "cash"), "There is no invoice R-9"),
    ],
)
def test_what_cannot_be_meant_is_refused(till: Desk, words: tuple[str, ...], says: str) -> None:
    done = till.type("payments", "register", *words, "--as", "Ann")
    assert (done.code, says in done.err) == (1, True), done.err


def test_sales_register_for_their_own_customers_only(till: Desk) -> None:
    words = ("payments", "register", "--invoice", "R-1", "--amount", "10.00", *BY_BANK)
    assert "own customers only" in till.type(*words, "--as", "Sal").err
    assert till.type("customers", "assign", "7", "--to", "sal@acme.example").code == 0
    assert till.type(*words, "--as", "Sal").code == 0
    assert "is not staff" in till.type(*words, "--as", "Eve").err
    assert (
        "ask finance"
        in till.type("payments", "undo", _newest(till), "--reason", "x", "--as", "Sal").err
    )


def test_a_file_is_registered_line_by_line_and_once(till: Desk, tmp_path: Path) -> None:
    file = tmp_path / "cash.csv"
    file.write_text(
        "customer;invoice;amount;method;date;reference\n"
        f"7;R-1;19.00;cash;{TODAY};box\n"
        f"7;R-1;19.00;cash;{TODAY};box\n"
        f"7;R-9;1.00;cash;{TODAY};\n"
        f"7;;5.00;cheque;{TODAY};no invoice\n"
    )
    first = till.type("payments", "register", "--csv", str(file), "--as", "Ann", "--json")
    assert (first.code, [row["result"] for row in first.json]) == (
        1, ["registered", "registered", "refused", "registered"],
    )  # fmt: skip
    assert [row["line"] for row in first.json] == [2, 3, 4, 5]
    assert still_to_pay(till, "R-1") == "81.00"

    again = till.type("payments", "register", "--csv", str(file), "--as", "Ann", "--json")
    assert [row["result"] for row in again.json] == [
        "there already", "there already", "refused", "there already",
    ]  # fmt: skip
    assert [row["id"] for row in again.json] == [row["id"] for row in first.json]
    assert still_to_pay(till, "R-1") == "81.00"


def test_lines_that_differ_in_their_note_alone_are_each_a_payment(
    till: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "cash.csv"
    file.write_text(
        "invoice,amount,method,date,reference,note\n"
        f"R-1,19.00,cash,{TODAY},box,morning\n"
        f"R-1,19.0,cash,{TODAY},BOX,evening\n"
    )
    first = till.type("payments", "register", "--csv", str(file), "--as", "Ann", "--json")
    assert [row["result"] for row in first.json] == ["registered", "registered"]
    assert still_to_pay(till, "R-1") == "81.00"
    again = till.type("payments", "register", "--csv", str(file), "--as", "Ann", "--json")
    assert [row["id"] for row in again.json] == [row["id"] for row in first.json]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (f"R-1,cash,{TODAY},1,240.50", "Line 2 has more cells than the first line has names"),
        (f"R-1,cash,{TODAY},1\0", "is not an amount"),
        (f'R-1,cash,{TODAY},"{"1" * 140_000}"', "cannot be read as a table"),
    ],
)
def test_a_line_that_can_be_read_in_two_ways_registers_nothing(
    till: Desk, tmp_path: Path, lines: str, says: str
) -> None:
    file = tmp_path / "cash.csv"
    file.write_text(f"invoice,method,date,amount\n{lines}\n")
    done = till.type("payments", "register", "--csv", str(file), "--as", "Ann")
    assert (done.code, says in done.out + done.err) == (1, True), done.out + done.err
    assert still_to_pay(till, "R-1") == "119.00"


def test_the_balance_is_listed_and_pays_an_invoice(till: Desk) -> None:
    till.book(_credited)
    [row] = till.type("credits", "balances", "--json").json
    assert (row["number"], row["balance"]["amount"]) == ("7", "31.00")
    note = till.type("invoices", "show", "G-1", "--json").json
    assert (note["state"], note["credits"], note["to_balance"]["amount"]) == (
        "applied", "R-1", "31.00",
    )  # fmt: skip
    assert [one["amount"]["amount"] for one in note["set_against"]] == ["119.00"]
    assert till.type("credits", "apply", "R-2", "20.00", "--as", "Ann").code == 0
    assert till.type("credits", "apply", "R-2", "20.00", "--as", "Ann").code == 1
    assert till.type("credits", "apply", "R-2", "--as", "Ann").code == 0
    assert (still_to_pay(till, "R-2"), till.type("credits", "balances", "--json").json) == (
        "88.00",
        [],
    )
    happened = [line["what"] for line in _activity(till, "R-2")]
    assert happened.count("paid_from_balance") == 2
    assert "credited" in [line["what"] for line in _activity(till, "R-1")]


def test_a_credit_note_is_printed_and_sent_once_more(till: Desk) -> None:
    till.book(_credited)
    sent = till.type("invoices", "send", "G-1")
    assert (sent.code, "is being printed" in sent.err) == (1, True)
    till.book(_printed)
    again = till.type("invoices", "send", "G-1", "--to", "new@zoo.example")
    assert (again.code, "new@zoo.example" in again.err) == (0, True)
    kinds = [n["kind"] for n in till.type("invoices", "show", "G-1", "--json").json["notices"]]
    assert kinds == ["credit_note"]


def _printed(_app: App, session: Session) -> None:
    [note] = invoices.called(session, ACME, "G-1")
    pdf = store.blobs.keep(session, ACME, b"%PDF-1.7", at=AT)
    session.add(
        Document(
            business=ACME, id=new_id("doc"), item_id=note.id, face="credit_note", pdf_sha256=pdf,
            pages=1, template_set="0" * 32, frozen_at=AT,
        )
    )  # fmt: skip


def _activity(till: Desk, number: str) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = till.type("invoices", "show", number, "--json").json["activity"]
    return lines


def _newest(till: Desk) -> str:
    newest: str = till.type("payments", "list", "--json").json[0]["id"]
    return newest
