"""Data to standard output, as a table for people or as JSON; hints to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.kernel.money import Money

Row = Mapping[str, Any]
# What goes into a pipe or a file is not cut to somebody's window.
_WIDTH_WITHOUT_TERMINAL = 400


def print_list(
    rows: Sequence[Row],
    *,
    as_json: bool,
    zone: str,
    empty: str,
    only_json: Collection[str] = (),
) -> None:
    """Rows of one kind. `empty` says what to do next when there are none.

    What is `only_json` is left out of the table, which has to fit a terminal.
    """
    if as_json:
        _print_json([dict(row) for row in rows])
        return
    if not rows:
        hint(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bright_black", padding=(0, 2, 0, 0))
    names = [name for name in rows[0] if name not in only_json]
    for name in names:
        is_money = isinstance(rows[0][name], Money)
        # Ids are to be copied, so they stay in one piece.
        table.add_column(
            _words(name),
            justify="right" if is_money else "left",
            overflow="fold",
            no_wrap=name == "id",
        )
    for row in rows:
        table.add_row(*(Text(_cell(row[name], zone)) for name in names))
    _console().print(table)


def print_record(record: Row, *, as_json: bool, zone: str) -> None:
    """One record: its facts, then the lists that belong to it."""
    if as_json:
        _print_json(dict(record))
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bright_black", no_wrap=True)
    grid.add_column(overflow="fold")
    lists = {k: v for k, v in record.items() if isinstance(v, list)}
    for name, value in record.items():
        if name not in lists and value not in (None, "", {}):
            grid.add_row(_words(name), Text(_cell(value, zone)))
    _console().print(grid)
    for name, rows in lists.items():
        _console().print(Text(f"\n{_words(name)}", style="bold"))
        if rows and isinstance(rows[0], Mapping):
            print_list(rows, as_json=False, zone=zone, empty="")
        else:
            _console().print(Text("\n".join(str(row) for row in rows) or "none"))


def hint(text: str) -> None:
    """A word to the person at the terminal, out of the way of the data."""
    typer.echo(text, err=True)


def local_time(at: datetime, zone: str) -> str:
    """An instant as the business's clock shows it."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def _console() -> Console:
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(highlight=False, width=width)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return {"amount": value.text(), "currency": value.currency}
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON.")


def _cell(value: object, zone: str) -> str:
    if isinstance(value, datetime):
        return local_time(value, zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {v}" for k, v in value.items() if v is not None)
    return "" if value is None else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
