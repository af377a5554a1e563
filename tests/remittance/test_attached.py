"""Files with a mail: believed where all of it agrees, and never against the mail's own words."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.readers.test_hidden_text import drawn
from tests.readers.workbooks import workbook
from tests.remittance import papers
from worker import readers, remittance
from worker.kernel.money import Money
from worker.readers.model import Proposal
from worker.remittance import Item, OpenItems, Row

ADDRESS = "ap@payer.example"
AMOUNTS = {"RE-10118": 657_90, "RE-10119": 120_00, "RE-10120": 333_50}
ITEMS = OpenItems(
    [Row("Payer Ltd", ADDRESS, Item(n, Money(minor, "EUR"))) for n, minor in AMOUNTS.items()]
)
File = tuple[str, bytes]


def paper(title: str = "Remittance Advice", day: str = "20/11/2026") -> papers.Paper:
    entries = [
        papers.Entry("RE-10118", "01/10/2026", "657.90", "0.00", "657.90"),
        papers.Entry("RE-10119", "02/10/2026", "120.00", "0.00", "120.00"),
    ]
    words = papers.words("en") | {"title": title}
    return papers.Paper("Payer Ltd", "Seller", words, "123456", day, "EUR", entries, "777.90")


def table(*lines: str) -> File:
    return "paid.csv", "\n".join(lines).encode()


PDF = ("advice.pdf", papers.sap(paper()))
LIST = ("advice.csv", papers.listed(papers.rows(paper()), ";", "utf-8"))


def proposal(text: str, *files: File, subject: str = "Remittance") -> Proposal:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = f"<{ADDRESS}>", "<a@seller.example>", subject
    mail["Date"] = "Fri, 20 Nov 2026 11:02:29 +0100"
    mail.set_content(text + "\n")
    for name, data in files:
        mail.add_attachment(data, "application", "octet-stream", filename=name)
    examined = readers.examine(mail.as_bytes())
    return remittance.propose(examined.reading, examined.claim, ADDRESS, ITEMS)


@pytest.mark.parametrize(
    "files", [(PDF,), (LIST,), (PDF, LIST), (table("Invoice;Paid", "RE-10118;657.90"),)]
)
def test_files_that_agree_are_one_payment(files: tuple[File, ...]) -> None:
    found = proposal("Please see attached.", *files)
    assert found.decision == "apply", found.why
    assert {a.invoice_number for a in found.allocations} <= {"RE-10118", "RE-10119"}
    assert len(found.allocations) == len({a.invoice_number for a in found.allocations})


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("Total paid EUR 778.90", (PDF,)),
        ("Payment for RE-10120 as attached", (PDF,)),
        ("See attached", (("advice.pdf", papers.sap(paper(title="Remittance Advice - draft"))),)),
        ("See attached", (("advice.pdf", papers.sap(paper(day="20/12/2026"))),)),
        ("These are the invoices we have not paid yet.", (LIST,)),
        ("We do not agree with these invoices and will not pay.", (LIST,)),
        ("We will pay these next week.", (table("Invoice;Paid", "RE-10118;657.90"),)),
        ("Please send copies of these.", (LIST,)),
        ("Paid RE-10118 657.90 EUR today", (("advice.pdf", b"%PDF-1.7 broken"),)),
        ("See attached", (table("Invoice;Paid", "RE-10118;328.95", "RE-10118;328.95"),)),
        ("See attached", (table("Invoice;Paid", "RE-10118;657.90", "RE-10119;-120.00"),)),
        ("See attached", (table("Invoice;Paid USD", "RE-10118;657.90"),)),
        ("See attached", (table("Invoice;Gross;Deduction;Paid", "RE-10118;657.90;50.00;607.90"),)),
        ("See attached", (table("Invoice;Paid", "RE-10118;657.90", ";120.00", "Total;777.90"),)),
    ],
)  # fmt: skip
def test_files_that_do_not_agree_are_for_a_person(text: str, files: tuple[File, ...]) -> None:
    assert proposal(text, *files).decision != "apply"


def test_figures_that_a_sheet_calculates_are_for_a_person() -> None:
    rows = [["Invoice", "Amount paid"], ["RE-10118", "=A1|657.90"], ["Total", "657.90"]]
    found = proposal("See attached", ("paid.xlsx", workbook({"Sheet1": rows})))
    assert (found.decision, "formulas" in found.why) == ("review", True)


@pytest.mark.parametrize(("name", "data"), [PDF, LIST])
def test_a_file_that_names_itself_an_advice_needs_no_mail(name: str, data: bytes) -> None:
    examined = readers.examine(data)
    [found] = examined.reading.remittances
    assert (examined.reading.kind, examined.reading.invoices) == ("remittance", ()), name
    assert [(line.as_written, str(line.amount)) for line in found.lines] == [
        ("RE-10118", "657.90"),
        ("RE-10119", "120.00"),
    ]
    # Nobody is known to have written it, so nothing of it is applied.
    assert remittance.propose(examined.reading, examined.claim, None, ITEMS).decision == "review"


HIDDEN = {
    "white": b"BT 1 g /F1 8 Tf 400 300 Td (RE-10120 333.50 EUR) Tj ET",
    "not painted": b"BT 3 Tr /F1 8 Tf 400 300 Td (RE-10120 333.50 EUR) Tj ET",
    "tiny": b"BT /F1 0.5 Tf 400 300 Td (Total 1,111.40 EUR) Tj ET",
    "covered": b"BT /F1 8 Tf 400 300 Td (Total 1,111.40) Tj ET 1 g 390 290 200 30 re f",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_an_advice_hides_is_not_believed_and_is_for_a_person(how: str) -> None:
    found = proposal("Please see attached.", ("advice.pdf", drawn(HIDDEN[how], PDF[1])))
    assert found.decision == "review"
    assert "hides words with figures" in found.why
    assert [str(a.amount) for a in found.allocations] == ["657.90", "120.00"]
