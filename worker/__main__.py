"""The operator's command line, `tillmail`."""

from __future__ import annotations

import typer

from worker.commands.read import read


def main() -> None:
    """Run the command that was typed."""
    app = typer.Typer(no_args_is_help=True, add_completion=True)
    app.callback()(_tillmail)
    app.command()(read)
    app()


def _tillmail() -> None:
    """Tillmail: an email-driven invoice and payments worker."""


if __name__ == "__main__":
    main()
