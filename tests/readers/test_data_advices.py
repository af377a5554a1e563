"""Payment advices that programs write: X12 820, NACHA, ISO 20022 and UBL."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.readers import Kind, bank_files, examine
from worker.readers.bank_files import Money
from worker.readers.model import Remittance

ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261102*1705*>*00501"
    "*000000001*0*P*:~GS*RA*A*B*20261102*1705*1*X*005010~"
)
HEAD = (
    "ST*820*0001~BPR*C*{}*C*ACH*CTX*01*999999992*DA*1*2**01*199999999*DA*9*20261103~"
    "TRN*1*78905~N1*PE*SELLER~N1*PR*BUYER INC~ENT*1~"
)
END = "SE*9*0001~"
CLOSE = "GE*1*1~IEA*1*000000001~"


def x12(total: str, *segments: str) -> str:
    """An interchange with one 820."""
    return ISA + HEAD.format(total) + "".join(f"{each}~" for each in segments) + END + CLOSE


def money(data: str | bytes) -> Money:
    found = bank_files.read(data.encode() if isinstance(data, str) else data)
    assert found is not None
    return found


def only(data: str | bytes) -> Remittance:
    (found,) = money(data).remittances
    return found


def rules(found: Remittance) -> list[str]:
    return [problem.rule for problem in found.problems]


def lines(found: Remittance) -> list[tuple[str | None, str, str | None, str | None]]:
    return [
        (
            line.invoice_number,
            str(line.amount),
            str(line.deduction) if line.deduction is not None else None,
            line.deduction_reason,
        )
        for line in found.lines
    ]


def test_an_820_says_what_was_paid_when_by_whom_and_for_what() -> None:
    found = only(x12("98", "RMR*IV*INV-1**98*100*2", "DTM*003*20261001"))
    assert (str(found.total), found.currency, str(found.paid_on)) == ("98.00", "USD", "2026-11-03")
    assert (found.method, found.payer_reference) == ("bank_transfer", "78905")
    assert (found.payer_name, found.payee_name) == ("BUYER INC", "SELLER")
    assert lines(found) == [("INV-1", "98.00", "2.00", "discount")]
    assert rules(found) == []


@pytest.mark.parametrize(
    ("total", "segments", "expected", "problems"),
    [
        (
            "90",
            ("RMR*IV*1**90*100", "ADX*-10*01"),
            [("1", "90.00", "10.00", "pricing error")],
            [],
        ),
        (
            "85",
            ("RMR*IV*1**85*100*5", "ADX*-10*04"),
            [("1", "85.00", "15.00", "discount, item not accepted: damaged")],
            [],
        ),
        (
            "70",
            ("RMR*IV*1**100", "RMR*CM*CN-9**-30"),
            [("1", "100.00", None, None), ("CN-9", "-30.00", None, None)],
            [],
        ),
        (
            "95",
            ("ADX*-5*16", "RMR*IV*1**100"),
            [(None, "-5.00", None, None), ("1", "100.00", None, None)],
            [],
        ),
        ("100", ("RMR*PO*77**100",), [(None, "100.00", None, None)], []),
        ("99", ("RMR*IV*1**100",), [("1", "100.00", None, None)], ["TOTAL"]),
        ("100", ("RMR*IV*1**1E2",), [("1", "None", None, None)], ["AMOUNT"]),
        ("1E2", ("RMR*IV*1**100",), [("1", "100.00", None, None)], ["TOTAL"]),
    ],
)
def test_deductions_are_named_and_sums_are_checked(
    total: str,
    segments: tuple[str, ...],
    expected: list[tuple[str | None, str, str | None, str | None]],
    problems: list[str],
) -> None:
    found = only(x12(total, *segments))
    assert lines(found) == expected
    assert rules(found) == problems


def test_other_separators_and_several_advices_are_read() -> None:
    one = HEAD.format("5") + "RMR*IV*1**5~" + END
    data = (ISA + one + one + CLOSE).replace("~", "\n").replace("*", "|")
    assert [str(each.total) for each in money(data).remittances] == ["5.00", "5.00"]
    assert str(only(one).total) == "5.00"


def test_another_currency_is_named_and_none_is_guessed() -> None:
    assert only(x12("5", "CUR*PR*EUR", "RMR*IV*1**5")).currency == "EUR"
    canadian = x12("5", "RMR*IV*1**5").replace("*01*999999992", "*04*1").replace("**01*", "**04*")
    assert only(canadian).currency is None


def test_other_transaction_sets_are_not_our_matter_and_broken_ones_are_told() -> None:
    assert bank_files.read((ISA + "ST*810*1~BIG*1~SE*3*1~" + CLOSE).encode()) is None
    assert "inside a transaction set" in str(money(ISA + HEAD.format("5")).error)


def nacha(entry: str, *addenda: str, kind: str = "CTX") -> str:
    """An ACH file of one payment."""
    company = f"5220{'BUYER INC':<16}{'':<20}1999999999{kind}{'INVOICES':<10}261101261103   1"
    records = [
        "101 231380104 1210428822611020000A094101Bank                   Other Bank",
        company.ljust(94),
        entry,
        *(f"705{each:<80}{n:>4}0000001" for n, each in enumerate(addenda, 1)),
        "9" * 94,
    ]
    return "\n".join(records)


def test_the_addenda_of_a_ctx_payment_are_one_820() -> None:
    account = f"622231380104{'12345678':<17}0000009500{'ID1':<15}"
    entry = f"{account}0002{'SELLER':<16}    1121042880000001"
    first = "RMR*IV*INV-1**50.00*50.00\\RMR*IV*INV-2**45.00*50.00*5.00\\NTE*ZZZ*".ljust(80, "x")
    found = only(nacha(entry, first, "thanks\\"))
    assert (str(found.total), found.currency, found.payer_name) == ("95.00", "USD", "BUYER INC")
    assert (str(found.paid_on), found.payee_name) == ("2026-11-03", "SELLER")
    assert lines(found) == [("INV-1", "50.00", None, None), ("INV-2", "45.00", "5.00", "discount")]


DOCUMENT = '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{}">{}</Document>'
STRD = (
    "<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>RE-1</Nb></RfrdDocInf>"
    '<RfrdDocAmt><DuePyblAmt Ccy="EUR">100.00</DuePyblAmt>'
    '<DscntApldAmt><Amt Ccy="EUR">2.00</Amt></DscntApldAmt>'
    '<AdjstmntAmtAndRsn><Amt Ccy="EUR">8.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
    "<AddtlInf>damaged</AddtlInf></AdjstmntAmtAndRsn>"
    '<RmtdAmt Ccy="EUR">90.00</RmtdAmt></RfrdDocAmt></Strd>'
)
CREDIT = (
    "<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CREN</Cd></CdOrPrtry></Tp><Nb>GS-1</Nb></RfrdDocInf>"
    '<RfrdDocAmt><RmtdAmt Ccy="EUR">20.00</RmtdAmt></RfrdDocAmt></Strd>'
)


def test_remt_001_gives_lines_deductions_and_credit_notes() -> None:
    body = (
        "<RmtAdvc><GrpHdr><InitgPty><Nm>BUYER</Nm></InitgPty></GrpHdr><RmtInf>"
        f"{STRD}{CREDIT}<OrgnlPmtInf><Refs><EndToEndId>E-1</EndToEndId></Refs>"
        '<Amt><InstdAmt Ccy="EUR">70.00</InstdAmt></Amt><ReqdExctnDt>2026-11-03</ReqdExctnDt>'
        "</OrgnlPmtInf></RmtInf></RmtAdvc>"
    )
    found = only(DOCUMENT.format("remt.001.001.02", body))
    assert (str(found.total), found.currency, str(found.paid_on)) == ("70.00", "EUR", "2026-11-03")
    assert (found.payer_reference, found.payer_name) == ("E-1", "BUYER")
    assert lines(found) == [
        ("RE-1", "90.00", "10.00", "discount, damaged"),
        ("GS-1", "-20.00", None, None),
    ]
    assert rules(found) == []


TX = (
    "<TxInfAndSts><OrgnlEndToEndId>E-{n}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
    "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf><OrgnlTxRef>"
    '<Amt><InstdAmt Ccy="EUR">{n}.00</InstdAmt></Amt><ReqdExctnDt><Dt>2026-11-03</Dt></ReqdExctnDt>'
    "<PmtMtd>TRF</PmtMtd><RmtInf><Ustrd>RE-{n}</Ustrd></RmtInf><Dbtr><Pty><Nm>BUYER</Nm></Pty></Dbtr>"
    "</OrgnlTxRef></TxInfAndSts>"
)


def test_pain_002_lists_what_was_accepted_and_tells_what_was_rejected() -> None:
    report = "".join(
        TX.format(n=n, status=status) for n, status in enumerate(("ACSC", "RJCT", "PDNG"), 1)
    )
    body = (
        "<CstmrPmtStsRpt><OrgnlGrpInfAndSts><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts>{report}</OrgnlPmtInfAndSts></CstmrPmtStsRpt>"
    )
    reading = examine(DOCUMENT.format("pain.002.001.10", body).encode()).reading
    assert reading.kind is Kind.REMITTANCE
    accepted, pending = reading.remittances
    assert (str(accepted.total), accepted.payer_name) == ("1.00", "BUYER")
    assert (accepted.lines[0].as_written, str(accepted.paid_on)) == ("RE-1", "2026-11-03")
    assert (rules(accepted), rules(pending)) == ([], ["STATUS"])
    assert "The bank rejected 2.00 EUR (E-2): AC04." in reading.warnings


def test_pain_001_is_what_a_payer_orders() -> None:
    body = (
        "<CstmrCdtTrfInitn><GrpHdr/><PmtInf><PmtMtd>TRF</PmtMtd><ReqdExctnDt>2026-11-03"
        "</ReqdExctnDt><Dbtr><Nm>BUYER</Nm></Dbtr><CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId>"
        '</PmtId><Amt><InstdAmt Ccy="EUR">90.00</InstdAmt></Amt><Cdtr><Nm>SELLER</Nm></Cdtr>'
        f"<RmtInf>{STRD}</RmtInf></CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn>"
    )
    found = only(DOCUMENT.format("pain.001.001.09", body))
    assert (str(found.total), found.payee_name, found.method) == (
        "90.00",
        "SELLER",
        "bank_transfer",
    )
    assert found.lines[0].invoice_number == "RE-1"


UBL = """<?xml version="1.0"?><RemittanceAdvice
 xmlns="urn:oasis:names:specification:ubl:schema:xsd:RemittanceAdvice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>RA-1</cbc:ID><cbc:DocumentCurrencyCode>GBP</cbc:DocumentCurrencyCode>
<cbc:TotalPaymentAmount currencyID="GBP">70.00</cbc:TotalPaymentAmount>
<cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>BUYER</cbc:Name></cac:PartyName>
</cac:Party></cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
<cbc:PaymentDueDate>2026-11-03</cbc:PaymentDueDate></cac:PaymentMeans>
<cac:RemittanceAdviceLine><cbc:ID>1</cbc:ID><cbc:{debit}LineAmount currencyID="GBP">100.00
</cbc:{debit}LineAmount><cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>INV-1</cbc:ID>
</cac:InvoiceDocumentReference></cac:BillingReference></cac:RemittanceAdviceLine>
<cac:RemittanceAdviceLine><cbc:ID>2</cbc:ID><cbc:{credit}LineAmount currencyID="GBP">30.00
</cbc:{credit}LineAmount><cac:BillingReference><cac:CreditNoteDocumentReference><cbc:ID>CN-1
</cbc:ID></cac:CreditNoteDocumentReference></cac:BillingReference></cac:RemittanceAdviceLine>
</RemittanceAdvice>"""


@pytest.mark.parametrize(("debit", "credit"), [("Debit", "Credit"), ("Credit", "Debit")])
def test_ubl_is_read_from_either_side_of_the_account(debit: str, credit: str) -> None:
    found = only(UBL.format(debit=debit, credit=credit))
    assert (str(found.total), found.currency, found.payer_name) == ("70.00", "GBP", "BUYER")
    assert (found.method, str(found.paid_on)) == ("bank_transfer", "2026-11-03")
    assert lines(found) == [("INV-1", "100.00", None, None), ("CN-1", "-30.00", None, None)]
    assert rules(found) == []


def test_a_dtd_in_an_advice_is_refused() -> None:
    text = UBL.format(debit="Debit", credit="Credit")
    text = text.replace("?><", '?><!DOCTYPE a [<!ENTITY e "1">]><', 1)
    assert "DTD" in str(money(text).error)


@settings(max_examples=60)
@given(
    st.sampled_from([x12("5", "RMR*IV*1**5"), UBL, nacha("6" * 94, "RMR*IV*1**5\\")]),
    st.text(max_size=60),
    st.integers(0, 700),
)
def test_no_damage_makes_an_advice_raise(text: str, inserted: str, place: int) -> None:
    bank_files.read((text[:place] + inserted + text[place + 5 :]).encode())
