"""Taking an advice: whose it is, what it pays, and the memo that it becomes or the question.

A claim is never money. It is announced where matching is sure, put before a person where it is not,
and known again in whatever shape it comes: nothing here posts, and nothing is applied on a guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from worker import customers, payments
from worker.customers import Customer
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, NotMoney
from worker.readers.model import Claim, Remittance
from worker.remittance import recognising, records
from worker.remittance.advices import Advice, AdviceState, ProposedLine
from worker.remittance.asking import ask_received, ask_review
from worker.remittance.claiming import announce, end
from worker.remittance.matching import match
from worker.remittance.model import Decision, Item, Match, Terms
from worker.remittance.netting import has_netted, netted
from worker.remittance.numbers import How, Numbers, squeezed

STANDING_ORDER = "standing order of the owner"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the business decides about advices. `trusted` are customers' numbers."""

    terms: Terms = field(default_factory=Terms)
    trusted: frozenset[str] = frozenset()
    lapse: timedelta = timedelta(days=10)
    asks_each: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """A mail that tells of payments, and who wrote it.

    `customer_id` is known by the reply token or by an address on file. `by_staff`: a colleague
    passed it on. `is_authentic`: the sender's domain vouches for it. `words` are quoted to people.
    """

    mail_id: str
    written_by: str
    trust: str
    thread: str
    remittances: tuple[Remittance, ...]
    claim: Claim
    customer_id: str | None = None
    by_staff: bool = False
    is_authentic: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    """A mail of one customer while it is taken, with all that the customer owes."""

    session: Session
    customer: Customer
    told: Told
    policy: Policy
    items: Sequence[tuple[str, Item]]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    """One payment of the mail as it was matched; the items that it names, matched or not."""

    remittance: Remittance
    match: Match
    fingerprint: str = ""
    item_ids: frozenset[str] = frozenset()


def take(
    session: Session, business: BusinessKey, told: Told, policy: Policy, *, at: datetime
) -> list[Advice]:
    """An advice for each payment that the mail tells of; taken again, those that are there."""
    there = records.of_mail(session, business, told.mail_id)
    if there:
        return list(there)
    customer = _customer(session, business, told)
    if customer is None:
        return _unknown(session, business, told, at=at)
    customers.lock(session, business, customer.id)
    items = records.items_of(session, business, customer.id)
    case = _Case(session, customer, told, policy, items, at)
    found = _whole([_matched(case, each) for each in told.remittances])
    return [_take_one(case, one, position) for position, one in enumerate(found)]


# -- whose it is -----------------------------------------------------------------------------------


def _customer(session: Session, business: BusinessKey, told: Told) -> Customer | None:
    """By token or address; else the one customer whose invoices it names by their numbers."""
    if told.customer_id is not None:
        return customers.by_id(session, business, told.customer_id)
    written = {line.as_written for each in told.remittances for line in each.lines}
    owners = records.owners(session, business, sorted(number for number in written if number))
    every = {who for those in owners.values() for who in those}
    return customers.by_id(session, business, every.pop()) if len(every) == 1 else None


def _unknown(session: Session, business: BusinessKey, told: Told, *, at: datetime) -> list[Advice]:
    """Nobody on file is certain: a question, and nothing else."""
    why = "The sender is nobody on file, and what it names is not one customer's alone."
    taken = []
    for position, each in enumerate(told.remittances):
        one = _Found(each, Match(Decision.REVIEW, why, doubts=(why,)))
        advice = _advice(business, told, one, position, at=at)
        session.add(advice)
        session.flush()
        ask_review(session, advice, told.words, at=at)
        taken.append(advice)
    return taken


# -- what it pays ----------------------------------------------------------------------------------


def _matched(case: _Case, each: Remittance) -> _Found:
    told, customer = case.told, case.customer
    written = [line.as_written for line in each.lines if line.as_written]
    owners = records.owners(case.session, BusinessKey(customer.business), written)
    foreign = {key for key, who in owners.items() if customer.id not in who}
    numbers = Numbers([item for _, item in case.items], foreign)
    read = each
    if has_netted(each):
        notes = records.notes_set_against(case.session, customer)
        read = netted(each, numbers, notes)
    found = match(read, told.claim, numbers, case.policy.terms)
    if any(not line.amount.is_positive for line in found.lines):
        found = _doubted(found, "It nets a credit note.")
    if told.customer_id is None and not told.by_staff:
        found = _doubted(found, "The sender is not on file; only the numbers point to a customer.")
    if told.claim.written_by is not None and not told.by_staff:
        found = _doubted(found, "It was passed on by somebody who is not staff.")
    by_number = {item.number: item_id for item_id, item in case.items}
    named = [item for text in written for item in numbers.named(text).items]
    ids = {by_number[item.number] for item in (*named, *(line.item for line in found.lines))}
    return _Found(each, found, _fingerprint(customer, each, numbers), frozenset(ids))


def _whole(found: list[_Found]) -> list[_Found]:
    """A mail is announced whole or looked at whole; two payments of one item are a doubt."""
    ids = [item_id for one in found for item_id in one.item_ids]
    if len(set(ids)) < len(ids):
        return [_but(one, "Two payments are for the same item.") for one in found]
    if len(found) > 1 and any(one.match.decision is Decision.REVIEW for one in found):
        return [_but(one, "Another payment of the same mail is not clear.") for one in found]
    return found


def _but(one: _Found, doubt: str) -> _Found:
    return replace(one, match=_doubted(one.match, doubt))


def _doubted(found: Match, doubt: str) -> Match:
    why = doubt if found.decision is Decision.APPLY else f"{found.why} {doubt}"
    return replace(found, decision=Decision.REVIEW, why=why, doubts=(*found.doubts, doubt))


def _fingerprint(customer: Customer, each: Remittance, numbers: Numbers) -> str:
    """What an advice says, in whatever shape: body, PDF and forward of it are one."""
    lines = sorted(
        (_named(line.as_written or "", numbers), str(line.amount), str(line.deduction))
        for line in each.lines
    )
    said = (customer.id, each.currency, str(each.total), lines)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _named(written: str, numbers: Numbers) -> str:
    found = numbers.named(written)
    is_sure = found.how in (How.EXACT, How.VARIANT) and len(found.items) == 1
    return found.items[0].number if is_sure else squeezed(written)


# -- what becomes of it ----------------------------------------------------------------------------


def _take_one(case: _Case, one: _Found, position: int) -> Advice:
    session, customer, told = case.session, case.customer, case.told
    business = BusinessKey(customer.business)
    earlier = recognising.earlier(session, customer, one.fingerprint, one.remittance)
    rival = recognising.rival(session, customer, told.thread, one.item_ids)
    if earlier is None and rival is not None:
        one = _but(one, f"Advice {rival.id} waits for the same items.")
    advice = _advice(business, told, one, position, at=case.at)
    advice.customer_id = customer.id
    session.add(advice)
    session.flush()
    _propose(session, advice, one.match, {item.number: item_id for item_id, item in case.items})
    is_sure = one.match.decision is Decision.APPLY
    if earlier is not None:
        _repeats(advice, earlier, at=case.at)
    elif come := recognising.come_already(
        session, advice, one.item_ids, is_sure=is_sure, at=case.at
    ):
        advice.payment_id = come.id
        because = f"Its money is in the books already: {come.id}."
        end(session, advice, AdviceState.RECOGNISED, because=because, by="tillmail", at=case.at)
    elif is_sure:
        _announce_and_ask(case, advice)
    else:
        ask_review(session, advice, told.words, at=case.at)
    return advice


def _announce_and_ask(case: _Case, advice: Advice) -> None:
    session, told = case.session, case.told
    payment = announce(session, advice, case.policy.lapse, at=case.at)
    is_trusted = told.is_authentic and told.customer_id is not None
    if is_trusted and case.customer.number in case.policy.trusted:
        paid_on = advice.paid_on or case.at.date()
        word = payments.Confirmation(by=STANDING_ORDER, paid_on=paid_on)
        try:
            payments.confirm(session, payment, word, at=case.at)
        except Refused:
            # A page is open for one of the items: a person says the word when it has ended.
            ask_received(session, advice, at=case.at)
    elif case.policy.asks_each:
        ask_received(session, advice, at=case.at)


def _repeats(advice: Advice, earlier: Advice, *, at: datetime) -> None:
    advice.state, advice.other_id = AdviceState.DUPLICATE.value, earlier.id
    advice.ended_at, advice.ended_by = at, "tillmail"
    advice.ended_because = f"It says what {earlier.id} said."


def _advice(
    business: BusinessKey, told: Told, one: _Found, position: int, *, at: datetime
) -> Advice:
    each, found = one.remittance, one.match
    amount = found.total if found.total is not None else _amount(each)
    return Advice(
        business=business,
        id=new_id("adv"),
        mail_id=told.mail_id,
        position=position,
        state=AdviceState.REVIEW.value,
        decision=found.decision.value,
        why=found.why,
        doubts=list(found.doubts),
        written_by=told.written_by or None,
        trust=told.trust,
        thread=told.thread,
        fingerprint=one.fingerprint or None,
        currency=amount.currency if amount is not None else each.currency,
        amount_minor=amount.minor if amount is not None else None,
        paid_on=each.paid_on,
        method=each.method,
        reference=each.payer_reference,
        reading=each.model_dump(mode="json"),
        read_at=at,
    )


def _propose(session: Session, advice: Advice, found: Match, ids: dict[str, str]) -> None:
    for position, line in enumerate(found.lines):
        session.add(
            ProposedLine(
                business=advice.business,
                advice_id=advice.id,
                position=position,
                item_id=ids[line.item.number],
                currency=line.amount.currency,
                amount_minor=line.amount.minor,
                deduction_minor=line.deduction.minor if line.deduction is not None else None,
                deduction_reason=line.deduction_reason,
                reasons=list(line.reasons),
                rivals=list(line.rivals),
            )
        )
    session.flush()


def _amount(each: Remittance) -> Money | None:
    if each.total is None or each.currency is None:
        return None
    try:
        return Money.of(each.total, each.currency)
    except NotMoney:
        return None
