"""Facts that rooms tell each other. Each names its business and one subject; nothing else.

What follows from a fact stands in one table, `worker/actors/flow.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.kernel.ids import BusinessKey


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `subject`, an id whose kind the event's name implies."""

    business: BusinessKey
    subject: str


class MailReceived(Event):
    """A mail's raw bytes are kept. Subject: the mail."""


class BounceRead(Event):
    """A mail was sorted and reports on a mail of ours. Subject: the mail."""


class InvoiceRead(Event):
    """A mail was sorted and holds at least one invoice. Subject: the mail."""


class ReplyRead(Event):
    """A member of staff answered a notice, or ordered something. Subject: the mail."""


class RemittanceRead(Event):
    """A mail was sorted and tells of money that was paid. Subject: the mail."""


class PaymentRegistered(Event):
    """A payment is announced: a memo, nothing posted. Subject: the payment."""


class CopyAsked(Event):
    """A customer on file asked for a copy of an invoice. Subject: the mail."""


class InvoiceIssued(Event):
    """An invoice is owed by a customer and its notice may go out. Subject: the invoice."""


class CreditNoteIssued(Event):
    """A customer is owed a credit note, which is still to be set against. Subject: the note."""


class CreditNoteApplied(Event):
    """A credit note was set against its invoice or the balance. Subject: the note."""


class ItemCredited(Event):
    """Less is to be paid of an item without a payment. Subject: the allocation."""


class CreditRequestRaised(Event):
    """A customer is asked for credit, and the request may go out. Subject: its open item."""


class CreditRequestPaid(Event):
    """Money came for a credit request, and stands on the balance. Subject: the allocation."""


class CreditRequestEnded(Event):
    """A credit request that was out asks for nothing more. Subject: its open item."""


class InvoiceCorrected(Event):
    """A later version took an issued invoice's place. Subject: the earlier invoice."""


class PayLinkOpened(Event):
    """A pay link was made for an item (not: clicked). Subject: the invoice."""


class DocumentStored(Event):
    """The PDF for an invoice is frozen. Subject: the invoice."""


class NoticeQueued(Event):
    """A notice waits to be sent. Subject: the notice."""


class NoticeSent(Event):
    """A mail server accepted a notice. Subject: the notice."""


class NoticeRefused(Event):
    """A mail server refused a notice's recipient for good. Subject: the notice."""


class LinkOpened(Event):
    """A person opened a pay link. Subject: the link."""


class CheckoutHeard(Event):
    """A checkout may have changed at the gateway: go and look. Subject: the checkout."""


class CheckoutUnwanted(Event):
    """Another way takes the money: the hosted page is to be ended. Subject: the checkout."""


class CheckoutEnded(Event):
    """A hosted page takes no money any more. Subject: the checkout."""


class DebitStarted(Event):
    """A payer is done and their bank is at it: pending, nothing posted. Subject: the payment."""


class PaymentSettled(Event):
    """Evidence says that the money is ours. Subject: the payment."""


class PaymentReturned(Event):
    """A payment was undone, or money of it went back. Subject: the payment."""


class RefundAsked(Event):
    """Staff want money to go back, and the gateway is to be told. Subject: the refund."""


class ReversalHeard(Event):
    """Money of a payment may have gone back at the gateway: go and look. Subject: the payment."""


class WorkItemOpened(Event):
    """A person must decide something. Subject: the work item."""


class SenderAnswered(Event):
    """A mail could not be used and its sender is told. Subject: the mail."""


class LinkRenewed(Event):
    """A customer asked for a fresh pay link. Subject: the activity that says which and for whom."""


class CodeAsked(Event):
    """A contact wants something done on their portal. Subject: the confirmation it waits for."""


class CardRemoved(Event):
    """A customer wants a stored card to be forgotten. Subject: the mandate that was on it."""


class CardLinkHeard(Event):
    """A customer may have stored a card: go and look. Subject: the card link."""


class CardChanged(Event):
    """The network may have replaced a stored card: go and look. Subject: the gateway's id of it."""


class ChargePlanned(Event):
    """A stored card is to be charged, and the customer is to be told. Subject: the charge."""


class ChargeDue(Event):
    """The next thing about a charge can be done. Subject: the charge."""


class ChargeHeard(Event):
    """A charge may have changed at the gateway: go and look. Subject: the charge."""


class ChargeDeclined(Event):
    """The card's bank said no. Subject: the attempt."""


class BankStatementRead(Event):
    """A mail to an account's secret address holds statements of it. Subject: the mail."""


class BankEntriesRecorded(Event):
    """Entries of a bank account are in the books, to be settled. Subject: their statement."""
