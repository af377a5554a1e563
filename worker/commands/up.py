"""`tillmail up`: everything on one machine."""

from __future__ import annotations

import os
import signal
import threading

import typer

from worker.commands.household import Household, tillmail
from worker.commands.starting import sentence_for_errors

PROCESSES = ("web", "worker", "mailbox", "clock")


def up() -> None:
    """Run everything on this machine: queue, pay page, worker, mailboxes and clock."""
    from worker.app import make_broker_process
    from worker.settings import load

    with sentence_for_errors():
        settings = load()
        embedded = make_broker_process(settings) if not settings.queue.url else None
        if embedded is not None:
            embedded.start()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        try:
            with Household(os.environ, settings.var / "log") as household:
                for name in PROCESSES:
                    household.start(name, tillmail(name))
                typer.echo(f"Running. Pay pages: {settings.web.public_url}. Stop with Ctrl-C.")
                while not stopping.wait(1.0):
                    household.watch()
        finally:
            if embedded is not None:
                embedded.stop()
