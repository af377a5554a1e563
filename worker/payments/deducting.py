"""Deductions that somebody of the business accepts: less is owed, an account of its own bears it.

What a payer took off an invoice stays owed until then. The ledger's account follows from the reason
that the payer gave; what is accepted is taken back with the payment that it came with.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import ledger
from worker.invoices import Invoice
from worker.kernel.errors import Refused
from worker.kernel.events import ItemCredited
from worker.kernel.ids import BusinessKey
from worker.kernel.money import Money
from worker.ledger import Account
from worker.payments import records
from worker.payments.applying import (
    Application,
    locked,
    note_allocation,
    payable,
    reserve,
    take_off,
)
from worker.payments.model import Allocation
from worker.store import tell

# By what the reason begins with, as readers name it. Whatever else was accepted is an allowance.
_BEARERS = {
    "withholding": Account.TAX_WITHHELD,
    "early-payment discount": Account.DISCOUNTS,
    "deduction": Account.DISCOUNTS,
    "bank fee": Account.BANK_FEES,
    "returned goods": Account.RETURNS,
    "item not accepted": Account.RETURNS,
    "price": Account.ALLOWANCES,
}
DEDUCTION_ACCOUNTS = frozenset({*_BEARERS.values(), Account.ALLOWANCES})


def bearer_of(reason: str | None) -> Account:
    """The account that bears a deduction of this reason."""
    said = (reason or "").casefold()
    found = (account for begun, account in _BEARERS.items() if said.startswith(begun))
    return next(found, Account.ALLOWANCES)


def accept_deduction(
    session: Session, item: Invoice, amount: Money, reason: str | None, *, by: str, at: datetime
) -> Allocation:
    """The item owes so much less, borne by the account of the reason.

    Raises Refused where less is owed, or while a page or a charge may still take the item's money.
    """
    business = BusinessKey(item.business)
    locked(session, business, item.customer_id or "", item.id)
    owed = payable(session, item, amount.currency)
    if not amount.is_positive or amount > owed:
        raise Refused(f"{owed} is to be paid of {item.number}: {amount} cannot be taken off it.")
    reserve(session, item, at=at)
    bearer = bearer_of(reason)
    allocation = note_allocation(session, Application(item, amount, by=by, bearer=bearer), at=at)
    who = item.customer_id
    legs = [
        ledger.debit(bearer, amount, customer_id=who, item_id=item.id),
        ledger.credit(Account.RECEIVABLE, amount, customer_id=who, item_id=item.id),
    ]
    ledger.post(session, business, source=f"deducted:{allocation.id}", legs=legs, at=at)
    tell(session, ItemCredited(business, allocation.id))
    return allocation


def owe_deduction_again(
    session: Session, business: BusinessKey, allocation_id: str, *, at: datetime
) -> None:
    """Take an accepted deduction back: it is owed again. Taken back before, it stays so."""
    allocation = records.allocation(session, business, allocation_id)
    if allocation is not None and allocation.bearer and allocation.undone_at is None:
        take_off(session, allocation, at=at)
