"""`tillmail mail`: every mail that came in, what became of it, and reading one again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import intake, invoices, review
from worker.actors.intake import sender_of
from worker.commands.choosing import (
    AsOption,
    BusinessOption,
    JsonOption,
    LimitOption,
    at_the_desk,
    who,
)
from worker.commands.printing import hint, print_list, print_record
from worker.intake import Disposition, Mail, Sender
from worker.kernel.errors import Refused
from worker.kernel.events import MailReceived
from worker.kernel.ids import BusinessKey
from worker.readers import Examined
from worker.store import blobs, outbox

app = typer.Typer(
    help="Every mail that came in: what became of it, why, and reading it again.",
    no_args_is_help=True,
    add_completion=False,
)
_Name = Annotated[str, typer.Argument(metavar="MAIL", help="The mail's id.")]
_SET_ASIDE = {Disposition.QUARANTINED.value, Disposition.ERROR_PARKED.value}


@app.command("list")
def list_mails(
    disposition: Annotated[
        Disposition | None, typer.Option("--state", help="Only mails that ended like this.")
    ] = None,
    limit: LimitOption = 50,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the last mails, the newest first, each with how it ended and why."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        mails = intake.newest(session, key, limit=limit)
        wanted = [m for m in mails if disposition in (None, m.disposition)]
        empty = "No mails yet: is `tillmail mailbox` running?"
        rows = [_row(mail) for mail in wanted]
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("show")
def show_mail(mail: _Name, business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show a mail: where it lies, how far it is trusted, and what came of it."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        found = _chosen(session, key, mail)
        record = _row(found) | _details(session, key, found)
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("replay")
def replay(
    mail: _Name,
    apply: Annotated[
        bool, typer.Option("--apply", help="Sort it again, if it was set aside.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a kept mail again with today's program and rules, and show what would differ."""
    with at_the_desk(business, reader=True) as (till, key):
        with till.reading() as session:
            found = _chosen(session, key, mail)
            raw = blobs.fetch(session, key, found.raw_sha256)
        examined, parts = till.reader.take_apart(raw, till.rules(key).reading_hints())
        with till.reading() as session:
            sender = sender_of(till, session, found, examined)
        rows = _differences(found, examined, sender)
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty="")
        if not apply:
            hint("Nothing was changed. Add --apply to sort it again, if it was set aside.")
            return
        with till.transaction() as session:
            again = _chosen(session, key, mail)
            _settle_questions(session, again, by=who(by), at=till.now())
            intake.sort(session, again, examined, sender, parts, at=till.now())
        hint(f"{again.id} is now {again.disposition}: {again.because}")


def _row(mail: Mail) -> dict[str, Any]:
    return {
        "received_at": mail.received_at,
        "sender": mail.sender,
        "subject": mail.subject,
        "kind": mail.kind,
        "state": mail.disposition or "being sorted",
        "because": mail.because,
        "id": mail.id,
    }


def _details(session: Session, business: BusinessKey, mail: Mail) -> dict[str, Any]:
    questions = review.open_for(session, business, mail.id)
    return {
        "trust": mail.trust,
        "trust_because": mail.trust_because,
        "mailbox": mail.mailbox,
        "folder": mail.folder,
        "uid": mail.uid,
        "size_bytes": mail.size_bytes,
        "message_id": mail.message_id,
        "raw": mail.raw_sha256,
        "duplicate_of": mail.duplicate_of,
        "sorted_at": mail.sorted_at,
        "invoices": [
            {"number": i.number, "total": i.total, "waits_because": i.hold_because, "id": i.id}
            for i in invoices.of_mail(session, business, mail.id)
        ],
        "questions": [{"id": q.id, "question": q.question} for q in questions],
    }


def _chosen(session: Session, business: BusinessKey, mail_id: str) -> Mail:
    found = intake.by_id(session, business, mail_id)
    if found is None:
        raise Refused(f"There is no mail {mail_id}. See: tillmail mail list")
    return found


def _differences(mail: Mail, examined: Examined, sender: Sender) -> list[dict[str, Any]]:
    """What was written down beside what would be written down now."""
    verdict = intake.judge(examined, sender)
    was = _facts(mail.reading or {})
    now = _facts(examined.model_dump(mode="json"))
    pairs = [
        ("state", mail.disposition, verdict.disposition.value),
        ("because", mail.because, verdict.because),
        ("trust", mail.trust, sender.trust.level.value),
        *((name, was[name], now[name]) for name in now),
    ]
    return [
        {"fact": name, "was": before, "now": after, "differs": before != after}
        for name, before, after in pairs
    ]


def _facts(examined: Mapping[str, Any]) -> dict[str, str | None]:
    reading = examined.get("reading") or {}
    found = reading.get("invoices") or []
    numbers = [f"{i.get('number')} {i.get('total')} {i.get('currency')}" for i in found]
    return {"kind": reading.get("kind"), "invoices": "; ".join(numbers) or None}


def _settle_questions(session: Session, mail: Mail, *, by: str, at: datetime) -> None:
    """Close what was asked about a mail that is set aside; any other is refused."""
    business = BusinessKey(mail.business)
    if mail.disposition is None:
        job = outbox.unfinished_about(session, business, mail.id, MailReceived.__name__)
        if job is not None and job.parked_at is None:
            raise Refused(f"{mail.id} is being sorted already.")
        if job is not None:
            review.settle(session, business, job.id, answer="replayed", by=by, at=at)
    elif mail.disposition not in _SET_ASIDE:
        raise Refused(f"{mail.id} was {mail.disposition}: only what was set aside is sorted again.")
    review.settle(session, business, mail.id, answer="replayed", by=by, at=at)
