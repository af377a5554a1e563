"""Recording what bank files tell: each entry once, only where its balances follow from the last.

Nothing is settled here. The file's entries are written down together or, with the reason, not at
all; `settling_from_bank` then settles what waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from worker import businesses, review, store
from worker.businesses import BankAccount, Rules
from worker.kernel.errors import Refused
from worker.kernel.events import BankEntriesRecorded, BankStatementRead
from worker.kernel.ids import BusinessKey, new_id
from worker.kernel.money import Money, NotMoney
from worker.payments.bank_chain import Movement, Run, Segment, runs
from worker.payments.bank_entries import BankEntry, BankStatement
from worker.payments.bank_lines import BankLine, bank_lines
from worker.readers.model import Statement
from worker.store import blobs, tell

_CHUNK = 400
_ADD_ENTRIES = insert(store.table_of(BankEntry))


GAP = "bank_gap"


class Gap(Refused):
    """Entries between what is in the books and what the file tells are missing."""


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file as it was read, and who brought it. `accepts_gap`: they vouch for it.

    `only`: it came by mail to this account's secret address, and must follow from the last one.
    """

    statements: Sequence[Statement]
    content: bytes
    came_by: str
    accepts_gap: bool = False
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a statement brought: the stretches written down, and how many entries were new."""

    account: str
    number: str | None
    statement_ids: tuple[str, ...]
    booked: int
    known: int
    has_balances: bool


def record(session: Session, rules: Rules, file: BankFile, *, at: datetime) -> list[Recorded]:
    """What each statement of the file brought. Raises Refused, and then nothing of it is recorded.

    It is a Gap where the balances do not follow from those in the books.
    """
    business = BusinessKey(rules.key)
    told = [(each, _checked(rules, file, each)) for each in _without_repeats(file.statements)]
    # Two files of one account at once would both follow from the same balance.
    businesses.lock(session, business)
    counted: Counter[tuple[str, str]] = Counter()
    done = []
    for statement, account in told:
        try:
            lines = bank_lines(statement, account, counted)
        except NotMoney as e:
            raise Refused(str(e)) from e
        done.append(_record_one(session, business, (file, statement, account), lines, at=at))
    if any(each.statement_ids for each in done):
        blobs.keep(session, business, file.content, at=at)
        _try_waiting_mails(session, business, {account.key for _, account in told})
    return done


def _try_waiting_mails(session: Session, business: BusinessKey, accounts: set[str]) -> None:
    """Mails that could not be booked for a gap: it may be closed now."""
    for item in review.open_of_kind(session, business, GAP):
        if item.evidence.get("account") in accounts:
            tell(session, BankStatementRead(business, item.subject))


def _checked(rules: Rules, file: BankFile, statement: Statement) -> BankAccount:
    held = [str(problem) for problem in statement.problems if problem.holds]
    if held:
        raise Refused(f"It does not add up: {'; '.join(held)}.")
    account = rules.bank_account(statement.account)
    if account is None:
        shown = statement.account[-4:] if statement.account else ""
        raise Refused(
            f"It is of the account …{shown}, which is none of {rules.name}'s bank_accounts."
            if shown
            else "It does not say which account it is of."
        )
    if file.only not in (None, account.key):
        raise Refused(f"It is of {account.shown}, and came to the address of another account.")
    codes = {entry.currency for entry in statement.entries} | {statement.currency}
    other = sorted(code for code in codes - {None, account.currency} if code)
    if other:
        raise Refused(f"The account {account.shown} is in {account.currency}, not {other[0]}.")
    return account


def _without_repeats(statements: Sequence[Statement]) -> Sequence[Statement]:
    return statements if len(statements) == 1 else list(dict.fromkeys(statements))


def _record_one(
    session: Session,
    business: BusinessKey,
    about: tuple[BankFile, Statement, BankAccount],
    lines: Sequence[BankLine],
    *,
    at: datetime,
) -> Recorded:
    file, statement, account = about
    if file.only and statement.opening is None and statement.closing is None:
        raise Refused("It has no balances, so nothing shows whether entries are missing.")
    there = _there(session, business, account.key, lines)
    around = _balances(statement, account, lines)
    is_new = [line.key not in there for line in lines]
    if around is None:
        ids = _record_loose(session, business, about, lines, is_new, at=at)
    else:
        ids = _record_chained(session, business, about, (lines, there, around[0]), at=at)
    for statement_id in ids:
        tell(session, BankEntriesRecorded(business, statement_id))
    new = sum(is_new)
    return Recorded(
        account.shown, statement.number, tuple(ids), new, len(lines) - new, around is not None
    )


def _record_loose(
    session: Session,
    business: BusinessKey,
    about: tuple[BankFile, Statement, BankAccount],
    lines: Sequence[BankLine],
    is_new: Sequence[bool],
    *,
    at: datetime,
) -> list[str]:
    """Entries of a file without balances: a later statement takes them into the chain."""
    file, statement, account = about
    new = [line for line, wanted in zip(lines, is_new, strict=True) if wanted]
    if not new:
        return []
    row = _statement(business, file, statement, account, at=at)
    session.add(row)
    session.flush()
    _add(session, row, new, is_chained=False)
    return [row.id]


def _record_chained(
    session: Session,
    business: BusinessKey,
    about: tuple[BankFile, Statement, BankAccount],
    told: tuple[Sequence[BankLine], dict[tuple[str, int], bool], int],
    *,
    at: datetime,
) -> list[str]:
    file, statement, account = about
    lines, there, opening = told
    chained = [there.get(line.key, False) for line in lines]
    movements = [
        Movement(line.amount_minor, line.booked_on, is_known)
        for line, is_known in zip(lines, chained, strict=True)
    ]
    segments = _segments(session, business, account.key)
    is_first = not segments and file.only is None
    ids = []
    for run in runs(opening, movements, segments):
        if not run.fits and not is_first and not file.accepts_gap:
            raise Gap(_gap(account, run, segments))
        inside = [
            line
            for line, movement in zip(
                lines[run.start : run.end], movements[run.start : run.end], strict=True
            )
            if not movement.is_known
        ]
        row = _link(session, _statement(business, file, statement, account, at=at), run)
        row.gap_accepted_by = None if run.fits or is_first else file.came_by
        session.flush()
        _adopt(session, row, [line for line in inside if line.key in there])
        _add(session, row, [line for line in inside if line.key not in there], is_chained=True)
        ids.append(row.id)
        is_first = False
    return ids


def _link(session: Session, row: BankStatement, run: Run) -> BankStatement:
    row.begins_minor, row.ends_minor = run.begins_minor, run.ends_minor
    row.after_id = run.after.last_id if run.after else None
    session.add(row)
    session.flush()
    if run.before is not None:
        following = session.get(BankStatement, (row.business, run.before.first_id))
        if following is not None:
            following.after_id = row.id
            following.gap_accepted_by = None
    return row


def _gap(account: BankAccount, run: Run, segments: Sequence[Segment]) -> str:
    begins = Money(run.begins_minor, account.currency)
    ends = sorted({segment.ends_minor for segment in segments})
    known = ", ".join(str(Money(minor, account.currency)) for minor in ends) or "nothing yet"
    return (
        f"Its new entries begin with a balance of {begins}, but the books of {account.shown} end "
        f"with {known}: entries between them are missing or doubled. Import the statements "
        "before it first; if there are none, import it with --accept-gap."
    )


def _balances(
    statement: Statement, account: BankAccount, lines: Sequence[BankLine]
) -> tuple[int, int] | None:
    """The balances before and after; one of them follows from the other."""
    moved = sum(line.amount_minor for line in lines)
    for balance, before in ((statement.opening, 0), (statement.closing, moved)):
        if balance is not None:
            begins = Money.of(balance.amount, account.currency).minor - before
            return begins, begins + moved
    return None


def _segments(session: Session, business: BusinessKey, account: str) -> list[Segment]:
    rows = session.execute(
        select(
            BankStatement.id,
            BankStatement.after_id,
            BankStatement.begins_minor,
            BankStatement.ends_minor,
        ).where(
            BankStatement.business == business,
            BankStatement.account == account,
            BankStatement.begins_minor.is_not(None),
        )
    ).all()
    following = {row.after_id: row for row in rows if row.after_id is not None}
    found = []
    for first in (row for row in rows if row.after_id is None):
        last = first
        while last.id in following:
            last = following[last.id]
        first_on, _ = _days(session, business, first.id)
        _, last_on = _days(session, business, last.id)
        found.append(
            Segment(first.id, last.id, first.begins_minor, last.ends_minor, first_on, last_on)
        )
    return found


def _days(
    session: Session, business: BusinessKey, statement_id: str
) -> tuple[date | None, date | None]:
    day = BankEntry.booked_on
    row = session.execute(
        select(func.min(day), func.max(day)).where(
            BankEntry.business == business, BankEntry.statement_id == statement_id
        )
    ).one()
    return row[0], row[1]


def _there(
    session: Session, business: BusinessKey, account: str, lines: Sequence[BankLine]
) -> dict[tuple[str, int], bool]:
    """Entries that are in the books, and whether a statement with balances told them."""
    prints = list(dict.fromkeys(line.fingerprint for line in lines))
    found: dict[tuple[str, int], bool] = {}
    for start in range(0, len(prints), _CHUNK):
        rows = session.execute(
            select(BankEntry.fingerprint, BankEntry.ordinal, BankEntry.is_chained).where(
                BankEntry.business == business,
                BankEntry.account == account,
                BankEntry.fingerprint.in_(prints[start : start + _CHUNK]),
            )
        )
        found |= {(row[0], row[1]): row[2] for row in rows}
    return found


def _adopt(session: Session, row: BankStatement, lines: Sequence[BankLine]) -> None:
    for line in lines:
        session.execute(
            update(BankEntry)
            .where(
                BankEntry.business == row.business,
                BankEntry.account == row.account,
                BankEntry.fingerprint == line.fingerprint,
                BankEntry.ordinal == line.ordinal,
            )
            .values(statement_id=row.id, is_chained=True)
            .execution_options(synchronize_session=False)
        )


def _add(
    session: Session, row: BankStatement, lines: Sequence[BankLine], *, is_chained: bool
) -> None:
    about = {
        "business": row.business,
        "statement_id": row.id,
        "is_chained": is_chained,
        "account": row.account,
        "currency": row.currency,
    }
    rows = [part | about | {"id": new_id("ben")} for line in lines for part in line.rows]
    if rows:
        session.execute(_ADD_ENTRIES, rows)


def _statement(
    business: BusinessKey,
    file: BankFile,
    statement: Statement,
    account: BankAccount,
    *,
    at: datetime,
) -> BankStatement:
    return BankStatement(
        business=business,
        id=new_id("bst"),
        account=account.key,
        currency=account.currency,
        number=statement.number,
        format=statement.format,
        raw_sha256=blobs.hash_of(file.content),
        came_by=file.came_by,
        recorded_at=at,
    )
