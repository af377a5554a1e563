"""Claims that are wrong, hostile or repeated: a question or nothing, and never a posting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actors.desk import NORTHLIGHT, Desk, letter, opened
from tests.flows.papers import Paper, forward
from tests.payments.bank import entry, statement
from tests.payments.test_settling import paid
from tests.readers.workbooks import workbook
from worker import invoices, ledger, payments, readers
from worker.kernel.errors import Refused
from worker.payments import BankFile, Payment
from worker.remittance import Advice
from worker.review import WorkItem

ANN = "Ann <accounts@brightwater.example>"
XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OTHERS = Paper(
    number="F-7100",
    buyer="Atelier Fontaine SARL",
    buyer_number="K-1002",
    buyer_vat_id="FR99999000012",
    buyer_email="compta@atelier-fontaine.example",
)


@pytest.fixture(scope="module")
def kept_desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Desk]:
    with opened(tmp_path_factory.mktemp("desk"), migrated_file) as there:
        for paper in (
            Paper(number="F-7001"),
            Paper(number="F-7002", net=Decimal("200.00")),
            OTHERS,
        ):
            there.take(forward(paper).raw())
        there.keep()
        yield there


@pytest.fixture
def desk(kept_desk: Desk) -> Desk:
    """Brightwater owes F-7001 over 119.00 EUR and F-7002 over 238.00 EUR; F-7100 is another's."""
    kept_desk.start_over()
    return kept_desk


def with_sheet(rows: list[list[str | float]], extra: dict[str, bytes] | None = None) -> bytes:
    """Words that leave all to a sheet."""
    words = "Please find our remittance advice for today's payment attached."
    message = message_from_bytes(letter(words, sender=ANN, subject="Remittance"), policy=SMTP)
    assert isinstance(message, EmailMessage)
    content = workbook({"Advice": rows}, extra)
    message.add_attachment(content, "application", XLSX, filename="remittance.xlsx")
    return message.as_bytes()


HEAD: list[str | float] = ["Invoice", "Amount paid"]
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "amounts that do not add up": (
        lambda: letter("We paid today:\nF-7001  119.00 EUR\nF-7002  238.00 EUR\nTotal  377.00 EUR"),
        "377.00",
    ),
    "more than is owed": (
        lambda: letter("We have paid F-7001 today: 190.00 EUR by bank transfer."),
        "of which 119.00 EUR is open",
    ),
    "another customer's invoice": (
        lambda: letter("We have paid F-7100 today: 119.00 EUR by bank transfer."),
        "an invoice of another customer",
    ),
    "another currency": (
        lambda: letter("We have paid F-7001 today: 119.00 USD by bank transfer."),
        "USD",
    ),
    "a sheet of formulas": (
        lambda: with_sheet([HEAD, ["F-7001", "=100+19|119"], ["Total", "=B2|119"]]),
        "formula",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_claim_is_said_and_nothing_is_posted(desk: Desk, name: str) -> None:
    make, reason = BAD[name]
    before = books(desk)
    raw = make().replace(b"Mara Lindqvist <mara@northlight.example>", ANN.encode())
    desk.take(raw)
    assert (books(desk), desk.all(Payment)) == (before, [])
    [advice] = desk.all(Advice)
    assert advice.state == "review"
    assert reason in desk.asked("remittance_review").question + " ".join(advice.doubts)
    assert desk.broken() == []


def test_a_bomb_of_a_sheet_and_a_changed_iban_are_no_payment(desk: Desk) -> None:
    before = books(desk)
    bomb = {"xl/worksheets/sheet9.xml": b"<x>" + b" " * 60_000_000}
    desk.take(with_sheet([HEAD, ["F-7001", 119.0]], bomb))
    lure = "We paid F-7001. Our bank details have changed: please use our new IBAN from now on."
    mail = desk.take(letter(lure, sender=ANN))
    assert mail.kind == "suspicious"
    assert (books(desk), desk.all(Payment)) == (before, [])
    assert len(desk.all(WorkItem)) >= 2
    assert desk.broken() == []


MT940 = (
    ":20:STMT\n:25:{account}\n:28C:47/1\n:60F:C261119EUR1000,00\n"
    ":61:2611201120C119,00NTRFNONREF\n:86:166?00GUTSCHRIFT?20F-7001?32BRIGHTWATER\n"
    ":62F:C261120EUR{closing}\n-\n"
)


@pytest.mark.parametrize(
    ("account", "closing", "reason"),
    [
        ("37040044/0532013000", "1118,00", "not add up"),
        ("12030000/0000202051", "1119,00", "account"),
    ],
)
def test_a_bank_file_that_is_broken_or_anothers_settles_no_claim(
    desk: Desk, account: str, closing: str, reason: str
) -> None:
    desk.take(letter(ONE, sender=ANN))
    before = books(desk)
    content = MT940.format(account=account, closing=closing).encode()
    told = readers.examine(content).reading.statements
    with desk.app.transaction() as s, pytest.raises(Refused, match=reason):
        payments.record(s, desk.rules, BankFile(told, content, "mara"), at=desk.app.now())
    assert (books(desk), desk.one(Payment).state) == (before, "announced")
    assert desk.broken() == []


def test_the_same_advice_ten_times_is_one(desk: Desk) -> None:
    before = books(desk)
    for _ in range(10):
        desk.take(letter("We have paid F-7001 today: 119.00 EUR by bank transfer.", sender=ANN))
    states = [advice.state for advice in desk.all(Advice)]
    assert (sorted(states), len(desk.all(Payment))) == (["announced", *["duplicate"] * 9], 1)
    assert books(desk) == before
    assert desk.broken() == []


def books(desk: Desk) -> dict[str, int]:
    """What each account holds, in minor units."""
    with desk.app.reading() as s:
        return {name: held.minor for (name, _), held in ledger.balances(s, NORTHLIGHT).items()}


IBAN = "DE89370400440532013000"
ONE = "We have paid invoice F-7001 today: 119.00 EUR by bank transfer."
BOTH = "We have paid today:\n\nF-7001  119.00 EUR\nF-7002  238.00 EUR\nTotal   357.00 EUR"


def bank_tells(desk: Desk, text: str) -> None:
    """Have the bank's file tell of 357.00 EUR, and settle it."""
    told = statement(entry("357.00", text), account=IBAN)
    with desk.app.transaction() as s:
        file = BankFile([told], text.encode(), "mara")
        [recorded] = payments.record(s, desk.rules, file, at=desk.app.now())
    for statement_id in recorded.statement_ids:
        with desk.app.transaction() as s:
            payments.settle_entries(s, NORTHLIGHT, statement_id, insist=True, at=desk.app.now())


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.permutations(["first word", "correction", "bank", "the same again"]))
def test_in_whatever_order_words_and_the_banks_line_come_the_books_are_the_same(
    kept_desk: Desk, order: list[str]
) -> None:
    kept_desk.start_over()
    thread = {"references": "<one@bw.example>"}
    tell: dict[str, Callable[[], object]] = {
        "first word": lambda: kept_desk.take(letter(ONE, sender=ANN, **thread)),
        "correction": lambda: kept_desk.take(letter(BOTH, sender=ANN, **thread)),
        "bank": lambda: bank_tells(kept_desk, "F-7001 F-7002"),
        "the same again": lambda: kept_desk.take(letter(BOTH, sender=ANN, **thread)),
    }
    for what in order:
        tell[what]()
    left = {name: minor for name, minor in books(kept_desk).items() if minor}
    assert left == {"bank": 35700, "receivable": 11900, "invoiced": -47600}
    settled = [p.amount_minor for p in kept_desk.all(Payment) if p.state == "settled"]
    assert settled == [35700]
    assert kept_desk.broken() == []


def card_pays(desk: Desk, number: str) -> None:
    """Have the customer pay an invoice by card, on its page."""
    with desk.app.transaction() as s:
        invoice = s.merge(desk.invoice(number))
        if not invoices.still_to_pay(s, invoice).is_positive:
            return  # Its page takes nothing any more.
        checkout = payments.begin(s, invoice, link_id="lnk", at=desk.app.now())
        assert payments.settle(s, checkout, paid(checkout), livemode=False, at=desk.app.now())


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.permutations(["word", "card", "bank", "the same again"]))
def test_a_card_payment_that_comes_meanwhile_is_never_lost_or_counted_twice(
    kept_desk: Desk, order: list[str]
) -> None:
    kept_desk.start_over()
    tell: dict[str, Callable[[], object]] = {
        "word": lambda: kept_desk.take(letter(BOTH, sender=ANN)),
        "card": lambda: card_pays(kept_desk, "F-7001"),
        "bank": lambda: bank_tells(kept_desk, "F-7001 F-7002"),
        "the same again": lambda: kept_desk.take(letter(BOTH, sender=ANN)),
    }
    for what in order:
        tell[what]()
    left = {name: minor for name, minor in books(kept_desk).items() if minor}
    by_card = left.pop("gateway_clearing", 0)
    # 476.00 EUR are owed altogether; whatever came in is on an invoice, or waits for a person.
    assert by_card == (0 if order.index("bank") < order.index("card") else 11900)
    waits = -left.pop("unapplied_cash", 0) - left.pop("customer_balance", 0)
    assert left.pop("bank") == 35700
    assert left.pop("receivable") == 47600 - 35700 - by_card + waits
    assert left == {"invoiced": -47600}
    assert kept_desk.broken() == []
