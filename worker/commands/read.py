"""`tillmail read`: what the worker would make of any file, and why. Writes nothing."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer

from worker.commands.starting import sentence_for_errors
from worker.kernel.errors import PermanentError, Refused
from worker.readers import NO_HINTS, Examined, Hints, Kind, Reading

MAX_FILE_BYTES = 256 * 1024 * 1024


class Examiner(Protocol):
    """Reads many untrusted files, in their order; an error stands in the place of its file."""

    def examine_many(
        self, sources: Iterable[bytes], hints: Hints = NO_HINTS
    ) -> Iterator[Examined | PermanentError]:
        """What each file says. `sources` is taken lazily."""
        ...


def read(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Mails, invoices, remittances, bank files."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
    open_items: Annotated[
        Path | None,
        typer.Option(
            "--open-items",
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help="Open items to propose allocations against.",
        ),
    ] = None,
    business: Annotated[
        str | None,
        typer.Option("--business", metavar="KEY", help="Read with this business's hints."),
    ] = None,
) -> None:
    """Say what the worker would make of FILE…, and why. Nothing is written or sent.

    Files are known by what is in them, never by their names.
    """
    with sentence_for_errors():
        finish = proposer(open_items) if open_items else _as_read
        hints = _hints(business) if business else NO_HINTS
        with _children(len(paths)) as examiner:
            if as_json:
                for line in json_lines(paths, examiner, finish, hints):
                    print(line, flush=True)
                return
            _show(_with_progress(_readings(paths, examiner, finish, hints), len(paths)))


def json_lines(
    paths: list[Path],
    examiner: Examiner,
    finish: Callable[[Examined], Reading] | None = None,
    hints: Hints = NO_HINTS,
) -> Iterator[str]:
    """One JSON object per path, in the order given (DESIGN section 7)."""
    readings = _readings(paths, examiner, finish or _as_read, hints)
    return (_json(path, reading) for path, reading in readings)


def _hints(business: str) -> Hints:
    """What the business says of its own papers, from its file; nothing else of it is opened."""
    from worker import settings

    known = {rules.key: rules for rules in settings.load().businesses}
    if business not in known:
        names = ", ".join(known) or "none"
        raise Refused(f"There is no business {business}. Known: {names}.")
    return known[business].reading_hints()


def _as_read(examined: Examined) -> Reading:
    return examined.reading


def proposer(path: Path) -> Callable[[Examined], Reading]:
    """What adds the proposal, matched against the items in this file alone."""
    from worker import remittance

    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            items = remittance.OpenItems(remittance.read_open_items(lines))
    except (remittance.NotOpenItems, UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(f"{path} is no list of open items. {error}") from error

    def finish(examined: Examined) -> Reading:
        sender = examined.envelope.sender
        address = sender.address if sender is not None else None
        reading = examined.reading
        proposal = remittance.propose(reading, examined.claim, address, items)
        reading = remittance.currency_filled(reading, proposal, address, items)
        return reading.model_copy(update={"proposal": proposal})

    return finish


@contextmanager
def _children(files: int) -> Iterator[Examiner]:
    """Readers in child processes without a network: what is read here may be hostile."""
    from worker.app import make_reader

    reader = make_reader(size=min(files, len(os.sched_getaffinity(0))))
    reader.start()
    try:
        if not reader.isolation.network_namespace:
            typer.echo(
                f"Files are read without network isolation: {reader.isolation.why}", err=True
            )
        yield reader
    finally:
        reader.close()


def _readings(
    paths: list[Path], examiner: Examiner, finish: Callable[[Examined], Reading], hints: Hints
) -> Iterator[tuple[Path, Reading]]:
    """What each path says; what cannot be opened says so, and the rest go on."""
    unopened: dict[int, str] = {}
    answers = examiner.examine_many(_bytes(paths, unopened), hints)
    for index, (path, answer) in enumerate(zip(paths, answers, strict=True)):
        if index in unopened:
            yield path, Reading(kind=Kind.OTHER, error=unopened.pop(index))
        elif isinstance(answer, PermanentError):
            yield path, Reading(kind=Kind.OTHER, error=str(answer))
        else:
            yield path, finish(answer)


def _bytes(paths: list[Path], unopened: dict[int, str]) -> Iterator[bytes]:
    for index, path in enumerate(paths):
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise OSError(f"larger than {MAX_FILE_BYTES // 1024**2} MiB")
            yield path.read_bytes()
        except OSError as error:
            unopened[index] = f"The file cannot be opened: {error.strerror or error}."
            yield b""


def _json(path: Path, reading: Reading) -> str:
    # A path may hold bytes that are no UTF-8; they come out as they went in.
    name = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    record = {"path": name, **reading.model_dump(mode="json", by_alias=True)}
    return json.dumps(record, ensure_ascii=False, separators=(", ", ": "))


def _with_progress(
    readings: Iterator[tuple[Path, Reading]], count: int
) -> Iterator[tuple[Path, Reading]]:
    """The same readings, with a progress bar on a terminal where there are many."""
    if count < 20 or not sys.stderr.isatty():
        yield from readings
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("Reading", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(readings, total=count)


def _show(readings: Iterator[tuple[Path, Reading]]) -> None:
    from rich.console import Console

    from worker.commands.reading_views import view

    # Into a file or a pipe nothing is folded; on a terminal the terminal's width counts.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for path, reading in readings:
        console.print(view(str(path), reading))
