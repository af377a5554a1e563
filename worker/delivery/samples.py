"""Notices that never were: what a template tree is tried with before it is published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from worker.businesses import Rules
from worker.delivery.card_wording import CardExpiringNotice, ChargeFailedNotice, ChargeNotice
from worker.delivery.debit_letters import DebitStartedNotice
from worker.delivery.gone_back import GoneBackNotice
from worker.delivery.letters import Paper
from worker.delivery.listing import ListedPayment, ListNotice
from worker.delivery.ports import EmailOrder
from worker.delivery.questions import choices
from worker.delivery.wording import (
    AccountNotice,
    AnswerNotice,
    BankFace,
    Choice,
    CodeNotice,
    CreditNoteNotice,
    CreditRequestNotice,
    Fact,
    InvoiceNotice,
    NotedNotice,
    Notice,
    PaidItem,
    PortalNotice,
    QuestionNotice,
    ReceiptNotice,
    SenderFace,
)
from worker.kernel.money import Money
from worker.readers.answers import Word


def samples(rules: Rules, folder: str, set_hash: str) -> list[EmailOrder]:
    """Orders for every email template in every language."""
    sender = Paper(rules, set_hash).sender
    amount = Money(11900, rules.currency)
    bank = BankFace(iban="DE89370400440532013000", reference="SAMPLE-1", holder="Sample")
    invoice = InvoiceNotice(
        business=sender,
        customer_name="Sample & Sons <Ltd>",
        number="SAMPLE-1",
        total=amount,
        still_to_pay=amount,
        issue_on=date(2026, 1, 31),
        due_on=date(2026, 2, 14),
        pay_url="https://pay.example.com/l/sample",
        bank=bank,
        pixel_url="https://pay.example.com/o/sample",
        portal_url="https://pay.example.com/l/sample",
    )
    linkless = replace(invoice, pay_url=None, pixel_url="", portal_url="", transfer_text="SAMPLE")
    notices: dict[str, Notice | GoneBackNotice | DebitStartedNotice | ListNotice] = {
        "invoice": invoice,
        "credit_note": CreditNoteNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            number="SAMPLE-2",
            amount=amount,
            issue_on=date(2026, 2, 1),
            items=(PaidItem("SAMPLE-1", amount, Money(0, rules.currency)),),
            to_balance=amount,
        ),
        "account": AccountNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            amount=amount,
            count=3,
            pay_url="https://pay.example.com/l/sample",
        ),
        "receipt": ReceiptNotice(
            business=sender,
            customer_name="Sample",
            reference="pay_sample",
            amount=amount,
            paid_on=date(2026, 2, 1),
            method="card",
            items=(PaidItem("SAMPLE-1", amount, Money(0, rules.currency)),),
            fee=Money(100, rules.currency),
            print_url="https://pay.example.com/l/sample/receipt/pay_sample",
        ),
        **_of_debits(sender, amount),
        **_gone_back(sender, amount),
        **_of_cards(sender, amount),
        "credit_request": _request(sender, amount, bank),
        **_of_portals(sender),
        "remittance_noted": NotedNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            reference="pay_sample",
            amount=amount,
            paid_on=date(2026, 2, 1),
            items=(PaidItem("SAMPLE-1", amount, Money(100, rules.currency)),),
            rest=Money(50, rules.currency),
        ),
        **_to_staff(sender, amount),
    }
    return [
        EmailOrder(kind, folder, set_hash, language, notice.context())
        for kind, notice in [*notices.items(), ("invoice", linkless)]
        for language in ("en", "de")
    ]


def _request(sender: SenderFace, amount: Money, bank: BankFace) -> CreditRequestNotice:
    """A request that a stored card pays, and of whose charge it tells."""
    return CreditRequestNotice(
        business=sender,
        customer_name="Sample & Sons <Ltd>",
        number="CR-00001",
        total=amount,
        still_to_pay=amount,
        due_on=date(2026, 2, 14),
        issue_on=date(2026, 1, 31),
        subject="Sample",
        by_card=True,
        charge_id="chg_sample",
        card="Visa •••• 4242",
        charge_on=date(2026, 2, 14),
        reply_to="r-sample@reply.example.com",
        pay_url="https://pay.example.com/l/sample",
        bank=bank,
    )


def _gone_back(sender: SenderFace, amount: Money) -> dict[str, GoneBackNotice]:
    """What customers are told of money that goes back."""
    item = PaidItem("SAMPLE-1", amount, amount)
    refund = GoneBackNotice(sender, "Sample & Sons <Ltd>", "ref_sample", amount, "card")
    returned = replace(
        refund, method="sepa_debit", items=(item,), pay_url="https://pay.example.com/l/sample"
    )
    return {"refund": refund, "payment_returned": returned}


def _of_debits(sender: SenderFace, amount: Money) -> dict[str, DebitStartedNotice]:
    """What customers are told when a bank is asked to pay."""
    started = DebitStartedNotice(
        business=sender,
        customer_name="Sample & Sons <Ltd>",
        reference="pay_sample",
        amount=amount,
        method="sepa_debit",
        items=(PaidItem("SAMPLE-1", amount, amount),),
        fee=Money(100, amount.currency),
        days=5,
    )
    return {"debit_started": started}


def _of_cards(sender: SenderFace, amount: Money) -> dict[str, Notice]:
    """What customers are told of their stored cards."""
    return {
        "card_expiring": CardExpiringNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            card="Visa •••• 4242",
            expires_on=date(2026, 2, 28),
            portal_link="lnk_sample",
            portal_url="https://pay.example.com/l/sample",
        ),
        "charge_notice": ChargeNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            number="SAMPLE-1",
            amount=amount,
            card="Visa •••• 4242",
            charge_on=date(2026, 2, 4),
            pay_url="https://pay.example.com/l/sample",
            reply_to="r-sample@reply.example.com",
        ),
        "charge_failed": ChargeFailedNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            number="SAMPLE-1",
            amount=amount,
            card="Visa •••• 4242",
            words="funds",
            again_on=date(2026, 2, 6),
            pay_url="https://pay.example.com/l/sample",
        ),
    }


def _of_portals(sender: SenderFace) -> dict[str, Notice]:
    """What contacts are sent for their portal."""
    return {
        "portal": PortalNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            portal_link="lnk_sample",
            days=365,
            portal_url="https://pay.example.com/l/sample",
        ),
        "code": CodeNotice(
            business=sender,
            customer_name="Sample & Sons <Ltd>",
            confirmation="cnf_sample",
            what="assign_card",
            card="Visa •••• 4242",
            contracts=("C-1", "C-2"),
            minutes=10,
            code="123456",
        ),
    }


def _to_staff(sender: SenderFace, amount: Money) -> dict[str, Notice | ListNotice]:
    """What colleagues are asked and answered."""
    return {
        "question": QuestionNotice(
            business=sender,
            title="Sample",
            text="Is this a sample?",
            reference="work_sample",
            facts=(Fact("number", "SAMPLE-1", is_known=True), Fact("shoe size", "42")),
            words=choices(Word, "invoice_held") + choices(Word, "other"),
            commands=(Choice("tillmail invoices release SAMPLE-1"),),
            reply_to="r-sample@reply.example.com",
            has_file=True,
            title_key="invoice_held",
        ),
        "remittance_list": ListNotice(
            business=sender,
            reference="work_sample",
            payments=(
                ListedPayment(1, "Sample & Sons <Ltd>", amount, 3, ("SAMPLE-1", "SAMPLE-2")),
                ListedPayment(2, "Sample", amount, 0),
            ),
            totals=(amount + amount,),
            words=choices(Word, "remittance_list"),
            more=1,
            reply_to="r-sample@reply.example.com",
        ),
        "answer": AnswerNotice(
            business=sender,
            audience="staff",
            title="Sample",
            text="This is a sample.",
            their_subject="Sample?",
            facts=(Fact("state", "open", is_known=True),),
            words=choices(Word, "order"),
            link="https://pay.example.com/l/sample",
            reply_to="r-sample@reply.example.com",
        ),
    }
