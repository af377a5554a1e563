"""CAMT statements: signs, days, batches and balances, and files made to mislead."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.readers.bank_samples import balance, camt, camt_of, entry, statement
from tests.readers.workbooks import zipped
from worker.readers import Kind, examine
from worker.readers.bank_files import Money, read
from worker.readers.model import BankEntry, EntryStatus, Statement


def money(data: bytes) -> Money:
    found = read(data)
    assert found is not None
    return found


def only(data: bytes) -> Statement:
    (found,) = money(data).statements
    return found


def one(data: bytes) -> BankEntry:
    (found,) = only(data).entries
    return found


def rules(data: bytes) -> list[str]:
    return [problem.rule for problem in only(data).problems]


@pytest.mark.parametrize(
    ("side", "inside", "amount"),
    [
        ("CRDT", "", "5.00"),
        ("DBIT", "", "-5.00"),
        ("CRDT", "<RvslInd>true</RvslInd>", "5.00"),
        ("DBIT", "<RvslInd>true</RvslInd>", "-5.00"),
    ],
)
def test_the_side_gives_the_sign_and_a_reversal_does_not_turn_it(
    side: str, inside: str, amount: str
) -> None:
    found = one(camt(entry("5.00", side, inside)))
    assert found.amount == Decimal(amount)
    assert found.is_reversal == bool(inside)


@pytest.mark.parametrize("version", [1, 2, 4, 8, 13])
def test_every_version_is_read(version: int) -> None:
    assert one(camt(entry("5.00"), version=version)).amount == Decimal("5.00")


@pytest.mark.parametrize(
    ("wrapping", "report", "file_format"),
    [
        ("BkToCstmrAcctRpt", "Rpt", "camt.052"),
        ("BkToCstmrStmt", "Stmt", "camt.053"),
        ("BkToCstmrStmtV01", "Stmt", "camt.053"),
        ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "camt.054"),
    ],
)
@pytest.mark.parametrize("root", ['<Document xmlns="urn:x">{}</Document>', "{}", "<n:e>{}</n:e>"])
def test_every_report_is_read_in_any_envelope(
    wrapping: str, report: str, file_format: str, root: str
) -> None:
    body = f"<{wrapping}>{statement(entry('5.00'), report=report)}</{wrapping}>"
    data = root.format(body).replace("<n:e>", '<n:e xmlns:n="urn:soap">').encode()
    found = only(data)
    assert (found.format, len(found.entries)) == (file_format, 1)


def test_the_booking_day_is_the_day_and_none_where_there_is_none() -> None:
    value = "<ValDt><Dt>2026-11-04</Dt></ValDt>"
    data = camt(entry("5.00", inside=value))
    assert (str(one(data).date), str(one(data).value_date)) == ("2026-11-02", "2026-11-04")
    without = data.replace(b"<BookgDt><Dt>2026-11-02</Dt></BookgDt>", b"")
    assert one(without).date is None
    zoned = data.replace(b"<Dt>2026-11-02</Dt>", b"<DtTm>2026-11-02T23:30:00-05:00</DtTm>")
    assert str(one(zoned).date) == "2026-11-02"


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("<Sts>PDNG</Sts>", EntryStatus.PENDING),
        ("<Sts><Cd>BOOK</Cd></Sts>", EntryStatus.BOOKED),
        ("<Sts><Cd>INFO</Cd></Sts>", EntryStatus.INFORMATION),
        ("<Sts>WHAT</Sts>", EntryStatus.INFORMATION),
    ],
)
def test_only_what_is_booked_counts_as_money(written: str, status: EntryStatus) -> None:
    sums = balance("OPBD", "10.00") + balance("CLBD", "10.00")
    data = camt(sums, entry("5.00")).replace(b"<Sts>BOOK</Sts>", written.encode())
    assert one(data).status is status
    assert ("BALANCE" in rules(data)) == (status is EntryStatus.BOOKED)


DETAIL = (
    "<TxDtls><Refs><EndToEndId>{}</EndToEndId></Refs><AmtDtls><TxAmt>"
    '<Amt Ccy="EUR">{}</Amt></TxAmt></AmtDtls><RltdPties><Dbtr>{}</Dbtr>'
    "<DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties>"
    "<RmtInf><Ustrd>RE-1</Ustrd><Strd><RfrdDocInf><Nb>RE-1</Nb></RfrdDocInf><CdtrRefInf>"
    "<Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
)


@pytest.mark.parametrize("party", ["<Nm>ACME</Nm>", "<Pty><Nm>ACME</Nm></Pty>"])
def test_a_payment_says_who_paid_and_for_what(party: str) -> None:
    inside = f"<NtryDtls>{DETAIL.format('E-1', '5.00', party)}</NtryDtls>"
    (detail,) = one(camt(entry("5.00", inside=inside))).details
    assert detail.counterparty_name == "ACME"
    assert detail.counterparty_account == "DE89370400440532013000"
    assert (detail.end_to_end_id, detail.amount) == ("E-1", Decimal("5.00"))
    assert (detail.text, detail.invoice_numbers) == ("RE-1", ("RE-1",))
    assert detail.creditor_reference == "RF18539007547034"


def test_a_batch_is_one_entry_with_its_payments() -> None:
    parts = [DETAIL.format(f"E-{n}", n, "") for n in ("2.00", "3.00")]
    batch = f"<NtryDtls>{''.join(parts)}</NtryDtls>"
    found = one(camt(entry("5.00", inside=batch)))
    assert [detail.amount for detail in found.details] == [Decimal("2.00"), Decimal("3.00")]
    (problem,) = only(camt(entry("6.00", inside=batch))).problems
    assert (problem.rule, problem.holds) == ("BATCH", False)


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((balance("OPBD", "10.00"), balance("CLBD", "15.00"), entry("5.00")), []),
        ((balance("PRCD", "10.00"), balance("CLBD", "15.00"), entry("5.00")), []),
        ((balance("OPBD", "3.00", "DBIT"), balance("CLBD", "2.00"), entry("5.00")), []),
        ((balance("CLBD", "15.00"), entry("5.00")), []),
        ((balance("OPBD", "10.00"), balance("CLBD", "15.01"), entry("5.00")), ["BALANCE"]),
        ((balance("OPBD", "10.00"), balance("CLBD", "15.00"), entry("5.00", "DBIT")), ["BALANCE"]),
        ((entry("5.00", currency="USD"),), ["CURRENCY"]),
        ((entry("-5.00"),), ["AMOUNT"]),
        ((entry("5e3"),), ["AMOUNT"]),
        ((entry("NaN"),), ["AMOUNT"]),
        ((entry("5.00", "BOTH"),), ["AMOUNT"]),
        ((entry("5.00", inside="<CdtDbtInd>DBIT</CdtDbtInd>"),), ["XML", "AMOUNT"]),
        ((entry("5.00", inside='<Amt Ccy="EUR">9.00</Amt>'),), ["AMOUNT"]),
        ((entry("12<!-- -->34.00"),), ["XML"]),
        ((entry("5.00", inside="<ValDt><Dt>2026-02-30</Dt></ValDt>"),), ["DATE"]),
    ],
)
def test_what_does_not_add_up_is_a_problem(parts: tuple[str, ...], found: list[str]) -> None:
    assert list(dict.fromkeys(rules(camt(*parts)))) == found


def test_an_amount_without_a_side_is_no_amount() -> None:
    assert one(camt(entry("5.00", "BOTH"))).amount is None


def test_a_gap_between_two_statements_is_told() -> None:
    first = statement(balance("OPBD", "10.00"), balance("CLBD", "15.00"), entry("5.00"))
    second = statement(balance("OPBD", "16.00"), balance("CLBD", "17.00"), entry("1.00"))
    (warning,) = money(camt_of([first, second])).warnings
    assert warning.startswith("CHAIN")
    assert money(camt_of([first, first.replace("10.00", "15.00")])).warnings != ()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (camt(entry("&x;"), head='<!DOCTYPE a [<!ENTITY x "5.00">]>'), "DTD"),
        (camt(entry("5.00"), head='<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">'), "DTD"),
        (camt(entry("5.00"))[:-40], "not well formed"),
        (b'<Document xmlns="urn:x"><BkToCstmrStmt/></Document>', "no statement"),
    ],
)
def test_unsafe_and_broken_files_are_refused_whole(data: bytes, why: str) -> None:
    found = money(data)
    assert found.statements == ()
    assert why in str(found.error)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_the_encoding_may_be_any_that_xml_knows(encoding: str) -> None:
    text = camt(entry("5.00", inside="<AddtlNtryInf>Müller</AddtlNtryInf>")).decode()
    declared = text.replace('"1.0"?', f'"1.0" encoding="{encoding.removesuffix("-sig")}"?')
    assert one(declared.encode(encoding)).text == "Müller"


def test_a_zip_of_statements_is_read_as_its_files() -> None:
    data = zipped({"a.xml": camt(entry("5.00")), "readme.txt": b"hello", "b": camt(entry("6.00"))})
    reading = examine(data).reading
    assert reading.kind is Kind.BANK_STATEMENT
    assert [str(each.entries[0].amount) for each in reading.statements] == ["5.00", "6.00"]
