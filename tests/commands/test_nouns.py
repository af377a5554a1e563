"""The nouns of the command line: data on standard output, hints beside it, honest exit codes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.books import ACME, ASKING, AT, issue, zoo
from tests.commands.conftest import Desk
from tests.readers.samples import sample
from worker import delivery, intake, invoices, paylinks, review
from worker.actors.resending import working_link
from worker.app import App
from worker.documents import Document
from worker.intake import Arrival, Disposition, Spot
from worker.invoices import Invoice
from worker.review import Question
from worker.store import blobs, outbox
from worker.store.outbox import Job

NOUNS = ["invoices", "links", "payments", "mail", "customers", "review"]


def _held(_app: App, session: Session) -> None:
    issue(session, _asking())


def _asking() -> invoices.Limits:
    return invoices.Limits(first_time_addresses=False, send_limit=None, currency="EUR")


def _asked(_app: App, session: Session) -> None:
    issue(session, ASKING)


def _printed(app: App, session: Session) -> None:
    """An invoice that was issued and printed."""
    zoo(session)
    invoice = issue(session)
    session.flush()
    paylinks.open_link(session, invoice, app.link_keys, app.link_life(ACME), at=AT)
    pdf = blobs.keep(session, ACME, b"%PDF", at=AT)
    session.add(
        Document(
            business=ACME,
            id="doc_1",
            item_id=invoice.id,
            face="invoice",
            pdf_sha256=pdf,
            pages=1,
            template_set="0" * 32,
            frozen_at=AT,
        )
    )


@pytest.mark.parametrize("noun", NOUNS)
def test_empty_books_print_nothing_and_hint_at_what_to_do(desk: Desk, noun: str) -> None:
    shown = desk.type(noun, "list")
    assert (shown.code, shown.out) == (0, "")
    assert shown.err.strip()
    assert desk.type(noun, "list", "--json").json == []


@pytest.mark.parametrize("noun", NOUNS)
def test_what_is_not_there_is_refused_in_one_sentence(desk: Desk, noun: str) -> None:
    shown = desk.type(noun, "show", "nothing")
    assert (shown.code, shown.out) == (1, "")
    assert "nothing" in shown.err
    assert "Traceback" not in shown.err


def test_a_wrong_word_is_wrong_usage(desk: Desk) -> None:
    assert desk.type("invoices", "shwo").code == 2
    assert desk.type("customers", "add", "Zoo", "--email", "not an address").code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--business", "nobody"), "There is no business nobody. Known: acme."),
        ((), ""),
    ],
)
def test_the_business_may_be_left_out_when_there_is_one(
    desk: Desk, words: tuple[str, ...], says: str
) -> None:
    assert says in desk.type("invoices", "list", *words).err


def test_of_several_businesses_one_must_be_named(desk: Desk) -> None:
    other = desk.home / "config" / "businesses" / "other.toml"
    other.write_text((other.parent / "acme.toml").read_text())

    assert "--business (acme, other)" in desk.type("invoices", "list").err
    assert desk.type("invoices", "list", "--business", "other").code == 0
    assert desk.type("ledger", "verify").code == 0


def test_a_database_of_another_revision_says_what_to_type(tmp_path: Path, desk: Desk) -> None:
    (desk.home / "var" / "tillmail.db").unlink()
    shown = desk.type("invoices", "list")
    assert shown.code == 1
    assert "tillmail release" in shown.err

    assert desk.type("release").code == 0
    assert desk.type("invoices", "list").code == 0


def test_settings_that_are_wrong_are_said_in_one_sentence(desk: Desk) -> None:
    (desk.home / "config" / "tillmail.toml").write_text("[web]\nprot = 1")
    shown = desk.type("invoices", "list")
    assert (shown.code, shown.out) == (1, "")
    assert "Did you mean port?" in shown.err


def test_an_invoice_that_waits_is_listed_shown_and_released(desk: Desk) -> None:
    desk.book(_held)
    [row] = desk.type("invoices", "list", "--json").json
    assert (row["number"], row["state"]) == ("R-1", "held")
    assert row["total"] == {"amount": "119.00", "currency": "EUR"}
    assert desk.type("invoices", "list", "--state", "open", "--json").json == []
    shown = desk.type("invoices", "show", "r-1")
    assert "Zoo AG is not on file" in shown.out

    released = desk.type("invoices", "release", "R-1", "--to", "new@zoo.example", "--as", "bob")

    assert released.code == 0
    assert "goes to new@zoo.example" in released.err
    record = desk.type("invoices", "show", row["id"], "--json").json
    assert (record["state"], record["released_by"]) == ("open", "bob")
    [customer] = desk.type("customers", "list", "--json").json
    assert customer["email"] == "new@zoo.example"
    assert desk.type("invoices", "release", "R-1").code == 1


def test_an_invoice_that_waits_is_voided(desk: Desk) -> None:
    desk.book(_held)
    assert desk.type("invoices", "void", "R-1").code == 0
    assert desk.type("invoices", "show", "R-1", "--json").json["state"] == "void"


def test_sending_again_is_a_notice_of_its_own_each_time(desk: Desk) -> None:
    desk.book(_printed)
    for _ in range(2):
        assert desk.type("invoices", "send", "R-1").code == 0
    assert desk.type("invoices", "send", "R-1", "--to", "b@zoo.example").code == 0

    notices = desk.type("invoices", "show", "R-1", "--json").json["notices"]
    assert [n["to"] for n in notices] == ["pay@zoo.example"] * 2 + ["b@zoo.example"]
    [row] = desk.type("customers", "list", "--json").json
    assert row["email"] == "pay@zoo.example; b@zoo.example"


def test_the_pay_button_may_be_left_out(desk: Desk) -> None:
    desk.book(_printed)
    desk.type("invoices", "send", "R-1", "--no-pay-link")
    desk.type("invoices", "send", "R-1")
    urls: list[object] = []

    def look(_app: App, session: Session) -> None:
        [invoice] = invoices.newest(session, ACME, limit=1)
        urls.extend(n.context["pay_url"] for n in delivery.about(session, ACME, invoice.id))

    desk.book(look)
    assert urls[0] is None
    assert "/l/" in str(urls[1])


def test_an_invoice_goes_out_again_with_a_link_that_works(desk: Desk) -> None:
    desk.book(_printed)

    def expire(_app: App, session: Session) -> None:
        [link] = paylinks.newest(session, ACME, limit=1)
        link.cap_at = AT - timedelta(days=1)

    desk.book(expire)
    desk.type("invoices", "send", "R-1")
    states = {row["state"] for row in desk.type("links", "list", "--json").json}
    assert states == {"revoked", "waiting"}


def test_what_is_not_printed_or_not_issued_is_not_sent_again(desk: Desk) -> None:
    desk.book(_held)
    shown = desk.type("invoices", "send", "R-1")
    assert shown.code == 1
    assert "release it instead" in shown.err


@pytest.mark.parametrize("ended", ["failed", "parked"])
def test_an_invoice_whose_printing_ended_badly_is_printed_by_sending_it(
    desk: Desk, ended: str
) -> None:
    def issued(app: App, session: Session) -> None:
        app.hand_out = lambda _slips: None
        zoo(session)
        issue(session)

    desk.book(issued)
    assert "is being printed" in desk.type("invoices", "send", "R-1").err

    def end(_app: App, session: Session) -> None:
        job = session.scalars(select(Job).where(Job.actor == "documents.render_invoice")).one()
        job.done_at, job.problem = (AT, "It broke.") if ended == "failed" else (None, None)
        job.parked_at = AT if ended == "parked" else None

    desk.book(end)
    sent = desk.type("invoices", "send", "R-1")
    assert (sent.code, "is printed now" in sent.err) == (0, True)
    counts = []
    desk.book(lambda _app, session: counts.append(outbox.open_count(session)))
    assert counts == [1]


def test_a_link_is_copied_with_its_address_alone_and_that_is_written_down(desk: Desk) -> None:
    desk.book(_printed)
    copied = desk.type("links", "copy", "R-1", "--as", "bob")

    assert copied.out.startswith("http://127.0.0.1:8080/l/")
    assert len(copied.out.splitlines()) == 1
    [row] = desk.type("links", "list", "--json").json
    lines = desk.type("links", "show", row["id"], "--json").json["activity"]
    assert ("copied", "bob") in [(line["what"], line["who"]) for line in lines]


def test_a_customers_links_are_copied_each_for_what_it_shows(desk: Desk) -> None:
    desk.book(_printed)
    to_pay = desk.type("links", "copy", "--customer", "7", "--to-pay")
    portal = desk.type("links", "copy", "--customer", "7")
    assert to_pay.out != portal.out == desk.type("links", "copy", "--customer", "7").out
    wrong = desk.type("links", "copy", "--customer", "7", "--contact", "eve@evil.example")
    assert (wrong.code, "no such address" in wrong.err) == (1, True)


def test_what_is_sent_again_carries_the_link_that_the_business_wants_now(desk: Desk) -> None:
    desk.book(_printed)
    file = desk.home / "config" / "businesses" / "acme.toml"
    file.write_text(file.read_text() + '[links]\nscope = "customer"\n', encoding="utf-8")
    found: list[paylinks.Link | None] = []

    def ask(app: App, session: Session) -> None:
        [invoice] = invoices.called(session, ACME, "R-1")
        found.append(working_link(app, session, invoice, AT))

    desk.book(ask)
    desk.book(ask)
    first, again = found
    assert first is not None
    assert again is not None
    assert (first.item_id, first.currency, again.id) == (None, "EUR", first.id)


def test_a_customer_is_put_on_file_once(desk: Desk) -> None:
    words = ("customers", "add", "Zoo AG", "--number", "7", "--email", "a@zoo.example")
    assert desk.type(*words).out == desk.type(*words, "--email", "b@zoo.example").out

    record = desk.type("customers", "show", "7", "--json").json
    assert [a["address"] for a in record["addresses"]] == ["a@zoo.example", "b@zoo.example"]
    assert "taken" in desk.type("customers", "add", "Park", "--number", "7").err


@pytest.mark.parametrize(
    "text",
    [
        "number,name,vat_id,email,language\n7,Zoo AG,DE123,a@zoo.example,de\n,Park,,,\n",
        "\ufeffName;Number;Email\nZoo AG;7;a@zoo.example\nPark;;\n;;\n",
        "name\temail\nZoo AG\ta@zoo.example\nPark\t\n",
    ],
    ids=["commas", "semicolons of a spreadsheet", "tabs"],
)
def test_customers_are_imported_and_importing_again_changes_nothing(
    desk: Desk, text: str, tmp_path: Path
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(text, encoding="utf-8")
    for _ in range(2):
        assert "2 customers and 1 addresses" in desk.type("customers", "import", str(file)).err

    rows = desk.type("customers", "list", "--json").json
    assert [(row["name"], row["email"]) for row in rows] == [
        ("Park", ""),
        ("Zoo AG", "a@zoo.example"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,mail\nZoo,a@b.example\n", "There is no column mail"),
        ("number\n7\n", "The column name is missing"),
        ("name,email\nZoo,a@b.example\nPark,nonsense\n", "Line 3: 'nonsense' is not"),
        ("name,number\nZoo,7\nPark,7\n", "Line 3: Customer number 7 is taken"),
        ("name,number\nZoo,7\n,8\n", "Line 3: The name is missing"),
        ("", "The column name is missing"),
    ],
)
def test_a_file_with_a_wrong_line_is_imported_not_at_all(
    desk: Desk, text: str, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(text, encoding="utf-8")
    shown = desk.type("customers", "import", str(file))

    assert shown.code == 1
    assert says in shown.err
    assert desk.type("customers", "list", "--json").json == []


def test_a_question_is_shown_and_closed_with_an_answer(desk: Desk) -> None:
    def ask(_app: App, session: Session) -> None:
        question = Question("mail_unreadable", "mail_1", "What is it?", {"sender": "x"}, ["look"])
        review.ask(session, ACME, question, at=AT)

    desk.book(ask)
    [row] = desk.type("review", "list", "--json").json
    assert "What is it?" in desk.type("review", "show", "mail_1").out

    assert desk.type("review", "resolve", row["id"], "--answer", "spam").code == 0
    assert desk.type("review", "list", "--json").json == []
    record = desk.type("review", "show", row["id"], "--json").json
    assert (record["resolution"], record["resolved_by"]) == ("spam", "ann")
    assert desk.type("review", "resolve", row["id"], "--answer", "spam").code == 1


def test_a_question_is_answered_at_the_desk_in_the_words_of_a_mail(desk: Desk) -> None:
    desk.book(_asked)
    [row] = desk.type("review", "list", "--json").json
    unclear = desk.type("review", "resolve", row["id"], "maybe")
    assert (unclear.code, "Its words are: yes, send to ADDRESS" in unclear.err) == (1, True)
    done = desk.type("review", "resolve", row["id"], "send", "to", "till@zoo.example")
    assert "goes to till@zoo.example" in done.err
    assert desk.type("review", "resolve", row["id"], "no").code == 1
    assert desk.type("invoices", "list", "--state", "open", "--json").json != []
    record = desk.type("review", "show", row["id"], "--json").json
    assert (record["resolution"], record["resolved_by"]) == ("send to till@zoo.example", "ann")


def test_sound_books_verify_and_broken_ones_do_not(desk: Desk) -> None:
    desk.book(_printed)
    sound = desk.type("ledger", "verify", "--json")
    assert (sound.code, {row["ok"] for row in sound.json}) == (0, {True})
    balances = desk.type("ledger", "balances", "--json").json
    assert [row["balance"]["amount"] for row in balances] == ["-119.00", "119.00"]

    desk.book(lambda _app, session: _break(session))
    broken = desk.type("ledger", "verify", "--json")
    assert broken.code == 1
    assert "Nobody owes less than nothing" in [r["invariant"] for r in broken.json if not r["ok"]]


def _break(session: Session) -> None:
    session.execute(update(Invoice).values(total_minor=1))


def _mail_from_a_stranger(_app: App, session: Session) -> None:
    message = EmailMessage()
    message["From"] = "erp@acme.example"
    message["Subject"] = "Invoice"
    message["Message-ID"] = "<1@acme.example>"
    message.set_content("Please send.")
    message.add_attachment(
        sample("invoice_ubl.xml"), maintype="application", subtype="xml", filename="i.xml"
    )
    raw = message.as_bytes()
    arrival = Arrival(Spot("INBOX", "1", "1"), len(raw), AT, raw)
    mail = intake.receive(session, ACME, "inbox", arrival, at=AT)
    intake.quarantine(session, mail, "A stranger.", at=AT)


def test_a_mail_is_read_again_and_sorted_again_only_when_asked(desk: Desk) -> None:
    desk.trust("none")
    desk.book(_mail_from_a_stranger)
    [row] = desk.type("mail", "list", "--json").json
    assert row["state"] == "quarantined"
    desk.trust("local")

    shown = desk.type("mail", "replay", row["id"], "--json")
    state = next(fact for fact in shown.json if fact["fact"] == "state")
    assert (state["was"], state["now"], state["differs"]) == ("quarantined", "accepted", True)
    assert desk.type("mail", "list", "--json").json == [row]

    applied = desk.type("mail", "replay", row["id"], "--apply")
    assert "is now accepted" in applied.err
    record = desk.type("mail", "show", row["id"], "--json").json
    assert (record["state"], len(record["invoices"])) == ("accepted", 1)
    assert desk.type("review", "show", row["id"]).code == 1

    again = desk.type("mail", "replay", row["id"], "--apply")
    assert again.code == 1
    assert "only what was set aside" in again.err
    assert len(desk.type("invoices", "list", "--json").json) == 1


def test_mails_are_listed_by_how_they_ended(desk: Desk) -> None:
    desk.book(_mail_from_a_stranger)
    listed = desk.type("mail", "list", "--state", Disposition.QUARANTINED.value)
    assert "A stranger." in listed.out
    assert desk.type("mail", "list", "--state", "accepted", "--json").json == []


def test_an_invoice_shows_where_it_goes_and_what_happened(desk: Desk) -> None:
    desk.book(_printed)
    shown = desk.type("invoices", "show", "R-1")
    for words in ("pay@zoo.example", "created", "119.00 EUR", "2026-12-04"):
        assert words in shown.out


def test_amounts_of_a_credit_show_their_sign(desk: Desk) -> None:
    desk.book(lambda _app, session: _credit(session))
    [row] = desk.type("invoices", "list", "--json").json
    assert (row["state"], row["total"]["amount"]) == ("held", "-10.00")


def _credit(session: Session) -> None:
    issue(session, number="G-1", total=Decimal("-10.00"))
