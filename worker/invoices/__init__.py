"""Books: the seller's documents and what is owed on them."""

from worker.invoices.answering import answer, take, told
from worker.invoices.asking import evidence
from worker.invoices.deciding import Limits, number_key
from worker.invoices.issuing import Draft, issue, payable
from worker.invoices.model import CREDIT_REQUEST, EFFECT_MINOR, Hold, Invoice, State, state_of
from worker.invoices.prepaying import (
    Prepayment,
    ask_to_prepay,
    asked_no_more,
    end_prepayment,
)
from worker.invoices.promising import ask_about_broken, may_be_urged, promise
from worker.invoices.records import (
    OPEN,
    OpenItem,
    by_id,
    called,
    contracts_of,
    credits_waiting,
    currencies_of,
    lock,
    lock_all,
    newest,
    of_customer,
    of_mail,
    open_for,
    open_item,
    open_of,
    overdue,
    replaces_sent,
    still_to_pay,
    versions,
)
from worker.invoices.releasing import Yes, release, void

__all__ = [
    "CREDIT_REQUEST",
    "EFFECT_MINOR",
    "OPEN",
    "Draft",
    "Hold",
    "Invoice",
    "Limits",
    "OpenItem",
    "Prepayment",
    "State",
    "Yes",
    "answer",
    "ask_about_broken",
    "ask_to_prepay",
    "asked_no_more",
    "by_id",
    "called",
    "contracts_of",
    "credits_waiting",
    "currencies_of",
    "end_prepayment",
    "evidence",
    "issue",
    "lock",
    "lock_all",
    "may_be_urged",
    "newest",
    "number_key",
    "of_customer",
    "of_mail",
    "open_for",
    "open_item",
    "open_of",
    "overdue",
    "payable",
    "promise",
    "release",
    "replaces_sent",
    "state_of",
    "still_to_pay",
    "take",
    "told",
    "versions",
    "void",
]
