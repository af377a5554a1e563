"""`tillmail demo`: the whole story on embedded defaults, with real parts and no real money."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from worker.commands import demo_card, demo_credit, demo_remittance
from worker.commands.demo_story import Stage, Story
from worker.commands.household import Household, tillmail
from worker.commands.ports import free_port, wait_until_up
from worker.commands.starting import sentence_for_errors
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey

BUSINESS = BusinessKey("northlight")
# What `--once` plays when the first invoices have left, one after the other.
ACTS: tuple[Callable[[Story], None], ...] = (
    demo_card.play,
    demo_remittance.play,
    demo_credit.play,
)
_PROCESSES = ("web", "worker", "mailbox", "clock")


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the customer too, prove the books, and exit.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder for the demo's files; emptied first.")
    ] = None,
) -> None:
    """Show the whole story: invoices mailed in, sent out, paid by card and by bank, and receipted.

    Everything runs on this machine with its own database and mailbox. Payments go to a sandbox: no
    card is charged and no mail leaves the machine.
    """
    console = Console(stderr=False, highlight=False)
    with sentence_for_errors(), _running(_stage(home), console) as (stage, household):
        story = Story(stage, household.watch, console)
        _send_invoices(story)
        if once:
            for act in ACTS:
                act(story)
            story.prove()
            story.summarise()
        else:
            _invite(console, stage)
            _keep_running(story, household)


def _send_invoices(story: Story) -> None:
    from worker.settings import PROJECT

    mails = sorted((PROJECT / "config" / "demo" / "mails").glob("*.eml"))
    story.drop_mails(mails, f"{len(mails)} forwarded invoices")
    story.until(lambda: story.sent("invoice") >= len(mails))


@contextmanager
def _running(stage: Stage, console: Console) -> Iterator[tuple[Stage, Household]]:
    """The household of the demo, from an empty home folder to a page that answers."""
    from worker.app import make_broker_process
    from worker.settings import load

    _furnish(stage)
    os.environ.update(stage.environment)
    broker = make_broker_process(load(stage.home, stage.environment))
    with console.status("Starting the queue, the database and five processes …"):
        broker.start()
        try:
            with Household(stage.environment, stage.home / "var" / "log") as household:
                _prepare(stage)
                _start(stage, household)
                yield stage, household
        finally:
            broker.stop()


def _start(stage: Stage, household: Household) -> None:
    hook = f"http://127.0.0.1:{stage.web_port}/hooks/stripe/{BUSINESS}"
    key = stage.environment["TILLMAIL_NORTHLIGHT_STRIPE_KEY"]
    secret = stage.environment["TILLMAIL_NORTHLIGHT_STRIPE_WEBHOOK_SECRET"]
    state = stage.home / "var" / "sandbox.state"
    household.start(
        "sandbox",
        [
            *("-m", "worker.sandbox", "--port", str(stage.sandbox_port)),
            *("--state", str(state), "--webhook", f"{key}={hook},{secret}"),
            *("--clock", str(stage.home / "var" / "clock.ahead")),
        ],
    )
    for name in _PROCESSES:
        household.start(name, tillmail(name))
    for name, port in (("sandbox", stage.sandbox_port), ("web", stage.web_port)):
        wait_until_up(port, limit_s=20, still=partial(household.require, name))


def _stage(home: Path | None) -> Stage:
    from worker.settings import PROJECT

    folder = (home or PROJECT / "var" / "demo").absolute()
    web_port, sandbox_port = free_port(8080), free_port(8420)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TILLMAIL_")}
    return Stage(
        home=folder,
        web_port=web_port,
        sandbox_port=sandbox_port,
        environment=kept
        | {
            "TILLMAIL_HOME": str(folder),
            "TILLMAIL_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
            "TILLMAIL_WEB_PORT": str(web_port),
            "TILLMAIL_STRIPE_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
            "TILLMAIL_NORTHLIGHT_STRIPE_KEY": f"sk_test_{secrets.token_hex(12)}",
            "TILLMAIL_NORTHLIGHT_STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        },
    )


def _furnish(stage: Stage) -> None:
    """An empty home folder with the demo business's files in it."""
    from worker.settings import PROJECT

    marker = stage.home / ".tillmail-demo"
    if stage.home.exists() and any(stage.home.iterdir()) and not marker.exists():
        raise PermanentError(f"{stage.home} is not empty and no demo of before: choose another.")
    shutil.rmtree(stage.home, ignore_errors=True)
    own = stage.home / "config" / "businesses"
    own.mkdir(parents=True)
    marker.touch()
    shipped = PROJECT / "config"
    shutil.copy(shipped / "timetable.toml", own.parent)
    shutil.copy(shipped / "demo" / f"{BUSINESS}.toml", own)
    shutil.copytree(shipped / "demo" / BUSINESS, own / BUSINESS)


def _prepare(stage: Stage) -> None:
    """The database, the business's row, and the customers on file."""
    from worker import businesses, customers, store
    from worker.actors import FLOW
    from worker.app import App
    from worker.settings import PROJECT, load

    app = App(load(stage.home, stage.environment), FLOW)
    try:
        store.schema.upgrade(app.engine)
        with app.transaction() as session:
            businesses.enrol(session, BUSINESS, at=app.now())
            text = (PROJECT / "config" / "demo" / "customers.csv").read_text(encoding="utf-8")
            customers.import_csv(session, BUSINESS, text, by="demo", at=app.now())
    finally:
        app.close()


def _invite(console: Console, stage: Stage) -> None:
    console.print(
        f"\n[bold]It keeps running.[/] Click a link above and pay with card 4242 4242 4242 4242 "
        f"(4000 0000 0000 0002 is declined).\nDrop any .eml into [cyan]{stage.mailbox}[/]\n"
        'Files in that folder are trusted because they are on this machine (trust = "local" in '
        "the demo business's file); a mailbox reached by mail never is.\n"
        f"Look inside with: [cyan]TILLMAIL_HOME={stage.home} tillmail invoices list[/]\n"
        "Stop with Ctrl-C."
    )


def _keep_running(story: Story, household: Household) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(0.5):
        household.watch()
        story.show_news()
