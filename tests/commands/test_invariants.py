"""Sound books break no invariant, and what is changed past the rooms breaks its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.books import ACME, AT, OPEN_HANDED, build, copy_of, document, lent, opened, zoo
from tests.servers.postgres import PostgresServer
from worker import delivery, intake, invoices, paylinks, payments, store
from worker.businesses import MailRules
from worker.commands.invariants import INVARIANTS, Invariant, sentence, violations
from worker.delivery import Letter
from worker.documents import Document
from worker.intake import Arrival, Disposition, Spot
from worker.intake.receiving import close
from worker.invoices import Draft, Invoice
from worker.kernel.events import MailReceived, NoticeQueued
from worker.paylinks import Life, LinkKeys
from worker.payments import CheckoutFacts
from worker.store import blobs, outbox

KEYS, LIFE = LinkKeys({1: b"secret"}), Life(ttl_h=24, cap_days=90)
HUMAN = {"user_agent": "test"}
LATER = AT + timedelta(minutes=1)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """One invoice, mailed and paid, and one that waits at every step; in each database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            template: Path = request.getfixturevalue("migrated_file")
            file = copy_of(template, tmp_path_factory.mktemp("invariants"))
            engine = stack.enter_context(lent(file))
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.database(template=server.add_template("books", build)))
            engine = stack.enter_context(opened(url))
        with store.transaction(engine) as session:
            _fill(session)
        yield engine


@pytest.fixture
def sound(books: Engine) -> Iterator[Session]:
    """A transaction in the books, whose changes are thrown away."""
    with store.transaction(books) as session:
        yield session
        session.rollback()


def _fill(session: Session) -> None:
    mail = _mail(session, b"From: a@b.example\r\n\r\nOne", "1")
    close(session, mail, Disposition.ACCEPTED, "It holds an invoice.", at=AT)
    paid = _issued(session, mail, "R-1")
    _pay(session, paid)
    _notice(session, paid, "sent")
    _mail(session, b"From: a@b.example\r\n\r\nTwo", "2")
    waiting = _issued(session, mail, "R-2")
    _notice(session, waiting, "waiting")
    payments.begin(session, waiting, link_id="lnk_x", at=AT)


def _mail(session: Session, raw: bytes, uid: str) -> intake.Mail:
    arrival = Arrival(Spot("INBOX", "1", uid), len(raw), AT, raw)
    mail = intake.receive(session, ACME, "inbox", arrival, at=AT)
    outbox.add(session, MailReceived(ACME, mail.id), "intake.sort_mail", at=AT)
    return mail


def _issued(session: Session, mail: intake.Mail, number: str) -> Invoice:
    zoo(session)
    draft = Draft(mail_id=mail.id, document=document(number=number))
    invoice = invoices.issue(session, ACME, draft, OPEN_HANDED, at=AT)
    link = paylinks.open_link(session, invoice, KEYS, LIFE, at=AT)
    paylinks.note_open(session, link, LIFE, evidence=HUMAN, at=LATER)
    session.add(
        Document(
            business=ACME,
            id=f"doc_{number}",
            item_id=invoice.id,
            face="invoice",
            pdf_sha256=blobs.keep(session, ACME, number.encode(), at=AT),
            pages=1,
            template_set="0" * 32,
            frozen_at=AT,
        )
    )
    session.flush()
    return invoice


def _pay(session: Session, invoice: Invoice) -> None:
    checkout = payments.begin(session, invoice, link_id="lnk_x", at=AT)
    facts = CheckoutFacts(
        session_id="cs_1",
        status="complete",
        is_paid=True,
        amount=invoice.total,
        intent_id="pi_1",
        reference=checkout.id,
        business=ACME,
        livemode=False,
        paid_at=AT,
        url=None,
        method="card",
    )
    assert payments.settle(session, checkout, facts, livemode=False, at=AT) is not None


def _notice(session: Session, invoice: Invoice, how: str) -> None:
    letter = Letter(
        kind="invoice",
        subject_id=invoice.id,
        recipient=invoice.recipient or "",
        language="en",
        template_set="0" * 32,
        context={},
        customer_id=invoice.customer_id,
    )
    rules = MailRules(from_address="billing@acme.example")
    notice = delivery.queue(session, ACME, letter, rules, at=AT)
    slip = outbox.add(session, NoticeQueued(ACME, notice.id), "delivery.send_notice", at=AT)
    if how == "sent":
        delivery.claim(session, notice, obstacle=None, wait=timedelta(0), at=AT)
        delivery.sent(session, notice, "250 ok", at=AT)
        session.flush()
        running = outbox.start(session, slip, at=AT)
        assert running is not None
        outbox.finish(session, running, at=AT)


def test_sound_books_break_nothing(sound: Session) -> None:
    assert violations(sound) == []


def test_every_invariant_says_in_words_what_it_holds() -> None:
    every = [holds for invariants in INVARIANTS.values() for holds in invariants]
    assert all(holds.__doc__ for holds in every)
    assert len({sentence(holds) for holds in every}) == len(every)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE invoice SET issued_at = NULL", "Issued invoices are posted"),
        ("UPDATE invoice SET recipient = NULL", "Issued invoices say who owes"),
        ("UPDATE invoice SET number_key = 'R-1', version = 7 WHERE number = 'R-2'", "One version"),
        ("UPDATE payment SET amount_minor = 1", "No payment is applied twice"),
        ("UPDATE payment SET state = 'announced'", "No payment is applied twice"),
        ("UPDATE payment SET state = 'announced'", "Settled money is posted on evidence"),
        ("UPDATE payment SET evidence_id = NULL", "Settled money is posted on evidence"),
        ("UPDATE allocation SET amount_minor = 11901", "No item is paid twice"),
        ("UPDATE allocation SET currency = 'USD'", "Money stays in its currency"),
        ("UPDATE allocation SET amount_minor = 5", "Paid follows from allocations"),
        ("UPDATE allocation SET undone_at = allocated_at", "Paid follows from allocations"),
        ("DELETE FROM allocation; DELETE FROM payment", "Posted money has a payment"),
        (
            "UPDATE checkout SET state = 'open'; "
            "UPDATE checkout_share SET item_id = (SELECT min(item_id) FROM lane)",
            "One pay",
        ),
        ("UPDATE checkout SET ended_at = NULL", "Ended checkouts stay ended"),
        ("UPDATE checkout SET state = 'open'", "Ended checkouts stay ended"),
        ("UPDATE mail SET raw_sha256 = 'gone' WHERE uid = '2'", "Every mail is kept"),
        ("UPDATE job SET done_at = told_at", "Every mail comes to an end"),
        ("UPDATE job SET done_at = told_at", "Waiting notices are in hand"),
        ("DELETE FROM job", "Every mail comes to an end"),
        ("UPDATE mail SET disposition = 'lost'", "Every mail comes to an end"),
        ("UPDATE mail SET raw_sha256 = (SELECT min(raw_sha256) FROM mail)", "The same mail counts"),
        ("UPDATE mail SET disposition = 'quarantined'", "Invoices come from mails that may"),
        ("DELETE FROM document", "Issued invoices are printed"),
        ("UPDATE invoice SET issued_at = NULL", "Only issued invoices are printed"),
        ("UPDATE link SET token_hash = 'token' || id", "Tokens are kept as hashes"),
        ("UPDATE link SET expires_at = NULL", "The clock starts once"),
        ("UPDATE link SET expires_at = opened_at", "The clock starts once"),
        ("UPDATE link SET opened_at = NULL", "The clock starts once"),
        ("UPDATE invoice SET corrected_at = issued_at", "Links show their own customer"),
        ("UPDATE notice SET sent_at = NULL", "Notices say how they ended"),
        ("UPDATE notice SET claims = 3", "Notices say how they ended"),
        ("UPDATE job SET parked_at = told_at", "Parked jobs are asked about"),
        ("UPDATE blob SET size_bytes = 0", "Kept bytes are whole"),
    ],
)
def test_what_is_changed_past_the_rooms_is_noticed(
    sound: Session, change: str, broken: str
) -> None:
    for statement in change.split(";"):
        sound.execute(text(statement))

    assert any(holds(sound) for holds in _called(broken))
    if sound.get_bind().dialect.name == "sqlite":  # That the others stand it is shown once.
        assert any(line.startswith(broken) for line in violations(sound))


def _called(name: str) -> list[Invariant]:
    every = [holds for invariants in INVARIANTS.values() for holds in invariants]
    return [holds for holds in every if sentence(holds).startswith(name)]


def test_a_customer_is_never_shown_another_ones_invoice(sound: Session) -> None:
    sound.execute(
        text(
            "INSERT INTO customer (business, id, name, name_key, added_at, added_by)"
            " SELECT business, 'cus_other', 'Other', 'other', added_at, added_by FROM customer"
        )
    )
    sound.execute(text("UPDATE link SET customer_id = 'cus_other'"))
    assert any(line.startswith("Links show their own customer") for line in violations(sound))
