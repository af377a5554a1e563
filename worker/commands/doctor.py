"""`tillmail doctor`: is everything set up, and what has to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import typer

from worker.commands.choosing import JsonOption
from worker.commands.findings import Finding, Verdict
from worker.commands.printing import hint, print_list
from worker.commands.starting import REFUSED, sentence_for_errors
from worker.kernel.errors import TillmailError


def doctor(as_json: JsonOption = False) -> None:
    """Check settings, database, queue, mailboxes, mail server, Stripe, templates and system.

    It signs in everywhere; it sends, moves and books nothing. Exit code 1: something is to mend.
    """
    with sentence_for_errors():
        rows = [_row(finding) for finding in _findings()]
        print_list(rows, as_json=as_json, zone="UTC", empty="")
    problems = sum(row["verdict"] == Verdict.PROBLEM.value for row in rows)
    if problems:
        hint(f"{problems} to mend.")
        raise typer.Exit(REFUSED)
    hint("Nothing to mend.")


def _findings() -> Iterator[Finding]:
    from worker.actors import FLOW
    from worker.app import App
    from worker.commands.business_checks import of_business, of_templates
    from worker.commands.machine_checks import of_machine, of_servers
    from worker.settings import load

    try:
        settings = load()
    except TillmailError as e:
        yield Finding("settings", Verdict.PROBLEM, str(e), "Mend it and run doctor again.")
        return
    yield Finding("settings", Verdict.OK, f"{len(settings.businesses)} businesses configured")
    # Children that cannot be shut in are a finding here, not the end of the command.
    children = settings.children.model_copy(update={"accept_no_namespace": True})
    with closing(App(settings.model_copy(update={"children": children}), FLOW)) as app:
        app.start_children(reader=True, press=True)
        app.settings = settings
        yield from of_servers(app)
        yield from of_machine(app)
        for business in app.businesses():
            yield from of_business(app, business)
            yield of_templates(app, business)


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "what": finding.what,
        "verdict": finding.verdict.value,
        "found": finding.found,
        "how_to_mend": finding.mend,
    }
