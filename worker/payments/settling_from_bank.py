"""Settling bank entries: each once, against what was announced, registered or is owed.

A batch is one transaction: every customer whose money an entry may be is locked first, in order,
then the items by id. Money on the account is always booked; what is not certain waits for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker import customers, invoices, ledger, review
from worker.invoices import Invoice
from worker.kernel.errors import TransientError
from worker.kernel.events import PaymentSettled
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import finding_checkouts, records
from worker.payments.applying import (
    BANK_EVIDENCE,
    Application,
    allocation_of,
    holding,
    raise_balance,
    unwanted_checkout,
)
from worker.payments.bank_entries import BankEntry, Outcome
from worker.payments.bank_facts import Known, known_of
from worker.payments.bank_matching import Decision, decide
from worker.payments.bank_reversing import give_back, look_for_lost
from worker.payments.model import PAYMENT_MOVES, Lane, Payment, PaymentState
from worker.store import tell

BATCH = 100
_SHOWN = 20
# A payout is met with the gateway's own list of them; see reconciling_payouts.
_FOR_A_PERSON = (Outcome.UNAPPLIED, Outcome.UNIDENTIFIED, Outcome.LOST)


@dataclass
class Settled:
    """What a batch came to. `blocked` are items that somebody is paying in another way just now."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    blocked: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was left to do, or nothing could be done."""
        return not self.outcomes


def settle_entries(
    session: Session,
    business: BusinessKey,
    statement_id: str,
    *,
    at: datetime,
    insist: bool = False,
) -> Settled:
    """Settle a batch of a statement's waiting entries.

    An entry whose item somebody is paying just now is left waiting; with `insist` it is booked and
    applied to nothing. Raises TransientError when somebody else changed what it depends on.
    """
    waiting = _up_to_a_reversal(_waiting(session, business, statement_id))
    done = Settled()
    incoming = [entry for entry in waiting if _is_money(entry)]
    known = _locked(session, business, incoming)
    with session.no_autoflush:
        decided = _decided(session, business, incoming, (known, done), insist=insist, at=at)
        # One flush for all payments, and one for what refers to them: a tenth of the cost.
        paid = [_paid(session, entry, decision, at=at) for entry, decision in decided]
        session.flush()
        _book_all(session, business, list(zip(paid, decided, strict=True)), at=at)
        done.outcomes.update(decision.outcome for _, decision in decided)
        for entry in waiting:
            if not _is_money(entry):
                _note(session, entry, done, at=at)
        session.flush()
    return done


def summarise(
    session: Session, business: BusinessKey, statement_id: str, *, at: datetime
) -> Counter[Outcome]:
    """What became of a statement's entries; asks a person about those that are not certain.

    Entries that take back a credit which came to light only now are looked at once more.
    """
    own = (BankEntry.business == business, BankEntry.statement_id == statement_id)
    account = session.scalar(select(BankEntry.account).where(*own).limit(1))
    if account is not None:
        look_for_lost(session, business, account, at=at)
    rows = session.execute(
        select(BankEntry.outcome, func.count())
        .where(*own, BankEntry.outcome.is_not(None))
        .group_by(BankEntry.outcome)
    )
    outcomes = Counter({Outcome(outcome or ""): count for outcome, count in rows})
    unsure = sum(outcomes[outcome] for outcome in _FOR_A_PERSON)
    if unsure:
        shown = session.scalars(
            select(BankEntry)
            .where(*own, BankEntry.outcome.in_([outcome.value for outcome in _FOR_A_PERSON]))
            .order_by(BankEntry.position, BankEntry.part)
            .limit(_SHOWN)
        ).all()
        review.ask(session, business, _question(statement_id, shown, unsure), at=at)
    return outcomes


def _up_to_a_reversal(waiting: Sequence[BankEntry]) -> Sequence[BankEntry]:
    """What one transaction settles: what takes back a credit locks its customer alone."""
    for place, entry in enumerate(waiting):
        if _takes_back(entry):
            return waiting[: max(place, 1)]
    return waiting


def _takes_back(entry: BankEntry) -> bool:
    return entry.is_reversal and entry.amount.is_negative


def _is_money(entry: BankEntry) -> bool:
    return entry.amount.is_positive and not entry.is_reversal


def _waiting(session: Session, business: BusinessKey, statement_id: str) -> Sequence[BankEntry]:
    return session.scalars(
        select(BankEntry)
        .where(
            BankEntry.business == business,
            BankEntry.statement_id == statement_id,
            BankEntry.outcome.is_(None),
        )
        .order_by(BankEntry.position, BankEntry.part)
        .limit(BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _locked(session: Session, business: BusinessKey, entries: Sequence[BankEntry]) -> Known:
    """What is known of the entries, and everybody whose money they may be locked."""
    known = known_of(session, business, entries)
    held = known.customers()
    customers.lock_all(session, business, held)
    if session.get_bind().dialect.name != "sqlite":
        # There the transaction itself is the lock; here somebody may have been first.
        known = known_of(session, business, entries)
    if not known.customers() <= held:
        raise TransientError("The books changed while a bank file was being settled.")
    return known


def _decided(
    session: Session,
    business: BusinessKey,
    entries: Sequence[BankEntry],
    about: tuple[Known, Settled],
    *,
    insist: bool,
    at: datetime,
) -> list[tuple[BankEntry, Decision]]:
    """What each entry is booked as; what one has used, no later one uses again."""
    known, done = about
    in_the_way = _in_the_way(session, business, known, at=at)
    decided = []
    for entry in entries:
        decision = decide(known.facts(entry))
        blocked = {item_id for item_id, _ in decision.applies} & in_the_way
        if blocked and not insist:
            unwanted_checkout(session, business, sorted(blocked))
            done.blocked |= blocked
            continue
        if blocked:
            because = f"{decision.because} It is being paid in another way just now."
            decision = replace(decision, outcome=Outcome.UNAPPLIED, applies=(), because=because)
        known.use(entry, decision.payment_id, decision.applies)
        decided.append((entry, decision))
    return decided


def _in_the_way(session: Session, business: BusinessKey, known: Known, *, at: datetime) -> set[str]:
    """Those of the items for which a page is open or a charge under way."""
    ids = sorted(known.owed)
    held = session.scalars(
        select(Lane.item_id).where(
            Lane.business == business, Lane.item_id.in_(ids), Lane.leased_until > at
        )
    )
    return {*held, *finding_checkouts.being_paid(session, business, ids)}


def _paid(session: Session, entry: BankEntry, decision: Decision, *, at: datetime) -> Payment:
    """The payment that the entry proves: registered, announced, or new with it."""
    if decision.payment_id is None:
        payment = _payment(entry, decision, at=at)
        session.add(payment)
        return payment
    payment = _existing(session, BusinessKey(entry.business), decision)
    if decision.outcome is not Outcome.RECOGNISED:
        _prove(payment, entry)
        payment.settled_at = at
    return payment


def _book_all(
    session: Session,
    business: BusinessKey,
    booked: Sequence[tuple[Payment, tuple[BankEntry, Decision]]],
    *,
    at: datetime,
) -> None:
    """Post the payments, apply them as decided, and write down what became of the entries."""
    items = _items(session, business, [decision for _, (_, decision) in booked])
    drafts = []
    for payment, (entry, decision) in booked:
        entry.payment_id = payment.id
        entry.evidence = {"rivals": list(decision.rivals)} if decision.rivals else None
        _write(entry, decision.outcome, decision.because, at=at)
        if decision.outcome is Outcome.RECOGNISED:
            continue
        applied = [(items[item_id], amount) for item_id, amount in decision.applies]
        drafts.append(_draft(payment, applied))
        for item, amount in applied:
            allocation = allocation_of(Application(item, amount, payment=payment), at=at)
            session.add(allocation)
            raise_balance(session, item, allocation, at=at)
        if payment.customer_id is not None:
            tell(session, PaymentSettled(business, payment.id))
    ledger.post_all(session, business, drafts, at=at)


def _items(
    session: Session, business: BusinessKey, decisions: Sequence[Decision]
) -> dict[str, Invoice]:
    wanted = {item_id for decision in decisions for item_id, _ in decision.applies}
    found = invoices.lock_all(session, business, wanted)
    if missing := wanted - found.keys():
        raise TransientError(f"Invoice {min(missing)} is gone.")
    return found


def _existing(session: Session, business: BusinessKey, decision: Decision) -> Payment:
    payment = records.by_id(session, business, decision.payment_id or "")
    if payment is None:
        raise TransientError(f"Payment {decision.payment_id} is gone.")
    return payment


def _prove(payment: Payment, entry: BankEntry) -> None:
    if PaymentState.SETTLED not in PAYMENT_MOVES[PaymentState(payment.state)]:
        raise TransientError(f"Payment {payment.id} is {payment.state} by now.")
    payment.state = PaymentState.SETTLED.value
    payment.evidence_type, payment.evidence_id = BANK_EVIDENCE, entry.id
    payment.paid_on = entry.booked_on or payment.paid_on


def _payment(entry: BankEntry, decision: Decision, *, at: datetime) -> Payment:
    return Payment(
        business=entry.business,
        id=new_id("pay"),
        customer_id=decision.customer_id,
        state=PaymentState.SETTLED.value,
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        method="bank_transfer",
        evidence_type=BANK_EVIDENCE,
        evidence_id=entry.id,
        registered_at=at,
        settled_at=at,
        reference=entry.said[:140] or entry.reference,
        paid_on=entry.booked_on,
    )


def _draft(payment: Payment, applied: Sequence[tuple[Invoice, Money]]) -> ledger.Draft:
    who = payment.customer_id
    legs = [ledger.debit(Account.BANK, payment.amount, customer_id=who)]
    rest = payment.amount
    for item, amount in applied:
        legs.append(ledger.credit(Account.RECEIVABLE, amount, customer_id=who, item_id=item.id))
        rest = rest - amount
    if rest.is_positive:
        legs.append(ledger.credit(holding(payment), rest, customer_id=who))
    return ledger.Draft(f"payment-settled:{payment.id}", legs)


def _note(session: Session, entry: BankEntry, done: Settled, *, at: datetime) -> None:
    """What is no customer's money coming in: it may take back a credit."""
    outcome, because = Outcome.NOTED, "It is no money from a customer."
    if _takes_back(entry):
        outcome, because = give_back(session, entry, at=at)
    _write(entry, outcome, because, at=at)
    done.outcomes[outcome] += 1


def _write(entry: BankEntry, outcome: Outcome, because: str, *, at: datetime) -> None:
    entry.outcome, entry.because, entry.settled_at = outcome.value, because, at


def _question(statement_id: str, entries: Sequence[BankEntry], count: int) -> review.Question:
    shown = {f"entry_{nth}": _line(entry) for nth, entry in enumerate(entries, start=1)}
    rest = count - len(entries)
    return review.Question(
        kind="bank_entries",
        subject=statement_id,
        text=(
            f"{count} entries of a bank statement could not be applied for certain. The "
            "money is booked and waits: say which invoice it pays."
        ),
        evidence=shown | ({"and": f"{rest} more"} if rest > 0 else {}),
        choices=[
            "done",
            "tillmail payments unapplied",
            "tillmail payments allocate PAYMENT INVOICE",
        ],
    )


def _line(entry: BankEntry) -> str:
    rivals = "; ".join((entry.evidence or {}).get("rivals", ()))
    payer = f" from {entry.payer_name}" if entry.payer_name else ""
    about = f" ({entry.payment_id})" if entry.payment_id else ""
    said = f" “{entry.said[:80]}”" if entry.said else ""
    return f"{entry.amount}{payer}{said}{about}: {entry.because} {rivals}".strip()
