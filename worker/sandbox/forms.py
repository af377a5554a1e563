"""What a payer typed into the hosted page, checked, and the payment method it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from worker.sandbox import accounts, cards, methods
from worker.sandbox.call import Call
from worker.sandbox.session_params import EMAIL
from worker.sandbox.state import Object

# What each kind of method is typed as, besides email and name; a number of letters the page shows.
FIELDS = {
    "card": ("number", "expiry", "cvc"),
    "sepa_debit": ("iban",),
    "bacs_debit": ("sort_code", "account_number"),
    "us_bank_account": ("routing_number", "account_number"),
}
_EVERY = ("email", "name", *dict.fromkeys(name for names in FIELDS.values() for name in names))
_BANK = {"bacs_debit": ("sort_code", accounts.SORT_CODE)} | {
    "us_bank_account": ("routing_number", accounts.ROUTING)
}
_MAX_FIELD = 200

Problems = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """The kind of method chosen, what was typed and is wrong with it, and whether to keep it; or
    the one saved."""

    kind: str
    values: dict[str, str]
    saved: str | None = None
    save: bool = False
    problems: Problems = field(default_factory=list)

    def wrong(self, problems: Problems) -> Form:
        """The same form with what is wrong with it."""
        return replace(self, problems=problems)

    @property
    def payer(self) -> dict[str, str]:
        return {"name": self.values["name"], "email": self.values["email"]}


def read(typed: Mapping[str, object], session: Object) -> Form:
    """The form as it was sent; the email of the session or its customer stands."""
    values = {name: str(typed.get(name, ""))[:_MAX_FIELD].strip() for name in _EVERY}
    values["email"] = session["customer_details"]["email"] or values["email"]
    saved = str(typed.get("saved", "")) or None
    kind = _kind(str(typed.get("method", "")), session)
    return Form(kind, values, saved, typed.get("save") == "yes")


def filled(asked: Mapping[str, str], session: Object) -> Form:
    """The form as it is first shown, filled with the test card or account that was chosen."""
    kind = _kind(asked.get("method", ""), session)
    values = dict.fromkeys(_EVERY, "")
    card = cards.by_number(asked.get("card", "")) if kind == "card" else None
    account = accounts.by_number(kind, asked.get("account", ""))
    if card:
        values |= {"number": spaced(card.number), "expiry": "12 / 34", "cvc": "123"}
    if account:
        values[FIELDS[kind][-1]] = (
            spaced(account.number) if len(FIELDS[kind]) == 1 else (account.number)
        )
        if kind in _BANK:
            values |= dict([_BANK[kind]])
    if card or account:
        values["name"] = "Test Payer"
    return Form(kind, values)


def problems(form: Form, now: int) -> Problems:
    """What is wrong with the form, as (field, key of the sentence)."""
    checks = [
        ("email", "bad_email", bool(EMAIL.fullmatch(form.values["email"]))),
        *(_card_checks(form.values, now) if form.kind == "card" else _debit_checks(form)),
        ("name", "bad_name", bool(form.values["name"])),
    ]
    return [(field, key) for field, key, good in checks if not good]


def method_of(call: Call, form: Form) -> Object | None:
    """What is kept of the card or account that was typed, if it is one of the test ones."""
    if form.kind == "card":
        card = cards.by_number(_digits(form.values["number"]))
        expiry = _expiry(form.values["expiry"])
        return methods.new_card(call, card, form.payer, expiry) if card else None
    account = _account(form)
    return methods.new_debit(call, account, form.payer) if account else None


def examples(kind: str, language: str) -> Iterable[tuple[str, str, str]]:
    """The test cards or accounts of a kind: name of the choice, number, key of what it does."""
    if kind == "card":
        return [("card", card.number, card.does) for card in cards.TEST_CARDS]
    country = "DE" if language == "de" else "AT"
    return [
        ("account", one.number, one.does)
        for one in accounts.TEST_ACCOUNTS
        if one.type == kind and (kind != "sepa_debit" or one.number.startswith(country))
    ]


def spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def _kind(wanted: str, session: Object) -> str:
    types: list[str] = session["payment_method_types"]
    return wanted if wanted in types else types[0]


def _card_checks(values: dict[str, str], now: int) -> list[tuple[str, str, bool]]:
    number = _digits(values["number"])
    is_number = cards.passes_luhn(number)
    return [
        ("number", "bad_number", is_number),
        ("number", "not_a_test_card", not is_number or cards.by_number(number) is not None),
        ("expiry", "bad_expiry", _in_future(values["expiry"], now)),
        ("cvc", "bad_cvc", bool(re.fullmatch(r"\d{3,4}", values["cvc"], re.ASCII))),
    ]


def _debit_checks(form: Form) -> list[tuple[str, str, bool]]:
    field = FIELDS[form.kind][-1]
    checks = [(field, "not_a_test_account", _account(form) is not None)]
    if form.kind in _BANK:
        name, wanted = _BANK[form.kind]
        checks.insert(0, (name, "not_the_test_bank", _digits(form.values[name]) == wanted))
    return checks


def _account(form: Form) -> accounts.Account | None:
    return accounts.by_number(form.kind, form.values[FIELDS[form.kind][-1]])


def _in_future(expiry: str, now: int) -> bool:
    found = _expiry(expiry)
    if found is None:
        return False
    today = datetime.fromtimestamp(now, UTC)
    month, year = found
    return (year, month) >= (today.year, today.month)


def _expiry(text: str) -> tuple[int, int] | None:
    """Month and year."""
    found = re.fullmatch(r"(\d{1,2})\s*/?\s*(?:20)?(\d{2})", text, re.ASCII)
    if not found or not 1 <= int(found[1]) <= 12:
        return None
    return int(found[1]), 2000 + int(found[2])


def _digits(number: str) -> str:
    return re.sub(r"[\s-]", "", number)
