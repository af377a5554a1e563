"""`tillmail payments import`: bank files recorded, and what they tell settled."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import businesses, payments
from worker.actors.banking import settle_statement
from worker.app import App
from worker.businesses import Act
from worker.commands.choosing import AsOption, BusinessOption, JsonOption, at_the_desk, who
from worker.commands.printing import hint, print_list
from worker.commands.starting import collect_seldom
from worker.kernel.errors import PermanentError, Refused
from worker.kernel.ids import BusinessKey
from worker.payments import BankFile, Outcome, Recorded
from worker.readers import Examined

_MAX_BYTES = 256 * 1024 * 1024
_SHOWN = (Outcome.APPLIED, Outcome.UNAPPLIED, Outcome.UNIDENTIFIED, Outcome.RECOGNISED)


@dataclass(frozen=True, slots=True)
class Wish:
    """How to import: for whom, and whether a gap is accepted or nothing is to be kept."""

    by: str
    accepts_gap: bool
    is_trial: bool


class _NothingKept(Exception):
    """Ends the transaction of a trial: what it found is told, and none of it stays."""


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="CAMT, MT940, OFX, BAI2, or a bank's list."),
    ],
    accept_gap: Annotated[
        bool,
        typer.Option("--accept-gap", help="Book it though entries before it are not here."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; keep nothing.")
    ] = False,
    by: AsOption = None,
    business: BusinessOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle payments by what the bank's own files say. Each entry is booked once.

    Files may overlap, repeat and stand in any order. A file with a gap before it is refused.
    """
    with at_the_desk(business, reader=True) as (till, key):
        person = businesses.permit(till.rules(key), who(by), Act.REGISTER, salesperson=None)
        collect_seldom()
        wish = Wish(person.name, accept_gap, dry_run)
        rows = list(_imported(till, key, files, wish))
        zone = till.rules(key).time_zone
        print_list(rows, as_json=as_json, zone=zone, empty="No statement was in the files.")
        if dry_run:
            hint("Nothing of this was kept.")
        refused = {row["file"] for row in rows if row["result"] == "refused"}
        if refused:
            raise Refused(f"{len(refused)} of {len(files)} files were refused.")


def _imported(
    till: App, key: BusinessKey, files: Sequence[Path], wish: Wish
) -> Iterator[dict[str, Any]]:
    """A row per statement. What does not follow yet is tried again behind the other files."""
    waiting = list(files)
    while waiting:
        after: list[tuple[Path, str]] = []
        for file, examined in zip(waiting, _read(till, waiting), strict=True):
            try:
                yield from _import_one(till, key, file, examined, wish)
            except payments.Gap as e:
                after.append((file, str(e)))
            except (Refused, PermanentError) as e:
                yield _refused(file, str(e))
        if len(after) == len(waiting):
            yield from (_refused(file, because) for file, because in after)
            return
        waiting = [file for file, _ in after]


def _read(till: App, files: Sequence[Path]) -> Iterator[Examined | PermanentError]:
    return till.reader.examine_many(_bytes(file) for file in files)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.stat().st_size <= _MAX_BYTES else b""
    except OSError:
        return b""


def _import_one(
    till: App, key: BusinessKey, file: Path, examined: Examined | PermanentError, wish: Wish
) -> list[dict[str, Any]]:
    if not file.is_file():
        raise Refused("There is no such file.")
    if isinstance(examined, PermanentError):
        raise examined
    if examined.reading.error or not examined.reading.statements:
        raise Refused(examined.reading.error or "It is no bank file that is read here.")
    told = BankFile(
        examined.reading.statements, _bytes(file), wish.by, accepts_gap=wish.accepts_gap
    )
    if wish.is_trial:
        return _tried(till, key, file, told)
    with till.transaction() as session:
        done = payments.record(session, till.rules(key), told, at=till.now())
    with _progress(sum(each.booked for each in done)) as on_batch:
        return [_row(file, each, _settled(till, key, each, on_batch)) for each in done]


def _settled(
    till: App, key: BusinessKey, recorded: Recorded, on_batch: Callable[[int], None]
) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    for statement_id in recorded.statement_ids:
        outcomes.update(settle_statement(till, key, statement_id, on_batch=on_batch) or {})
    return outcomes


def _tried(till: App, key: BusinessKey, file: Path, told: BankFile) -> list[dict[str, Any]]:
    """What an import would do, done in a transaction that is not kept."""
    rows: list[dict[str, Any]] = []
    try:
        with till.transaction() as session:
            done = payments.record(session, till.rules(key), told, at=till.now())
            rows = [_row(file, each, _as_if_settled(till, session, key, each)) for each in done]
            raise _NothingKept
    except _NothingKept:
        return rows


def _as_if_settled(
    till: App, session: Session, key: BusinessKey, recorded: Recorded
) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    for statement_id in recorded.statement_ids:
        while not payments.settle_entries(
            session, key, statement_id, insist=True, at=till.now()
        ).is_empty:
            session.flush()
        outcomes.update(payments.summarise_entries(session, key, statement_id, at=till.now()))
    return outcomes


def _row(file: Path, recorded: Recorded, outcomes: Counter[Outcome]) -> dict[str, Any]:
    because = None if recorded.has_balances else "It has no balances that could show a gap."
    row: dict[str, Any] = {
        "file": file.name,
        "result": "booked" if recorded.booked else "already known",
        "account": recorded.account,
        "statement": recorded.number,
        "booked": recorded.booked,
        "already_known": recorded.known,
    }
    row |= {outcome.value: outcomes[outcome] for outcome in _SHOWN}
    rest = {o.value: n for o, n in outcomes.items() if o not in _SHOWN}
    return row | {"other": rest, "because": because}


def _refused(file: Path, because: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "file": file.name,
        "result": "refused",
        "account": None,
        "statement": None,
        "booked": 0,
        "already_known": 0,
    }
    row |= {outcome.value: 0 for outcome in _SHOWN}
    return row | {"other": {}, "because": because}


@contextmanager
def _progress(count: int) -> Iterator[Callable[[int], None]]:
    """Tells how many entries are settled, on a terminal where there are many."""
    if count < 200 or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("Settling", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count)
        yield lambda done: progress.advance(task, done)
