"""The demo's files: forwards that read cleanly, for customers on file, and an advice for two."""

from __future__ import annotations

import csv
import email
import email.policy
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path

import pytest

from worker import readers
from worker.businesses import Rules
from worker.readers.model import Kind
from worker.settings import load

DEMO = Path(__file__).parents[2] / "config" / "demo"
REMITTANCE = DEMO / "remittance"
MAILS = sorted((DEMO / "mails").glob("*.eml"))
PAID_BY_BANK = sorted(REMITTANCE.glob("*.eml"))
TOTALS = {
    "NL-2026-0117": Decimal("4124.54"),
    "NL-2026-0118": Decimal("1934.40"),
    "NL-2026-0119": Decimal("1009.35"),
    "NL-2026-0120": Decimal("571.20"),
    "NL-2026-0121": Decimal("1190.00"),
}


def _customers() -> dict[str, dict[str, str]]:
    with (DEMO / "customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["number"]: row for row in csv.DictReader(file)}


def test_there_are_three_paid_by_card_and_two_by_bank() -> None:
    assert (len(MAILS), len(PAID_BY_BANK)) == (3, 2)


@pytest.mark.parametrize("file", [*MAILS, *PAID_BY_BANK], ids=lambda file: file.stem)
def test_a_forward_reads_as_one_invoice_of_a_customer_on_file(file: Path) -> None:
    seen = readers.examine(file.read_bytes())
    reading = seen.reading
    assert (reading.kind, reading.error, reading.warnings) == (Kind.INVOICE, None, ())
    [invoice] = reading.invoices
    assert invoice.number is not None
    assert invoice.total == TOTALS[invoice.number]
    assert invoice.buyer.number is not None
    customer = _customers()[invoice.buyer.number]
    assert (invoice.buyer.name, invoice.buyer.vat_id) == (customer["name"], customer["vat_id"])


@pytest.mark.parametrize("file", MAILS, ids=lambda file: file.stem)
def test_the_first_three_are_forwarded_from_the_inventory_program(file: Path) -> None:
    forwarded = readers.examine(file.read_bytes()).reading.forwarded
    assert forwarded is not None
    assert forwarded.sender.address == "erp@northlight.example"


def test_the_advice_pays_one_in_full_and_one_less_its_discount_and_the_bank_tells_the_same() -> (
    None
):
    mail = EmailMessage()
    mail["From"] = "accounts@brightwater.example"
    mail.set_content("Please find our remittance advice attached.")
    mail.add_attachment((REMITTANCE / "advice.pdf").read_bytes(), "application", "pdf")
    [remittance] = readers.examine(mail.as_bytes()).reading.remittances
    assert [(line.as_written, line.amount, line.deduction) for line in remittance.lines] == [
        ("NL-2026-0120", Decimal("571.20"), None),
        ("NL-2026-0121", Decimal("1166.20"), Decimal("23.80")),
    ]
    [statement] = readers.examine((REMITTANCE / "statement.xml").read_bytes()).reading.statements
    assert [entry.amount for entry in statement.entries] == [remittance.total]


def test_the_business_can_be_read_and_its_logo_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "businesses"
    folder.mkdir(parents=True)
    (folder / "northlight.toml").write_bytes((DEMO / "northlight.toml").read_bytes())
    [rules] = load(tmp_path, {}).businesses
    assert isinstance(rules, Rules)
    assert rules.documents.logo is not None
    assert (DEMO / "northlight" / rules.documents.logo).read_bytes().startswith(b"\x89PNG")


def test_every_mail_comes_from_the_bookkeeper() -> None:
    for file in MAILS:
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert mail["From"].addresses[0].addr_spec == "mara@northlight.example"
