"""THE SWITCHBOARD: what follows from each fact. The whole flow of the house is this table.

`job` is work for the queue, in a transaction of its own. `then` runs inside the transaction that
told the fact: steps that only touch the database share one commit, so that an invoice costs few.
"""

from __future__ import annotations

from collections.abc import Callable

from worker.actors import (
    answering,
    autocharge,
    banking,
    cards,
    credits,
    delivery,
    documents,
    gone_back,
    intake,
    paylinks,
    payments,
    portal,
    receipts,
    remittance,
    review,
)
from worker.actors.shapes import acts_outside, name_of
from worker.app import Flow, Route, Step
from worker.kernel import events as fact


def job(actor: Callable[..., None]) -> Route:
    """Work for the queue."""
    name = name_of(actor)
    return Route(actor=name, acts_outside=acts_outside(name))


def then(step: Step) -> Route:
    """A step in the same transaction."""
    return Route(step=step)


FLOW: Flow = {
    fact.MailReceived: [job(intake.sort_mail)],
    fact.SenderAnswered: [then(answering.queue_answer)],
    fact.ReplyRead: [then(answering.take_reply)],
    fact.CopyAsked: [then(answering.send_copy)],
    fact.BounceRead: [then(delivery.note_bounce)],
    fact.RemittanceRead: [then(remittance.apply_advice)],
    fact.PaymentRegistered: [then(remittance.queue_noted)],
    fact.InvoiceRead: [then(intake.issue_from_mail)],
    fact.InvoiceIssued: [then(payments.use_balance), then(paylinks.open_paylink)],
    fact.CreditNoteIssued: [then(payments.apply_credit_note)],
    fact.CreditNoteApplied: [then(paylinks.revoke_credited), job(documents.render_invoice)],
    fact.CreditRequestRaised: [then(credits.open_paylink)],
    fact.CreditRequestPaid: [then(credits.ask_for_advance_invoice)],
    fact.CreditRequestEnded: [then(credits.end_ways_to_pay)],
    fact.InvoiceCorrected: [then(paylinks.revoke_paylink), then(payments.end_corrected)],
    fact.PayLinkOpened: [job(documents.render_invoice)],
    fact.LinkRenewed: [then(delivery.queue_renewed_link)],
    fact.CodeAsked: [then(portal.queue_code)],
    fact.DocumentStored: [then(delivery.queue_invoice_notice)],
    fact.NoticeQueued: [job(delivery.send_notice)],
    fact.PaymentReturned: [
        then(paylinks.reopen_paylinks),
        then(remittance.note_returned),
        then(gone_back.queue_gone_back),
    ],
    fact.CheckoutHeard: [job(payments.settle_checkout)],
    fact.CheckoutUnwanted: [job(payments.end_checkout)],
    fact.CheckoutEnded: [then(payments.resume_credits)],
    fact.RefundAsked: [job(payments.ask_refund)],
    fact.ReversalHeard: [job(payments.settle_reversals)],
    fact.DebitStarted: [then(receipts.queue_debit_started)],
    fact.ItemCredited: [then(receipts.queue_balance_receipt)],
    fact.PaymentSettled: [then(remittance.note_settled), then(receipts.queue_receipt)],
    fact.CardLinkHeard: [job(autocharge.look_up_card_link)],
    fact.CardRemoved: [job(autocharge.forget_card)],
    fact.CardChanged: [job(cards.look_up_card)],
    fact.ChargePlanned: [then(autocharge.announce_charge)],
    fact.NoticeSent: [then(autocharge.note_notice_sent)],
    fact.NoticeRefused: [then(autocharge.note_notice_refused)],
    fact.ChargeDue: [job(autocharge.charge_stored_card)],
    fact.ChargeHeard: [job(autocharge.look_up_charge)],
    fact.ChargeDeclined: [then(autocharge.queue_charge_failed)],
    fact.BankStatementRead: [job(banking.settle_from_bank)],
    fact.BankEntriesRecorded: [job(banking.settle_entries)],
    fact.WorkItemOpened: [then(review.queue_question)],
}
