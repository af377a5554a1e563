"""OFX, BAI2 and banks' own lists; and that no bytes make a reader raise."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.readers.workbooks import Cell, workbook, zipped
from worker.readers import Kind, bank_files, examine
from worker.readers.model import Statement

SGML = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>12 34
</BANKACCTFROM><BANKTRANLIST>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261102233000.000[-5:EST]<TRNAMT>5.00<FITID>F1<NAME>M&amp;K
<MEMO>Invoice 7</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261103<TRNAMT>-1234,5<FITID>F2<NAME>Rent
</BANKTRANLIST><LEDGERBAL><BALAMT>10.00<DTASOF>20261103</LEDGERBAL></STMTRS></STMTTRNRS>
</BANKMSGSRSV1></OFX>"""
XML = (
    '<?xml version="1.0"?><?OFX OFXHEADER="200" VERSION="211"?><OFX><STMTRS><CURDEF>EUR</CURDEF>'
    "<BANKACCTFROM><ACCTID>12 34</ACCTID></BANKACCTFROM><BANKTRANLIST>"
    "<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20261102</DTPOSTED><TRNAMT>5.00</TRNAMT>"
    "<FITID>F1</FITID><NAME>M&amp;K</NAME><MEMO>Invoice 7</MEMO></STMTTRN>"
    "<STMTTRN><TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>20261103</DTPOSTED>"
    "<TRNAMT>-1234.50</TRNAMT><FITID>F2</FITID></STMTTRN></BANKTRANLIST></STMTRS></OFX>"
)


def only(data: bytes | str) -> Statement:
    money = bank_files.read(data.encode() if isinstance(data, str) else data)
    assert money is not None
    (found,) = money.statements
    return found


def figures(found: Statement) -> list[tuple[str, str, str | None]]:
    return [(str(each.date), str(each.amount), each.currency) for each in found.entries]


def rules(found: Statement) -> list[str]:
    return [problem.rule for problem in found.problems]


@pytest.mark.parametrize("text", [SGML, XML, SGML.replace("\n", "\r\n"), SGML.replace("\n", "")])
def test_ofx_is_read_with_and_without_closing_tags(text: str) -> None:
    found = only(text)
    assert (found.format, found.account) == ("ofx", "12 34")
    assert figures(found) == [("2026-11-02", "5.00", "EUR"), ("2026-11-03", "-1234.50", "EUR")]
    first = found.entries[0]
    assert (first.reference, first.text) == ("F1", "M&K Invoice 7")
    assert rules(found) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("<FITID>F2", "<FITID>F1", ["TWICE"]),
        ("<TRNAMT>5.00", "<TRNAMT>1,234.00", ["AMOUNT"]),
        ("<TRNAMT>5.00", "<TRNAMT>1e9", ["AMOUNT"]),
        ("<TRNAMT>5.00", "", ["AMOUNT"]),
        ("<TRNAMT>5.00", "<!-- <TRNAMT>5.00 -->", ["COMMENT"]),
        ("<FITID>F1", "<FITID>F1<CURRENCY><CURRATE>1.1<CURSYM>USD</CURRENCY>", ["CURRENCY"]),
        ("<FITID>F1", "<FITID>F1<ORIGCURRENCY><CURSYM>USD</ORIGCURRENCY>", []),
    ],
)
def test_what_is_doubtful_in_ofx_is_a_problem(old: str, new: str, found: list[str]) -> None:
    assert rules(only(SGML.replace(old, new))) == found


def test_an_entity_has_no_power_in_ofx() -> None:
    bomb = '<!DOCTYPE OFX [<!ENTITY a "9999">]>'
    text = XML.replace("<OFX>", f"{bomb}<OFX>").replace("5.00", "&a;")
    assert rules(only(text)) == ["AMOUNT"]


BAI2 = """01,SENDER,RECEIVER,261102,0200,1,65,,2/
02,RECEIVER,BANK,1,261102,2359,EUR,2/
03,123456,,010,10000,,,015,14500,,/
88,100,500000,2,S,1,2,3/
16,165,5000,V,261104,,BANKREF,CUSTREF,Invoice 7, 2nd half/
88,REMI: Invoice 7
88,DBNM: ACME
16,475,500,Z,B2,C2,Cheque 12/
49,530000,6/
98,530000,1,8/
99,530000,1,10/"""


def test_bai2_amounts_have_the_cents_of_their_currency() -> None:
    found = only(BAI2)
    assert figures(found) == [("2026-11-02", "50.00", "EUR"), ("2026-11-02", "-5.00", "EUR")]
    first = found.entries[0]
    assert (first.reference, str(first.value_date)) == ("BANKREF", "2026-11-04")
    assert first.details[0].counterparty_name == "ACME"
    assert first.details[0].text == "Invoice 7"
    assert rules(found) == []
    assert figures(only(BAI2.replace("EUR", "JPY")))[0][1] == "5000"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("49,530000", "49,530001", ["CONTROL"]),
        ("16,165,5000", "16,165,6000", ["CONTROL", "BALANCE"]),
        ("16,165,5000", "16,165,50.00", ["CONTROL", "AMOUNT"]),
    ],
)
def test_what_does_not_add_up_in_bai2_is_a_problem(old: str, new: str, found: list[str]) -> None:
    assert rules(only(BAI2.replace(old, new))) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Date,Description,Amount\n2026-11-02,A,5.00\n", [("2026-11-02", "5.00", None)]),
        (
            "Buchungstag;Verwendungszweck;Betrag (EUR)\n02.11.2026;RE-1;1.234,50\n03.11.26;;-2,5\n",
            [("2026-11-02", "1234.50", "EUR"), ("2026-11-03", "-2.50", "EUR")],
        ),
        (
            "Kontoauszug\nKonto;123\n\nBuchungstag;Wertstellung;Text;Soll;Haben;Währung\n"
            "02.11.2026;03.11.2026;Miete;500,00;;EUR\n03.11.2026;03.11.2026;RE-1;;70,00;EUR\n",
            [("2026-11-02", "-500.00", "EUR"), ("2026-11-03", "70.00", "EUR")],
        ),
        (
            "Date;Libellé;Débit;Crédit\n02/11/2026;Loyer;-500,00;\n03/11/2026;Client;;70,00\n",
            [("2026-11-02", "-500.00", None), ("2026-11-03", "70.00", None)],
        ),
        (
            '"Datum","Naam / Omschrijving","Af Bij","Bedrag (EUR)","Mededelingen"\n'
            '"20261102","ACME","Bij","5,00","Factuur 7"\n"20261103","Huur","Af","7,00","-"\n',
            [("2026-11-02", "5.00", "EUR"), ("2026-11-03", "-7.00", "EUR")],
        ),
        (
            "Transaction Date\tDescription\tAmount\n11/13/2026\tA\t1,234.50\n",
            [("2026-11-13", "1234.50", None)],
        ),
    ],
)
def test_the_lists_of_banks_are_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = only(text)
    assert figures(found) == expected
    assert rules(found) == []


@pytest.mark.parametrize(
    ("text", "found", "entry"),
    [
        ("Date,Label,Amount\n03/04/2026,A,5.00\n", ["DATE"], ("None", "5.00", None)),
        (
            "Date,Label,Amount\n2026-11-02,A,1.234\n",
            ["DECIMAL", "AMOUNT"],
            ("2026-11-02", "None", None),
        ),
        (
            'Date,Label,Amount\n2026-11-02,A,1.50\n2026-11-02,A,"1,50"\n',
            ["DECIMAL", "AMOUNT"],
            ("2026-11-02", "None", None),
        ),
        (
            "Date,Label,Amount,Balance\n2026-11-02,A,5.00,15.00\n2026-11-03,B,1.00,17.00\n",
            ["BALANCE"],
            ("2026-11-02", "5.00", None),
        ),
        ("Date,Label,Amount\n2026-11-02,A,12..34\n", ["AMOUNT"], ("2026-11-02", "None", None)),
        (
            "Date,Label,Amount,Currency\n2026-11-02,A,5,EUR\n2026-11-02,A,5,USD\n",
            [],
            ("2026-11-02", "5.00", "EUR"),
        ),
    ],
)
def test_what_a_list_does_not_prove_is_left_out_and_said(
    text: str, found: list[str], entry: tuple[str, str, str | None]
) -> None:
    statement = only(text)
    assert rules(statement) == found
    assert figures(statement)[0] == entry


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_list_chains_its_balances_in_either_order(newest_first: bool) -> None:
    rows = ["2026-11-02,A,5.00,15.00", "2026-11-03,B,-1.00,14.00", "2026-11-04,C,2.00,16.00"]
    rows = rows[::-1] if newest_first else rows
    found = only("\n".join(["Date,Label,Amount,Balance", *rows, ""]))
    assert found.opening is not None
    assert found.closing is not None
    assert (str(found.opening.amount), str(found.closing.amount)) == ("10.00", "16.00")
    assert rules(found) == []


@pytest.mark.parametrize(
    "text",
    [
        "Invoice,Date,Amount,Reference\nINV-1,2026-11-02,5.00,x\n",
        "Rechnungsnummer;Datum;Brutto;Skonto;Betrag;Text\nRE-1;02.11.2026;5,00;0,00;5,00;x\n",
        "Référence;Libellé;Montant CHF;Date valeur\nR-1;Conseil;1'712.00;20.11.2026\n",
        "Invoice 12\nDate,Description,Amount\n2026-11-02,Work,5.00\n",
        "Date,Description,Amount\n2026-11-02,Work,5.00\nNet,,5.00\nTax,,1.00\nTotal,,6.00\n",
        "Name,Street,Town\nA,B,C\n",
        "Dear all,\nthe date, the amount and the balance follow.\n",
    ],
)
def test_other_lists_are_left_to_others(text: str) -> None:
    assert bank_files.read(text.encode()) is None


def test_a_workbook_of_a_bank_is_read_and_its_formulas_are_not_believed() -> None:
    head: list[Cell] = ["Date", "Description", "Amount"]
    rows: list[list[Cell]] = [head, [dt.date(2026, 11, 2), "RE-1", 1234.5]]
    assert figures(only(workbook({"S": rows}))) == [("2026-11-02", "1234.50", None)]
    rows[1][2] = "=1+1|99"
    found = only(workbook({"S": rows}))
    assert "FORMULA" in rules(found)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (zipped({"xl/a": b"\0" * 9_000_000}), "100 times"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le"), "XLS"),
    ],
)
def test_a_refused_file_says_why(data: bytes, why: str) -> None:
    reading = examine(data).reading
    assert reading.kind is Kind.OTHER
    assert why in str(reading.error)


def test_a_statement_in_a_mail_makes_it_a_bank_statement() -> None:
    mail = (
        b"From: bank@bank.example\r\nTo: a@example.com\r\nSubject: Statement\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n"
        b"Please find your statement attached.\r\n--x\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment; filename=s.ofx\r\n\r\n"
        + SGML.encode()
        + b"\r\n--x--\r\n"
    )
    reading = examine(mail).reading
    assert reading.kind is Kind.BANK_STATEMENT
    assert len(reading.statements[0].entries) == 2


@settings(max_examples=60)
@given(st.sampled_from([SGML, XML, BAI2]), st.text(max_size=60), st.integers(0, 900))
def test_no_damage_makes_a_bank_file_raise(text: str, inserted: str, place: int) -> None:
    bank_files.read((text[:place] + inserted + text[place + 5 :]).encode())
