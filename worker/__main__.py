"""The operator's command line, `tillmail`.

Each command's file is imported when the command is run: the help starts without any, `tillmail
read` without the database, and `tillmail invoices list` without the web.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

# In the order of the help: where a command is in `worker/commands`, and what it is for. A test
# holds the second against what the command says of itself.
COMMANDS = {
    "demo": (
        "demo:demo",
        "Show the whole story: invoices mailed in, sent out, paid by card and by bank, and"
        " receipted.",
    ),
    "up": (
        "up:up",
        "Run everything on this machine: queue, pay page, worker, mailboxes and clock.",
    ),
    "read": ("read:read", "Say what the worker would make of FILE…, and why."),
    "invoices": ("invoices:app", "What is owed: list, show, release, send and void invoices."),
    "links": ("links:app", "Pay links: who opened them, when they end, and their address."),
    "payments": ("payments:app", "Money that came in, its evidence, and what it was applied to."),
    "remittances": (
        "remittances:app",
        "What payers say they paid, what was proposed, and what became of it.",
    ),
    "credits": (
        "credits:app",
        "Requests to prepay, and what customers have with you and have not used yet.",
    ),
    "charges": ("charges:app", "Stored cards: what is charged when, and what came of it."),
    "mail": ("mail:app", "Every mail that came in: what became of it, why, and reading it again."),
    "customers": ("customers:app", "Who is on file, and the addresses that invoices may go to."),
    "review": ("review:app", "What waits for a person, with the evidence and the choices."),
    "ledger": ("ledger:app", "Proof that the books hold, and what stands in each account."),
    "doctor": (
        "doctor:doctor",
        "Check settings, database, queue, mailboxes, mail server, Stripe, templates and system.",
    ),
    "release": (
        "processes:release",
        "Bring the database to this version and put every business's row in place.",
    ),
    "web": ("processes:web", "Serve the pay page and take the gateway's webhooks."),
    "worker": (
        "processes:worker",
        "Read mails, print documents, send emails, settle payments.",
    ),
    "mailbox": ("processes:mailbox", "Watch every mailbox and take in what arrives."),
    "clock": ("processes:clock", "Tick the sweeps of config/timetable.toml."),
    "sandbox": (
        "processes:sandbox",
        "Start the Stripe sandbox: a test server that takes no real money.",
    ),
}


class _Commands(TyperGroup):
    """The commands of the table above: listed from there, imported when one is to be run."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.commands = {
            name: TyperCommand(name, help=summary) for name, (_, summary) in COMMANDS.items()
        }

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return name, imported(name) if name else found, rest


@cache
def imported(name: str) -> Any:
    """A command of the table, whole."""
    file, _, what = COMMANDS[name][0].partition(":")
    found = getattr(import_module(f"worker.commands.{file}"), what)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    command = get_command(found)
    command.name = name
    return command


def main() -> None:
    """Run the command that was typed."""
    tillmail()


def _tillmail() -> None:
    """Forwarded invoices become branded emails with a page to pay them on.

    Lists and records print as tables, and as JSON with --json.

    Exit codes: 0 done, 1 refused or failed with a reason, 2 wrong usage.
    """


tillmail = typer.Typer(cls=_Commands, no_args_is_help=True, rich_markup_mode="rich")
tillmail.callback()(_tillmail)


if __name__ == "__main__":
    main()
