"""Made-up pages that a set of templates is tried with before it is published.

Each page once with all that it can show and once with what it can do without, in every language.
A test holds them against what the real pages are filled with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from worker.businesses import Rules

Page = tuple[str, dict[str, Any]]

_MANY: dict[str, Any] = {"minor": 11900, "currency": "EUR"}
_FEW: dict[str, Any] = {"minor": 100, "currency": "EUR"}
_NONE: dict[str, Any] = {"minor": 0, "currency": "EUR"}
_DAY = "2026-02-14"
_PATH = "/l/sample"
_FORM = {"token": "sample", "code": "1234"}
_UNTIL = {"day": _DAY, "time": "12:00"}
_CONTACTS = [{"id": "con_1", "masked": "a•••@example.com"}, {"id": "con_2", "masked": "b•••@b.de"}]
_NAMES = {"kind": "invoice", "number": "SAMPLE-1 <&>", "issue_on": _DAY, "due_on": _DAY}
_BARE_NAMES = {"kind": "credit_request", "number": "CR-1", "issue_on": None, "due_on": None}
_ITEM = _NAMES | {
    "customer": "Sample & Sons <Ltd>",
    "is_overdue": True,
    "total": _MANY,
    "paid": _FEW,
    "credited": _FEW,
    "still_to_pay": _MANY,
    "paid_on": _DAY,
    "announced": _FEW,
    "promised_on": _DAY,
}
_NOTHING_YET = {"is_overdue": False, "credited": None, "paid_on": None, "announced": None}
_BARE_ITEM = _ITEM | _BARE_NAMES | _NOTHING_YET | {"customer": "", "promised_on": None}
_BANK = {
    "has_code": True,
    "holder": "Sample",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "bank_name": "Sample Bank",
    "reference": "SAMPLE-1",
}
_BARE_BANK = _BANK | {"has_code": False, "bic": "", "bank_name": ""}
_ADDS = {"way": "card", "fee": _FEW, "whole": _MANY}
_CHARGE = {
    "day": _DAY,
    "amount": _MANY,
    "number": "SAMPLE-1",
    "contract": "C-1",
    "card": "Visa •••• 4242",
    "is_announced": True,
    "is_held": False,
}


def samples(rules: Rules) -> Iterator[Page]:
    """Every page with the values that it is filled with."""
    always: dict[str, Any] = {"business": rules.page_face}
    for page, context in _in_words():
        yield page, always | context
    always["is_test"] = True
    for is_asked in (True, False):
        asked = {"path": "/sign-in/sample", "form": _FORM, "is_asked": is_asked}
        yield "sign_in.html", always | asked
    always["link"] = {"path": _PATH}
    for made in (_of_items, _of_accounts, _after_paying, _of_portals):
        for page, context in made():
            yield page, always | context


def _of_items() -> Iterator[Page]:
    link = {"path": _PATH, "until": _UNTIL}
    full = {"link": link, "item": _ITEM, "bank": _BANK, "has_document": True, "form": _FORM}
    bare = full | {"link": link | {"until": None}, "item": _BARE_ITEM, "bank": None}
    bare["has_document"] = False
    receipts = [{"id": "pay_1", "amount": _FEW}, {"id": "alc_1", "amount": _FEW}]
    others = {"count": 2, "amount": _MANY, "contacts": _CONTACTS}
    nobody = {"count": 0, "amount": _MANY, "contacts": []}
    yield "pay.html", full | _ways() | {"receipts": receipts, "others": others}
    yield "pay.html", bare | _no_ways() | {"receipts": [], "others": nobody}
    yield "paid.html", full | {"receipts": receipts, "others": others}
    yield "paid.html", bare | {"receipts": receipts[:1], "others": nobody}
    yield "ended.html", full | {"contacts": _CONTACTS}
    yield "ended.html", full | {"contacts": [], "item": None, "bank": None}
    for why in ("settled", "void", "corrected", "busy", "unreachable"):
        yield "closed.html", full | {"why": why, "retry": why == "busy"}
    asked = {"what": "pay", "contact": "con_1", "asks_code": True}
    yield "confirm.html", full | _ways() | asked
    yield "confirm.html", full | asked | {"what": "account", "adds": None}


def _of_accounts() -> Iterator[Page]:
    item = _NAMES | {"id": "inv_1", "still_to_pay": _MANY, "paid": _FEW, "is_overdue": True}
    item |= {"is_being_paid": True, "is_pending": False, "has_document": True, "promised_on": _DAY}
    later = item | _BARE_NAMES | {"id": "inv_2", "is_pending": True, "promised_on": None}
    coming = [{"state": s, "amount": _FEW, "day": _DAY} for s in ("announced", "pending")]
    full = {
        "link": {"path": _PATH, "until": _UNTIL},
        "tabs": _tabs(),
        "currencies": [{"code": "USD", "path": _PATH}],
        "within": "?in=EUR",
        "customer": "Sample & Sons <Ltd>",
        "items": [item, later],
        "more": 3,
        "sum": _MANY,
        "payable": _MANY,
        "balance": _FEW,
        "under_way": coming,
        "partial": True,
        "bank": _BANK,
        "form": _FORM,
        "asks_code": True,
        "is_summed": True,
        "problems": {"inv_1": "too_much"},
        "typed": {"amount.inv_1": "1"},
        "note": "wrong",
        "least": _FEW,
    } | _ways()
    none: dict[str, Any] = {
        "tabs": None,
        "currencies": [],
        "items": [],
        "more": 0,
        "balance": None,
        "note": None,
    }
    bare = full | none | {"under_way": [], "bank": _BARE_BANK, "typed": {}, "problems": {}}
    bare |= {"asks_code": False, "is_summed": False, "link": {"path": _PATH, "until": None}}
    yield "account.html", full
    yield "account.html", bare | _no_ways()
    yield "account_ended.html", full | {"contacts": _CONTACTS}
    yield "account_ended.html", bare | {"contacts": [], "bank": None}


def _after_paying() -> Iterator[Page]:
    paid = {"number": "SAMPLE-1", "amount": _MANY, "still_to_pay": _FEW, "kind": "invoice"}
    receipt = {
        "business": {"name": "Sample"},
        "customer_name": "Sample & Sons <Ltd>",
        "reference": "pay_sample",
        "amount": _MANY,
        "paid_on": _DAY,
        "method": "card",
        "items": [paid, paid | {"still_to_pay": _NONE, "kind": "credit_request"}],
        "to_balance": _FEW,
        "is_prepaid": True,
        "fee": _FEW,
        "print_url": None,
    }
    none: dict[str, Any] = {
        "customer_name": "",
        "items": [],
        "to_balance": None,
        "fee": None,
        "is_prepaid": False,
    }
    bare = receipt | none | {"method": "balance"}
    for one in (receipt, bare):
        yield "receipt.html", {"receipt": one}
    of_account = {"tabs": _tabs(), "within": "?in=EUR", "item": None, "has_document": False}
    of_item = {"tabs": None, "within": "", "item": _ITEM, "bank": _BANK, "has_document": True}
    of_item["link"] = {"path": _PATH, "until": _UNTIL}
    mailed = {"receipts": [receipt, bare], "mailed_to": "a•••@example.com", "rest": _MANY}
    yield "thanks.html", of_account | mailed
    yield "thanks.html", of_item | {"receipts": [bare], "mailed_to": None, "rest": None}
    share = _NAMES | {"amount": _MANY}
    debit = {"amount": _MANY, "fee": _FEW, "days": 5, "shares": [share]}
    yield "pending.html", of_account | {"debit": debit}
    yield "pending.html", of_item | {"debit": debit | {"fee": None, "days": None}}
    yield "waiting.html", of_account | {"next_look": {"after_s": 2, "number": 1}}
    yield "waiting.html", of_item | {"next_look": None}


def _of_portals() -> Iterator[Page]:
    card = {
        "id": "mdt_1",
        "label": "Visa •••• 4242",
        "expires": "12/2034",
        "contracts": ["C-1"],
        "more": 2,
        "is_chosen": True,
        "per_charge": _MANY,
        "per_month": _MANY,
        "consent": "I agree.",
        "given_on": _DAY,
        "is_stopped": False,
    }
    none: dict[str, Any] = {
        "expires": None,
        "contracts": [],
        "more": 0,
        "is_chosen": False,
        "per_charge": None,
    }
    bare = card | none | {"per_month": None, "consent": "", "is_stopped": True}
    contract = {"number": "C-1", "title": "Sample", "card": "Visa •••• 4242", "next": _CHARGE}
    full = {
        "tabs": _tabs(),
        "customer": "Sample & Sons <Ltd>",
        "to": "a•••@example.com",
        "is_on": True,
        "cards": [card, bare],
        "chosen": {"id": "mdt_1", "label": "Visa •••• 4242", "contracts": ["C-1"]},
        "contracts": [contract, contract | {"title": None, "card": None, "next": None}],
        "more": 2,
        "choices": [{"number": "C-1", "title": "Sample", "is_ticked": True}],
        "rest": "Visa •••• 4242",
        "coming": [_CHARGE, _CHARGE | {"contract": None, "is_held": True}],
        "today": _DAY,
        "form": _FORM,
    }
    empty = full | {"is_on": False, "cards": [], "chosen": None, "contracts": [], "coming": []}
    empty |= {"more": 0, "choices": [], "rest": None}
    for one, note in ((full, "stored"), (full | {"chosen": None}, "over"), (empty, "")):
        yield "portal_cards.html", one | {"note": note}
        yield "portal_contracts.html", one | {"note": ""}
    yield "portal_ask.html", full | {"wished": {"do": "remove_card", "mandate": "mdt_1"}}
    for what in ("store_card", "assign_card", "remove_card"):
        wish = {"what": what, "id": "cnf_1", "card": "Visa", "contracts": ["C-1"]}
        words = "" if what == "remove_card" else "I agree."
        facts = {"wish": wish | {"consent": words}, "is_wrong": what == "assign_card"}
        yield "portal_code.html", full | facts


def _in_words() -> Iterator[Page]:
    for count in (1, 2):
        named = {"number": "SAMPLE-1", "kind": "invoice"}
        yield "checkout_title.txt", {"item": named, "count": count}
        yield "fee_title.txt", {"item": named, "count": count, "method": "sepa_debit"}
    limits = {"per_charge": _MANY, "per_month": _MANY, "contracts": "C-1, C-2"}
    bare = {"per_charge": None, "per_month": None, "contracts": ""}
    for one in (limits, bare):
        yield "card_consent.txt", one | {"name": "Sample", "days": 3}


def _ways() -> dict[str, Any]:
    """A card with a fee, a debit without one, and the balance."""
    none: dict[str, Any] = {
        "uses": None,
        "balance": None,
        "fixed": _NONE,
        "least": _NONE,
        "most": None,
    }
    free = none | {"is_picked": False, "fee": None, "percent": "", "per_million": 0}
    fee = {"fee": _FEW, "percent": "1.4", "fixed": _FEW, "least": _FEW, "most": _MANY}
    card = free | fee | {"way": "card", "method": "card", "is_picked": True, "per_million": 14000}
    debit = free | {"way": "debit", "method": "sepa_debit"}
    balance = free | {"way": "balance", "method": "balance", "uses": _FEW, "balance": _FEW}
    return {"ways": [card, debit, balance], "has_fees": True, "adds": _ADDS}


def _no_ways() -> dict[str, Any]:
    return {"ways": [], "has_fees": False, "adds": _ADDS | {"way": "", "fee": _NONE}}


def _tabs() -> list[dict[str, Any]]:
    names = ("invoices", "contracts", "cards")
    return [{"name": n, "path": _PATH, "is_current": n == "cards"} for n in names]
