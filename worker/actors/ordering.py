"""Orders of staff about one invoice, by mail: one function each, and what is never done by mail.

An order touches invoices, links and notices at once, so it lives beside the switchboard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from worker import customers, delivery, invoices, paylinks, review
from worker.actors.resending import Wish, send_again, working_link
from worker.actors.review import resolve
from worker.app import App
from worker.businesses import Rules
from worker.delivery import NoticeState, Reply
from worker.invoices import Invoice, State
from worker.kernel.clock import day_in
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address
from worker.readers.answers import Said, Word
from worker.review import Answer

ORDERS = (
    Word.RESEND, Word.SEND_TO, Word.STATUS, Word.LINK, Word.HOLD, Word.RELEASE,
    Word.CREDIT_REQUEST, Word.HELP,
)  # fmt: skip
# What every colleague may ask; for the rest they must be allowed to decide.
_HARMLESS = {Word.STATUS, Word.HELP, Word.MONEY}
_PAYABLE = {State.OPEN, State.PART_PAID}


@dataclass(frozen=True, slots=True)
class Order:
    """One order about one invoice, and who gives it."""

    app: App
    session: Session
    invoice: Invoice
    answer: Answer
    at: datetime

    @property
    def business(self) -> BusinessKey:
        """Whose invoice it is."""
        return BusinessKey(self.invoice.business)

    @property
    def rules(self) -> Rules:
        """What the business decides."""
        return self.app.rules(self.business)


def obey(order: Order) -> Reply:
    """Do what was ordered and say so. Raises Refused with the reason and what to do instead."""
    [said] = order.answer.said
    may_decide = delivery.may_answer(order.rules, "invoice_held", order.answer.by)
    if said.word not in _HARMLESS and not may_decide:
        raise Refused("Only a colleague in finance may do that. Nothing was done.")
    return _DONE_BY.get(said.word, _unknown)(order, said)


def help_about(invoice: Invoice | None) -> Reply:
    """What can be ordered by mail."""
    number = invoice.number if invoice else "NUMBER"
    return Reply(
        title="What you can write",
        text=(
            f"Answer with one of these words, or write a new mail such as: status {number}. "
            "Nothing that moves money or changes where it goes is done by mail."
        ),
        words=delivery.choices(ORDERS, "order"),
        about=invoice.id if invoice else "",
    )


def refuse_money(order_text: str) -> Reply:
    """Kindly: nothing by mail moves money."""
    return Reply(
        title="That is not done by mail",
        text=(
            f"“{order_text}” would move money or change where it goes. A mail can be forged, so "
            "that is only done at the desk, with the tillmail command. Nothing was changed."
        ),
    )


def _resend(order: Order, _said: Said) -> Reply:
    notice = send_again(order.app, order.session, order.invoice, Wish(order.answer.by))
    where = notice.recipient if notice else order.invoice.recipient
    return _done(order, f"Invoice {order.invoice.number} goes once more to {where}.")


def _send_to(order: Order, said: Said) -> Reply:
    invoice = order.invoice
    contact = customers.contact_at(
        order.session, order.business, invoice.customer_id or "", said.value
    )
    if contact is None or contact.suppressed_at is not None:
        why = "is written to no more" if contact else "is not on file for this customer"
        raise Refused(
            f"{said.value} {why}. A new address goes on file at the desk: "
            f"tillmail invoices send {invoice.number} --to {said.value}"
        )
    wish = Wish(order.answer.by, Address.parse(contact.address))
    send_again(order.app, order.session, invoice, wish)
    return _done(order, f"Invoice {invoice.number} goes to {contact.address}.")


def _status(order: Order, _said: Said) -> Reply:
    s, invoice, zone = order.session, order.invoice, order.rules.time_zone
    owed = invoices.still_to_pay(s, invoice)
    sent_at = delivery.last_sent_at(s, order.business, invoice.id)
    link = paylinks.live_link(s, order.business, invoice.id)
    known = {
        "invoice": invoice.number,
        "state": _state(invoice, invoices.state_of(invoice, owed)),
        "total": str(invoice.total),
        "still_to_pay": str(owed) if invoice.issued_at else None,
        "due_date": invoice.due_on.isoformat() if invoice.due_on else None,
        "recipient": invoice.recipient,
        "sent": day_in(zone, sent_at).isoformat() if sent_at else "not yet",
        "opened": _opened(link, zone),
    }
    return Reply(
        title=f"Invoice {invoice.number}",
        text=invoice.hold_because or "" if invoice.issued_at is None else "This is how it stands.",
        facts=delivery.facts(known.items()),
        about=invoice.id,
    )


def _link(order: Order, _said: Said) -> Reply:
    invoice = order.invoice
    owed = invoices.still_to_pay(order.session, invoice)
    link = working_link(order.app, order.session, invoice, order.at)
    if link is None or invoices.state_of(invoice, owed) not in _PAYABLE:
        raise Refused(f"Invoice {invoice.number} has no pay link: nothing is to be paid by it now.")
    return Reply(
        title=f"The pay link of invoice {invoice.number}",
        text=f"It takes {owed}. Whoever has it can see the invoice and pay it.",
        link=order.app.link_url(link),
        about=invoice.id,
    )


def _hold(order: Order, _said: Said) -> Reply:
    invoice = order.invoice
    if invoice.issued_at is None:
        return _done(order, f"Invoice {invoice.number} waits already. Nothing is sent.")
    invoice.rests_since = invoice.rests_since or order.at
    invoice.rests_by = invoice.rests_by or order.answer.by
    return _done(
        order,
        f"No more mail goes out about invoice {invoice.number} until you answer release. "
        "What was sent cannot be called back, and its pay link still works.",
    )


def _release(order: Order, _said: Said) -> Reply:
    invoice, s = order.invoice, order.session
    held = [i for i in review.open_for(s, order.business, invoice.id) if i.kind == "invoice_held"]
    if invoice.issued_at is None and held:
        yes = Answer((Said(Word.YES),), order.answer.by, order.answer.mail_id)
        return _done(order, resolve(order.app, s, held[0], yes, at=order.at))
    if invoice.rests_since is None:
        raise Refused(f"Invoice {invoice.number} does not wait for anything.")
    invoice.rests_since, invoice.rests_by = None, None
    notices = [n for n in delivery.about(s, order.business, invoice.id) if n.kind == "invoice"]
    if notices and all(notice.state == NoticeState.DROPPED for notice in notices):
        send_again(order.app, s, invoice, Wish(order.answer.by))
        return _done(order, f"Invoice {invoice.number} goes to {invoice.recipient}.")
    return _done(order, f"Mail about invoice {invoice.number} goes out again.")


def _help(order: Order, _said: Said) -> Reply:
    return help_about(order.invoice)


def _money(_order: Order, said: Said) -> Reply:
    return refuse_money(said.value)


def _unknown(order: Order, said: Said) -> Reply:
    raise Refused(f"Nothing is asked about invoice {order.invoice.number} that “{said}” answers.")


def _done(order: Order, text: str) -> Reply:
    return Reply(title="Done", text=text, about=order.invoice.id)


def _state(invoice: Invoice, state: State) -> str:
    words = state.value.replace("_", " ")
    if invoice.promised_on is not None:
        words = f"{words}, promised for {invoice.promised_on}"
    return f"{words}, at rest since {invoice.rests_by} said so" if invoice.rests_since else words


def _opened(link: paylinks.Link | None, zone: str) -> str | None:
    if link is None:
        return None
    return day_in(zone, link.opened_at).isoformat() if link.opened_at else "not yet"


_DONE_BY: Mapping[Word, Callable[[Order, Said], Reply]] = {
    Word.RESEND: _resend,
    Word.SEND_TO: _send_to,
    Word.STATUS: _status,
    Word.LINK: _link,
    Word.HOLD: _hold,
    Word.RELEASE: _release,
    Word.HELP: _help,
    Word.MONEY: _money,
}
