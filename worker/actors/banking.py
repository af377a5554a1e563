"""Actors of bank files: a mail's statements recorded, and recorded entries settled."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy.orm import Session

from worker import intake, payments, review
from worker.actors.payments import clear_lane
from worker.actors.shapes import Later, Run, call, work
from worker.app import App
from worker.businesses import BankAccount
from worker.intake import Mail
from worker.kernel.errors import PermanentError, Refused, TillmailError
from worker.kernel.ids import BusinessKey
from worker.payments import BankFile, Outcome
from worker.readers import Examined
from worker.store import blobs

log = logging.getLogger(__name__)

# So many batches in one start of the job: its lease does not run out.
_BATCHES = 10
_AT_ONCE = timedelta(seconds=0)


def sorted_mail(_app: App, s: Session, business: BusinessKey, mail_id: str) -> tuple[Mail, bytes]:
    """A mail that was read, and as it came."""
    mail = intake.by_id(s, business, mail_id)
    if mail is None or mail.reading is None:
        raise PermanentError(f"Mail {mail_id} is missing.")
    return mail, blobs.fetch(s, business, mail.raw_sha256)


@work(sorted_mail)
def settle_from_bank(run: Run, came: tuple[Mail, bytes]) -> None:
    """Record the statements of a mail that came to an account's secret address."""
    mail, content = came
    examined = Examined.model_validate(mail.reading)
    rules = run.app.rules(run.business)
    account = rules.bank_account_at(examined.envelope.delivered_to)
    if account is None or mail.trust != intake.Level.A3:
        raise PermanentError(f"Mail {mail.id} came to no account's secret address.")
    file = BankFile(examined.reading.statements, content, mail.id, only=account.key)
    try:
        with run.finish() as s:
            payments.record(s, rules, file, at=run.app.now())
            review.settle(
                s, run.business, mail.id, answer="It is booked now.", by="", at=run.app.now()
            )
    except Refused as e:
        _ask(run, mail, account, e)


@call
def settle_entries(run: Run) -> None:
    """Settle the waiting entries of a statement, some at each start."""
    with run.intent():
        pass
    outcomes = settle_statement(run.app, run.business, run.subject, batches=_BATCHES)
    if outcomes is None:
        raise Later(run.app.now() + _AT_ONCE, "More of its entries wait.")
    with run.finish():
        pass


def settle_statement(
    app: App,
    business: BusinessKey,
    statement_id: str,
    *,
    batches: int | None = None,
    on_batch: Callable[[int], None] = lambda _: None,
) -> Counter[Outcome] | None:
    """What became of a statement's entries; None while there are more than so many batches."""
    insist = False
    while batches is None or batches > 0:
        with app.transaction() as s:
            done = payments.settle_entries(s, business, statement_id, insist=insist, at=app.now())
        if done.is_empty and not done.blocked:
            with app.transaction() as s:
                payments.reconcile_payouts(s, business, at=app.now())
                return payments.summarise_entries(s, business, statement_id, at=app.now())
        on_batch(sum(done.outcomes.values()))
        if done.is_empty:
            # What is left is being paid in another way: that is ended, then the money is booked.
            _clear(app, business, done.blocked)
            insist = True
        batches = None if batches is None else batches - 1
    return None


def _clear(app: App, business: BusinessKey, item_ids: Collection[str]) -> None:
    """End the items' hosted pages. Where one cannot be ended the money is applied to nothing."""
    for item_id in sorted(item_ids):
        try:
            clear_lane(app, business, item_id)
        except TillmailError as e:
            log.warning("The page of %s cannot be ended: %s", item_id, e)


def _ask(run: Run, mail: Mail, account: BankAccount, error: Refused) -> None:
    is_gap = isinstance(error, payments.Gap)
    question = review.Question(
        kind=payments.GAP if is_gap else "bank_file_refused",
        subject=mail.id,
        text=f"A bank file came by mail and nothing of it was booked. {error}",
        evidence={"account": account.key, "from": mail.sender, "mail": mail.id},
        choices=["done", f"tillmail mail show {mail.id}", "tillmail payments import FILE"],
    )
    with run.finish() as s:
        review.ask(s, run.business, question, at=run.app.now())
