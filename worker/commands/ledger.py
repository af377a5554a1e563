"""`tillmail ledger`: proof that the books hold, and what stands where."""

from __future__ import annotations

from typing import Any

import typer

from worker import ledger
from worker.commands.choosing import BusinessOption, JsonOption, at_the_desk, opened
from worker.commands.invariants import INVARIANTS, sentence
from worker.commands.printing import hint, print_list
from worker.commands.starting import REFUSED

app = typer.Typer(
    help="Proof that the books hold, and what stands in each account.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("verify")
def verify(as_json: JsonOption = False) -> None:
    """Check everything that must always hold, for all businesses; exit code 1 when it does not."""
    with opened() as till, till.reading() as session:
        rows: list[dict[str, Any]] = [
            {"room": room, "invariant": sentence(holds), "ok": not found, "violations": found}
            for room, invariants in INVARIANTS.items()
            for holds in invariants
            for found in [holds(session)]
        ]
        shown = rows if as_json else [row | {"violations": _few(row)} for row in rows]
        print_list(shown, as_json=as_json, zone="UTC", empty="")
    broken = sum(not row["ok"] for row in rows)
    if broken:
        hint(f"{broken} of {len(rows)} do not hold. Stop the workers and restore or repair.")
        raise typer.Exit(REFUSED)
    hint(f"All {len(rows)} hold.")


@app.command("balances")
def balances(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show what each account holds. Positive is a debit, negative a credit."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [
            {"account": account.replace("_", " "), "balance": amount}
            for (account, _), amount in ledger.balances(session, key).items()
        ]
        empty = "Nothing is posted yet."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


def _few(row: dict[str, Any]) -> str:
    return "\n".join(row["violations"][:10])
