"""What bank files and payment advices must keep: one currency, and sums that add up."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from worker.readers.amounts import NotAnAmount, decimal_text, with_currency_digits
from worker.readers.model import (
    BankEntry,
    EntryStatus,
    Problem,
    Remittance,
    RemittanceLine,
    Statement,
)

# What one file may hold; a bank that sends more sends several files.
MAX_ENTRIES = 50_000
MAX_STATEMENTS = 5_000
MAX_LINES = 1_000_000
MAX_TEXT_CHARACTERS = 2_000


class NotAStatement(ValueError):
    """The bytes are no bank file that we read; the message says why in words for a person."""


def refuse_flood(count: int, limit: int, what: str) -> None:
    """NotAStatement where a file holds more of something than any bank writes into one."""
    if count > limit:
        raise NotAStatement(f"it has more than {limit} {what}")


def checked(statement: Statement) -> Statement:
    """The statement with every reason why it must not be booked as it is."""
    unfit = [*_amounts(statement), *_currencies(statement)]
    # What has no sum cannot be out of balance.
    found = [*statement.problems, *(unfit or _balance(statement))]
    problems = {str(problem): problem for problem in found}
    return statement.model_copy(update={"problems": tuple(problems.values())})


def _amounts(statement: Statement) -> list[Problem]:
    lost = sum(entry.amount is None for entry in statement.entries)
    text = f"{lost} of {len(statement.entries)} entries have no amount that can be read"
    return [Problem(rule="AMOUNT", text=text)] if lost else []


def _currencies(statement: Statement) -> list[Problem]:
    own = statement.currency
    balances = [each for each in (statement.opening, statement.closing) if each]
    found = {each.currency for each in statement.entries} - {own, None}
    found |= {each.currency for each in balances} - {own, None}
    if own is None or not found:
        return []
    text = f"the account is in {own}, but amounts are in {', '.join(sorted(map(str, found)))}"
    return [Problem(rule="CURRENCY", text=text)]


def _balance(statement: Statement) -> list[Problem]:
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None or _mixes(statement.entries):
        return []
    total = sum((entry.amount or Decimal(0) for entry in booked(statement)), Decimal(0))
    if opening.amount + total == closing.amount:
        return []
    text = (
        f"the opening balance {opening.amount} and the entries ({total}) make"
        f" {opening.amount + total}, but the closing balance is {closing.amount}"
    )
    return [Problem(rule="BALANCE", text=text)]


def _mixes(entries: tuple[BankEntry, ...]) -> bool:
    return len({entry.currency for entry in entries}) > 1


def booked(statement: Statement) -> list[BankEntry]:
    """The entries that are money on the account."""
    return [entry for entry in statement.entries if entry.status is EntryStatus.BOOKED]


def unchained(statements: tuple[Statement, ...]) -> list[str]:
    """Where a statement does not begin with what the one before it of its account ended with."""
    last: dict[tuple[str, str | None], Statement] = {}
    said = []
    for statement in statements:
        before = last.get((statement.account, statement.currency))
        if before is not None and before.closing and statement.opening:
            ended, begins = before.closing.amount, statement.opening.amount
            if ended != begins:
                said.append(
                    f"CHAIN: a statement of {statement.account} ends with {ended}, the next one"
                    f" begins with {begins}; entries between them are missing or doubled"
                )
        last[(statement.account, statement.currency)] = statement
    return said


def money(text: str, currency: str | None) -> Decimal | None:
    """An amount with a point, with the digits of its currency; None where it is none."""
    try:
        return with_currency_digits(decimal_text(text), currency)
    except NotAnAmount:
        return None


def short(text: str) -> str:
    """Words on one line, bounded."""
    return " ".join(text.split())[:MAX_TEXT_CHARACTERS]


def checked_remittance(remittance: Remittance) -> Remittance:
    """The advice with every reason why its lines must not be applied as they are."""
    amounts = [line.amount for line in remittance.lines]
    found = list(remittance.problems)
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        text = f"{len(amounts) - len(known)} of {len(amounts)} lines have no amount"
        found.append(Problem(rule="AMOUNT", text=text))
    elif known and remittance.total is not None:
        total = sum(known, Decimal(0)) + (remittance.on_account or Decimal(0))
        if total != remittance.total:
            text = f"its lines make {total}, the payment is {remittance.total}"
            found.append(Problem(rule="TOTAL", text=text))
    return remittance.model_copy(update={"problems": tuple(found)})


def sum_of(lines: Iterable[RemittanceLine]) -> Decimal | None:
    """What the lines make together; None where one of them, or all, have no amount."""
    amounts = [line.amount for line in lines]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None
