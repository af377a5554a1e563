"""What a person's word does to an advice: taken as proposed, corrected, refused, or settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from worker import invoices, payments
from worker.invoices import Invoice
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money, NotMoney, total
from worker.payments import Confirmation, Payment, Shares
from worker.readers.answers import Word, amount
from worker.remittance import records
from worker.remittance.advices import Advice, AdviceState, ProposedLine
from worker.remittance.asking import ask_received
from worker.remittance.claiming import announce, end, withdraw
from worker.remittance.registering import Policy
from worker.review import Answer


def review(
    session: Session,
    advice_id: str,
    business: BusinessKey,
    answer: Answer,
    policy: Policy,
    *,
    at: datetime,
) -> str:
    """Take the proposal, or what the answer says instead of it, or put the advice aside.

    It becomes a memo, never money. Raises Refused where that cannot be.
    """
    advice = _advice(session, business, advice_id)
    if answer.words & {Word.NO, Word.REFUSE}:
        because = f"{answer.by} said no."
        end(session, advice, AdviceState.REFUSED, because=because, by=answer.by, at=at)
        return "The advice is put aside. Nothing was noted."
    if Word.PAYS in answer.words:
        correct(session, advice, _shares(session, advice, answer))
    payment = announce(session, advice, policy.lapse, at=at)
    if policy.asks_each:
        ask_received(session, advice, at=at)
    numbers = ", ".join(_numbers(session, business, payment))
    pays = numbers or "nothing yet"
    return f"{payment.amount} is noted for {pays}. Nothing is posted before it comes."


def received(
    session: Session,
    advice_id: str,
    business: BusinessKey,
    answer: Answer,
    *,
    on: date,
    at: datetime,
) -> str:
    """Settle the memo on the word of staff, as announced or as they say; or end it.

    Raises Refused where less came than was announced and it is not said for what.
    """
    advice = _advice(session, business, advice_id)
    payment = _payment(session, advice)
    if answer.words & {Word.NOT_RECEIVED, Word.NO}:
        because = f"{answer.by} says that it has not come."
        withdraw(session, advice, AdviceState.WITHDRAWN, because=because, by=answer.by, at=at)
        return f"{payment.amount} is not expected any more. Its invoices are owed as before."
    shares = _shares(session, advice, answer) if Word.PAYS in answer.words else None
    came = _came(answer, payment, shares)
    word = Confirmation(answer.by, advice.paid_on or on, amount=came, shares=shares)
    payments.confirm(session, payment, word, at=at)
    left = payments.rest(session, payment)
    numbers = ", ".join(_numbers(session, business, payment))
    rest = f" {left} of it is applied to nothing yet." if left.is_positive else ""
    return f"{payment.amount} is registered for {numbers or 'nothing'}.{rest}"


def deduction(
    session: Session, line_id: str, business: BusinessKey, answer: Answer, *, at: datetime
) -> str:
    """Post a deduction that somebody accepts, or leave it owed. Raises Refused for one that
    cannot be posted, or was decided.
    """
    line = records.line_called(session, business, line_id)
    item = invoices.by_id(session, business, line.item_id) if line else None
    if line is None or item is None or line.deduction is None:
        raise PermanentError(f"Line {line_id} is missing.")
    if line.decided_at is not None:
        raise Refused(f"{line.decided_by} decided about it already.")
    if answer.words & {Word.NO, Word.REFUSE}:
        line.decided_at, line.decided_by = at, answer.by
        return f"{line.deduction} of {item.number} stays owed."
    reason = line.deduction_reason
    posted = payments.accept_deduction(session, item, line.deduction, reason, by=answer.by, at=at)
    line.allocation_id, line.decided_at, line.decided_by = posted.id, at, answer.by
    bearer = payments.bearer_of(reason).value.replace("_", " ")
    left = invoices.still_to_pay(session, item)
    rest = f" {left} of it is still to be paid." if left.is_positive else ""
    return f"{line.deduction} of {item.number} is accepted, and posted to {bearer}.{rest}"


def correct(session: Session, advice: Advice, shares: Shares) -> None:
    """Put what staff say in the place of the proposal; the payer may have been unclear of it."""
    [*items] = [_item(session, advice, item_id) for item_id, _ in shares]
    owners = {item.customer_id for item in items}
    if len(owners) != 1 or (advice.customer_id or items[0].customer_id) not in owners:
        raise Refused("Those invoices are not all this customer's. Nothing was changed.")
    advice.customer_id = items[0].customer_id
    together = total((share for _, share in shares), shares[0][1].currency)
    if advice.amount is None or advice.amount.currency != together.currency:
        advice.amount_minor, advice.currency = together.minor, together.currency
    for line in records.lines_of(session, advice):
        session.delete(line)
    session.flush()
    for position, (item_id, share) in enumerate(shares):
        session.add(
            ProposedLine(
                business=advice.business,
                advice_id=advice.id,
                position=position,
                item_id=item_id,
                currency=share.currency,
                amount_minor=share.minor,
                reasons=["Staff say so."],
                rivals=[],
            )
        )
    session.flush()


def _shares(session: Session, advice: Advice, answer: Answer) -> Shares:
    """The invoices and amounts that an answer says."""
    business = BusinessKey(advice.business)
    found = []
    for one in answer.said:
        if one.word is not Word.PAYS:
            continue
        in_force = [
            i
            for i in invoices.called(session, business, one.about)
            if i.issued_at is not None and i.corrected_at is None and i.voided_at is None
        ]
        if not in_force:
            raise Refused(f"There is no issued invoice {one.about}.")
        found.append((in_force[0].id, _money(one.value, in_force[0].currency)))
    return found


def _came(answer: Answer, payment: Payment, shares: Shares | None) -> Money | None:
    value = answer.value(Word.RECEIVED)
    if value:
        came = _money(value, payment.currency)
        if shares is None and came < payment.amount:
            raise Refused(
                f"{came} is less than the {payment.amount} announced: say what it pays, in lines "
                "such as “INV-7 120.00”."
            )
        return came
    if shares is None:
        return None
    return total((share for _, share in shares), payment.currency)


def _money(text: str, currency: str) -> Money:
    found = amount(text)
    if found is None or found[1] not in (None, currency):
        raise Refused(f"“{text}” is no amount in {currency}.")
    try:
        return Money.of(found[0], currency)
    except NotMoney as e:
        raise Refused(str(e)) from e


def _numbers(session: Session, business: BusinessKey, payment: Payment) -> Sequence[str]:
    ids = [item_id for item_id, _ in payments.proposed(session, business, payment.id)]
    return [item.number for i in ids if (item := invoices.by_id(session, business, i))]


def _item(session: Session, advice: Advice, item_id: str) -> Invoice:
    item = invoices.by_id(session, BusinessKey(advice.business), item_id)
    if item is None:
        raise PermanentError(f"Invoice {item_id} is missing.")
    return item


def _payment(session: Session, advice: Advice) -> Payment:
    payment = payments.by_id(session, BusinessKey(advice.business), advice.payment_id or "")
    if payment is None or advice.state != AdviceState.ANNOUNCED:
        raise Refused(f"Advice {advice.id} is {advice.state}, and waits for no money.")
    return payment


def _advice(session: Session, business: BusinessKey, advice_id: str) -> Advice:
    advice = records.by_id(session, business, advice_id)
    if advice is None:
        raise PermanentError(f"Advice {advice_id} is missing.")
    return advice
