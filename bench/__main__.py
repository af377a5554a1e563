"""`make bench`: every measurement in one run, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import banking, flow, matching, paying, planning, press, reading

_PARTS = ("flow", "paying", "banking", "planning", "matching")


def main() -> None:
    """Measure, print the table to the screen and the JSON to a file or after it."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--invoices", type=int, default=500)
    given.add_argument("--out", type=Path, help="file for the JSON; else it follows the table")
    chosen = given.parse_args()
    result: dict[str, dict[str, Any]] = {
        "press": press.measure(),
        "reading": reading.measure(),
        "flow": flow.measure(invoices=chosen.invoices),
        "banking": banking.measure(),
        "paying": paying.measure(),
        "planning": planning.measure(),
        "matching": matching.measure(),
    }
    Console().print(_table(result))
    text = json.dumps(result, indent=2)
    if chosen.out:
        chosen.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    met = {n: m for part in ("reading", *_PARTS) for n, m in result[part]["met"].items()}
    missed = [name for name, is_met in met.items() if not is_met]
    sys.exit(f"Missed: {', '.join(missed)}" if missed else 0)


def _table(result: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="Tillmail, one run", title_justify="left")
    for column in ("what", "measured", "target"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for tool, milliseconds in result["press"]["cpu_ms"].items():
        table.add_row(f"PDF of one page, {tool}, CPU ms", str(milliseconds), "")
    table.add_row("ours against naive", str(result["press"]["of_naive"]), "0.65")
    for kind, milliseconds in result["reading"]["cpu_ms"].items():
        target = str(result["reading"]["targets"].get(kind, ""))
        table.add_row(f"reading one {kind}, CPU ms", str(milliseconds), target)
    for part in _PARTS:
        for name, figure in result[part]["figures"].items():
            target = result[part]["targets"].get(name, "")
            table.add_row(name.replace("_", " "), str(figure), str(target))
    return table


if __name__ == "__main__":
    main()
