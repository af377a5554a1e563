"""Stripe's test bank accounts and what each does; no other account is taken.

Sources: docs.stripe.com/testing#non-card-payments and the pages on SEPA, Bacs and ACH debits. A
debit is `processing` first: the quick accounts are decided within seconds, the slow ones in three
minutes, one never.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from worker.sandbox.declines import Decline

QUICK_S, SLOW_S = 1, 180
CURRENCIES = {"sepa_debit": "eur", "bacs_debit": "gbp", "us_bank_account": "usd"}
SORT_CODE, ROUTING = "108800", "110000000"

_SENTENCES = {
    "account_closed": "The bank account has been closed.",
    "charge_exceeds_source_limit": "The payment exceeds the account's weekly volume limit.",
    "charge_exceeds_transaction_limit": "The payment exceeds the account's limit for one payment.",
    "charge_exceeds_weekly_limit": "The account has had too many payments this week.",
    "debit_not_authorized": "The customer has told their bank that this payment is unauthorized.",
    "insufficient_funds": "The bank account has insufficient funds for this payment.",
    "invalid_currency": "The bank account cannot pay in this currency.",
    "no_account": "The bank account could not be found.",
    "payment_intent_payment_attempt_failed": "The payment failed.",
    "refer_to_customer": "The customer's bank did not pay and gives no reason.",
}
REASONS = tuple(_SENTENCES)


@dataclass(frozen=True, slots=True)
class Account:
    """A test account. `does` names on the page what it does; `fails` is the reason it fails with,
    `disputes` that of the dispute after it paid; `after_s` None is never."""

    type: str
    number: str
    token: str
    does: str
    fails: str | None = None
    disputes: str | None = None
    after_s: int | None = QUICK_S

    @property
    def last4(self) -> str:
        return self.number[-4:]


def failure(reason: str) -> Decline:
    """What Stripe says when a debit fails. Raises ValueError for a reason it does not have."""
    if reason not in _SENTENCES:
        raise ValueError(f"{reason!r} is not one of the reasons {REASONS}.")
    return Decline(reason, None, _SENTENCES[reason])


_FAILED, _NO_FUNDS = "payment_intent_payment_attempt_failed", "insufficient_funds"
_VOLUME, _DENIED = "charge_exceeds_source_limit", "debit_not_authorized"
_SEPA, _BACS, _ACH = CURRENCIES


def _sepa(country: str, *numbers: str) -> tuple[Account, ...]:
    """A country's accounts, in the order of Stripe's page."""

    def one(i: int, token: str, does: str = "pays", **more: Any) -> Account:
        return Account(_SEPA, numbers[i], f"pm_sepaDebit_{token}_{country}", does, **more)

    return (
        one(0, "success"),
        one(1, "successDelayed", "pays_late", after_s=SLOW_S),
        one(2, "failed", "fails", fails=_FAILED),
        one(3, "failedDelayed", "fails_late", fails=_FAILED, after_s=SLOW_S),
        one(4, "disputed", "is_returned", disputes="fraudulent"),
        one(5, "exceedsWeeklyVolumeLimit", "over_limit", fails=_VOLUME),
        one(6, "exceedsWeeklyTransactionLimit", "over_limit", fails="charge_exceeds_weekly_limit"),
        one(7, "insufficientFunds", "no_funds", fails=_NO_FUNDS),
    )


def _bacs(number: str, token: str, does: str, fails: str | None, **more: Any) -> Account:
    return Account(_BACS, number, f"pm_bacsDebit_{token}", does, fails, **more)


def _ach(number: str, token: str, does: str, fails: str | None, **more: Any) -> Account:
    return Account(_ACH, number, f"pm_usBankAccount_{token}", does, fails, **more)


TEST_ACCOUNTS = (
    *_sepa(
        "at",
        "AT611904300234573201",
        "AT321904300235473204",
        "AT861904300235473202",
        "AT051904300235473205",
        "AT591904300235473203",
        "AT981904300000343434",
        "AT601904300000121212",
        "AT981904300002222227",
    ),
    *_sepa(
        "de",
        "DE89370400440532013000",
        "DE08370400440532013003",
        "DE62370400440532013001",
        "DE78370400440532013004",
        "DE35370400440532013002",
        "DE65370400440000343434",
        "DE27370400440000121212",
        "DE65370400440002222227",
    ),
    _bacs("00012345", "success", "pays", None),
    _bacs("90012345", "successDelayed", "pays_late", None, after_s=SLOW_S),
    _bacs("33333335", "debitNotAuthorized", "not_authorized", _DENIED),
    _bacs("93333335", "debitNotAuthorizedDelayed", "not_authorized_late", _DENIED, after_s=SLOW_S),
    _bacs("22222227", "insufficientFunds", "no_funds", _NO_FUNDS),
    _bacs("92222227", "insufficientFundsDelayed", "no_funds_late", _NO_FUNDS, after_s=SLOW_S),
    _bacs("55555559", "dispute", "is_returned", None, disputes="fraudulent"),
    _bacs("34343434", "exceedsWeeklyLimit", "over_limit", _VOLUME),
    _bacs("12121212", "exceedsTransactionLimit", "over_limit", "charge_exceeds_transaction_limit"),
    _ach("000123456789", "success", "pays", None),
    _ach("000111111113", "accountClosed", "closed", "account_closed"),
    _ach("000111111116", "noAccount", "unknown", "no_account"),
    _ach("000222222227", "insufficientFunds", "no_funds", _NO_FUNDS),
    _ach("000333333335", "debitNotAuthorized", "not_authorized", _DENIED),
    _ach("000444444440", "invalidCurrency", "fails", "invalid_currency"),
    _ach("000555555559", "dispute", "is_returned", None, disputes="fraudulent"),
    _ach("000777777771", "weeklyLimitExceeded", "over_limit", _VOLUME),
    _ach("000000000009", "processing", "never_pays", None, after_s=None),
)

_BY_NUMBER = {(account.type, account.number): account for account in TEST_ACCOUNTS}
_BY_TOKEN = {account.token: account for account in TEST_ACCOUNTS}


def by_number(type_: str, number: str) -> Account | None:
    """The test account, however the number is spaced."""
    return _BY_NUMBER.get((type_, re.sub(r"[\s-]", "", number).upper()))


def by_token(token: str) -> Account | None:
    return _BY_TOKEN.get(token)


def types_for(currency: str) -> list[str]:
    """What may pay in this currency: cards, and the debits of its scheme."""
    return ["card", *(type_ for type_, its in CURRENCIES.items() if its == currency)]
