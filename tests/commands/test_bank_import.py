"""`tillmail payments import`: bank files booked at the desk, and why one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.books import issue, zoo
from tests.commands.conftest import Desk
from tests.readers.bank_samples import balance, camt, entry
from worker.app import App

ACCOUNT = """
[[bank_accounts]]
iban = "DE02120300000000202051"
name = "Giro"
"""


@pytest.fixture
def till(desk: Desk) -> Desk:
    """Zoo AG with an open invoice, and an account whose files may be booked."""
    file = desk.home / "config" / "businesses" / "acme.toml"
    file.write_text(file.read_text() + ACCOUNT)
    desk.book(_an_invoice)
    return desk


def _an_invoice(_app: App, session: Session) -> None:
    zoo(session)
    issue(session, number="RE-1001")


def statement(folder: Path, name: str, opening: str, closing: str, *entries: str) -> str:
    file = folder / name
    file.write_bytes(camt(balance("OPBD", opening), balance("CLBD", closing), *entries))
    return str(file)


def paid(amount: str, words: str) -> str:
    said = f"<RmtInf><Ustrd>{words}</Ustrd></RmtInf>"
    return entry(amount, inside=f"<NtryDtls><TxDtls>{said}</TxDtls></NtryDtls>")


def test_files_are_booked_in_any_order_once_and_say_what_they_came_to(
    till: Desk, tmp_path: Path
) -> None:
    first = statement(tmp_path, "1.xml", "1000.00", "1119.00", paid("119.00", "RE-1001"))
    second = statement(tmp_path, "2.xml", "1119.00", "1124.00", paid("5.00", "hello"))
    wrong = tmp_path / "letter.txt"
    wrong.write_text("Dear Ann")
    words = ("payments", "import", first, "--as", "Ann", "--json")

    [trial] = till.type(*words, "--dry-run").json
    assert (trial["result"], trial["applied"]) == ("booked", 1)
    assert till.type("payments", "list", "--json").json == []

    assert till.type(*words).json == [trial]
    done = till.type("payments", "import", second, first, str(wrong), "--as", "Ann", "--json")
    assert done.code == 1
    rows = {row["file"]: row for row in done.json}
    assert rows["2.xml"]["unidentified"] == 1
    assert (rows["1.xml"]["result"], rows["1.xml"]["already_known"]) == ("already known", 1)
    assert rows["letter.txt"]["result"] == "refused"

    assert till.type("invoices", "show", "RE-1001", "--json").json["state"] == "paid"
    [nobodys] = till.type("payments", "unapplied", "--json").json
    assert (nobodys["customer"], nobodys["reference"]) == (None, "hello")


def test_a_gap_is_refused_unless_staff_vouch_for_it(till: Desk, tmp_path: Path) -> None:
    first = statement(tmp_path, "1.xml", "1000.00", "1119.00", paid("119.00", "RE-1001"))
    third = statement(tmp_path, "3.xml", "2000.00", "2005.00", paid("5.00", "hello"))
    done = till.type("payments", "import", third, first, "--as", "Ann", "--json")
    assert [row["result"] for row in done.json] == ["booked", "refused"]
    again = till.type("payments", "import", first, "--as", "Ann", "--accept-gap", "--json")
    assert [row["result"] for row in again.json] == ["booked"]


def test_only_staff_import(till: Desk, tmp_path: Path) -> None:
    file = statement(tmp_path, "1.xml", "1.00", "2.00", paid("1.00", "x"))
    done = till.type("payments", "import", file, "--as", "Eve")
    assert done.code == 1
    assert "Eve is not staff of Acme" in done.err
