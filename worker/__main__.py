"""The operator's command line, `tillmail`.

Each command's file is imported when the command is asked for: `tillmail read` starts without the
database, and `tillmail invoices list` without the web.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

# Name, then the file in `worker/commands` and what to take from it, in the order of the help.
_COMMANDS = {
    "demo": "demo:demo",
    "up": "up:up",
    "read": "read:read",
    "invoices": "invoices:app",
    "links": "links:app",
    "payments": "payments:app",
    "remittances": "remittances:app",
    "credits": "credits:app",
    "charges": "charges:app",
    "mail": "mail:app",
    "customers": "customers:app",
    "review": "review:app",
    "ledger": "ledger:app",
    "doctor": "doctor:doctor",
    "release": "processes:release",
    "web": "processes:web",
    "worker": "processes:worker",
    "mailbox": "processes:mailbox",
    "clock": "processes:clock",
    "sandbox": "processes:sandbox",
}


class _Commands(TyperGroup):
    """The commands of the table above, each imported when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        file, _, what = place.partition(":")
        found = getattr(import_module(f"worker.commands.{file}"), what)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(cmd_name)(found)
            found = alone
        command = get_command(found)
        command.name = cmd_name
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
