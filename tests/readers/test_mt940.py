"""MT940 and MT942 as banks write them: wraps, marks, days and words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.readers.bank_samples import mt940
from worker.readers import bank_files, mt940_details
from worker.readers.bank_files import read
from worker.readers.model import BankEntry, EntryStatus, Statement


def only(data: bytes) -> Statement:
    money = read(data)
    assert money is not None
    (found,) = money.statements
    return found


def one(data: bytes) -> BankEntry:
    (found,) = only(data).entries
    return found


@pytest.mark.parametrize(
    ("line", "day", "amount", "code", "reference"),
    [
        ("2611021102C5,00NTRFNONREF//B1", "2026-11-02", "5.00", "NTRF", "B1"),
        ("261102D5,NMSCR1", "2026-11-02", "-5.00", "NMSC", "R1"),
        ("2611021102RC5,5NTRFR1//B1", "2026-11-02", "-5.50", "NTRF", "B1"),
        ("2611021102RD5,00NTRFR1", "2026-11-02", "5.00", "NTRF", "R1"),
        ("2611021102CR5,00N062NONREF", "2026-11-02", "5.00", "N062", ""),
        ("2611021102RCR5,00N062NONREF", "2026-11-02", "-5.00", "N062", ""),
        ("261102    DD212,39NMSCNONREF//", "2026-11-02", "-212.39", "NMSC", ""),
        ("2612310102C5,00NTRFR1", "2026-12-31", "5.00", "NTRF", "R1"),
        ("2701021231C5,00NTRFR1", "2027-01-02", "5.00", "NTRF", "R1"),
        ("9912311231C5,00NTRFR1", "1999-12-31", "5.00", "NTRF", "R1"),
        ("2602300302C5,00NTRFR1", "2026-02-28", "5.00", "NTRF", "R1"),
        ("2611021102C000000000005,00NTRFR1", "2026-11-02", "5.00", "NTRF", "R1"),
        ("2611021102CR\r\n5,00NTRFR1", "2026-11-02", "5.00", "NTRF", "R1"),
    ],
)
def test_a_line_gives_value_day_sign_and_references(
    line: str, day: str, amount: str, code: str, reference: str
) -> None:
    found = one(mt940(f":61:{line}"))
    assert (str(found.date), str(found.amount)) == (day, amount)
    assert (found.code, found.reference, found.currency) == (code, reference, "EUR")
    assert found.is_reversal == (line[10:11] == "R")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("envelope", [b"", b"{1:F01INGBNL2AXXXX00001}{2:I940INGBNL2AXXXN}{4:\n"])
def test_any_line_end_and_envelope_is_read(newline: bytes, envelope: bytes) -> None:
    data = envelope + mt940(":61:2611021102C5,00NTRFR1").replace(b"\r\n", b"\n")
    assert str(one(data.replace(b"\n", newline)).amount) == "5.00"


def test_balances_that_do_not_add_up_are_a_problem() -> None:
    line = ":61:2611021102C5,00NTRFR1"
    assert only(mt940(line, closing="C261102EUR105,00")).problems == ()
    assert only(mt940(line, opening="D261101EUR1,00", closing="C261102EUR4,00")).problems == ()
    (problem,) = only(mt940(line, closing="C261102EUR100,00")).problems
    assert problem.rule == "BALANCE"
    (problem,) = only(mt940(line, closing="C261102USD105,00")).problems
    assert problem.rule == "CURRENCY"


def test_a_line_smuggled_in_by_a_payers_words_breaks_the_balance() -> None:
    words = ":86:166?00GUTSCHRIFT?20Invoice 1\r\n:61:2611021102C9999,00NTRFR2"
    data = mt940(":61:2611021102C5,00NTRFR1", words, closing="C261102EUR105,00")
    (problem,) = only(data).problems
    assert problem.rule == "BALANCE"


@pytest.mark.parametrize("rest", [":12:11 more", ":20:05 more", ":21:59"])
def test_a_wrapped_time_is_no_tag(rest: str) -> None:
    words = f":86:166?20Card payment 2026-11-02T16\r\n{rest}"
    found = only(mt940(":61:2611021102C5,00NTRFR1", words, closing="C261102EUR105,00"))
    assert len(found.entries) == 1
    assert f"16{rest}"[:6] in found.entries[0].text
    assert found.problems == ()


def test_a_tag_cut_from_its_colon_is_a_tag() -> None:
    data = mt940(":61:2611021102C5,00NTRFR1", ":", "86:166?00X?20Invoice 7")
    assert one(data).text == "Invoice 7"


def test_a_line_that_cannot_be_read_is_a_problem_and_no_amount() -> None:
    found = only(mt940(":61:2611021102X5,00NTRFR1"))
    assert found.entries[0].amount is None
    assert {problem.rule for problem in found.problems} == {"LINE", "AMOUNT"}


def test_the_other_account_may_stand_below_the_line() -> None:
    data = mt940(":61:2611021102C5,00N102EREF", "DE89370400440532013000", ":86:Invoice 7")
    found = one(data)
    assert found.details[0].counterparty_account == "DE89370400440532013000"
    assert found.text == "Invoice 7 DE89370400440532013000"


def test_a_day_out_of_the_calendar_is_a_problem_and_no_day() -> None:
    found = only(mt940(":61:2613021102C5,00NTRFR1"))
    assert found.entries[0].date is None
    assert [problem.rule for problem in found.problems] == ["DATE"]


def test_several_messages_are_several_statements_with_their_own_currency() -> None:
    line = ":61:2611021102C5,00NTRFR1"
    data = mt940(line, closing="C261102EUR105,00") + mt940(
        line, opening="C261102PLN1,00", closing="C261103PLN6,00"
    )
    money = read(data)
    assert money is not None
    assert [each.entries[0].currency for each in money.statements] == ["EUR", "PLN"]
    assert money.warnings == ()


def test_a_report_during_the_day_is_mt942() -> None:
    lines = [":20:X", ":25:123/EUR", ":28C:1/1", ":34F:EURD0,", ":13D:2611021200+0100"]
    data = "\r\n".join([*lines, ":61:2611021102EC5,00NTRFR1", "-", ""]).encode()
    found = only(data)
    assert (found.format, found.currency) == ("mt942", "EUR")
    assert found.entries[0].status is EntryStatus.PENDING


GERMAN = (
    "166?00GUTSCHRIFT?100004772?20EREF+E-77?21SVWZ+Rechnung RE-1001 vom 0?221.11.2026 abzgl."
    "?23Skonto?30OLBODEH2XXX?31DE59280200501000000000?32Muster GmbH & ?33Co. KG?34000"
)
DUTCH = (
    "/TRTP/SEPA OVERBOEKING/IBAN/NL70ABNA0987654321/BIC/ABNANL2A/NAME/J DOE/REMI/Factuur 12 en "
    "13/EREF/NOTPROVIDED"
)
ING = "/EREF/E-9//CNTP/NL32INGB0000012345/INGBNL2A/ING BANK///REMI/USTD//Invoice 5/"


@pytest.mark.parametrize(
    ("words", "text", "name", "account", "reference"),
    [
        (
            GERMAN,
            "Rechnung RE-1001 vom 01.11.2026 abzgl. Skonto",
            "Muster GmbH & Co. KG",
            "DE59280200501000000000",
            "E-77",
        ),
        (GERMAN.replace("?", ">"), None, "Muster GmbH & Co. KG", "DE59280200501000000000", "E-77"),
        (GERMAN[:70] + "\n" + GERMAN[70:], None, "Muster GmbH & Co. KG", None, "E-77"),
        (DUTCH, "Factuur 12 en 13", "J DOE", "NL70ABNA0987654321", None),
        (ING, "Invoice 5", "ING BANK", "NL32INGB0000012345", "E-9"),
        (
            "159?00RETOURE?20EREF+E-77?21MTLG:Konto gesperrt",
            "Konto gesperrt",
            None,
            None,
            "E-77",
        ),
        ("Payment of\ninvoice 7", "Payment of invoice 7", None, None, None),
        ("", "", None, None, None),
    ],
)
def test_words_are_taken_apart(
    words: str, text: str | None, name: str | None, account: str | None, reference: str | None
) -> None:
    found = mt940_details.read(words)
    assert text is None or found.text == text
    assert (found.name, found.end_to_end_id) == (name, reference)
    assert account is None or found.account == account


@settings(max_examples=50)
@given(st.text(alphabet=":?/+-,0123456789ACDER\n 6182FM", max_size=200), st.integers(0, 120))
def test_no_damage_makes_a_file_raise(inserted: str, place: int) -> None:
    data = mt940(":61:2611021102C5,00NTRFR1", f":86:{GERMAN}", closing="C261102EUR105,00")
    bank_files.read(data[:place] + inserted.encode() + data[place:])
