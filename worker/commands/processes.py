"""`tillmail web`, `worker`, `mailbox`, `clock`, `sandbox`, `release`: the Procfile's processes."""

from __future__ import annotations

import logging
import signal
import threading
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from worker.commands.starting import collect_seldom, open_app, sentence_for_errors


def web() -> None:
    """Serve the pay page and take the gateway's webhooks."""
    import uvicorn

    from worker.web import build

    with sentence_for_errors(), open_app() as app:
        rules = app.settings.web
        uvicorn.run(
            build(app),
            host=rules.host,
            port=rules.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            # The visitor's own address: guesses and bursts are counted by it, nothing else.
            proxy_headers=bool(rules.proxies),
            forwarded_allow_ips=rules.proxies,
            timeout_graceful_shutdown=20,
        )


def worker() -> None:
    """Read mails, print documents, send emails, settle payments."""
    from worker import actors
    from worker.actors import businesses as templates
    from worker.app import make_relay

    with sentence_for_errors(), open_app(reader=True, press=True) as app:
        stopping = _stop_on_signals()
        templates.publish_templates(app)
        relay = make_relay(app)
        threads = app.settings.queue.worker_threads
        runs = dict.fromkeys(actors.runs(), actors.Carrier(app, calls=threads // 2).run)
        sweeps = {name: partial(actors.run_sweep, app, name) for name in actors.sweeps()}
        app.queue.work(runs, sweeps, threads=threads)
        relay.start()
        collect_seldom()
        stopping.wait()
        relay.stop()


def mailbox() -> None:
    """Watch every mailbox and take in what arrives."""
    from worker.commands.watching import watch_all

    with sentence_for_errors(), open_app() as app:
        collect_seldom()
        watch_all(app, _stop_on_signals())


def clock() -> None:
    """Tick the sweeps of config/timetable.toml."""
    from worker import actors
    from worker.clock import tick_forever, timetable

    with sentence_for_errors(), open_app() as app:
        stopping = _stop_on_signals()
        file = app.settings.home / "config" / "timetable.toml"
        tick_forever(timetable(file, actors.sweeps()), app.queue.tick, stopping)


def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8420,
    state: Annotated[Path | None, typer.Option(help="File that keeps its state.")] = None,
    webhook: Annotated[
        list[str] | None, typer.Option(help="KEY=URL,SECRET; may be given several times.")
    ] = None,
) -> None:
    """Start the Stripe sandbox: a test server that takes no real money.

    Its address with /_sandbox behind it lists what can be told: declines, debits, disputes,
    payouts, faults, the clock.
    """
    import subprocess
    import sys

    # A process of its own, by name: nothing of ours imports the sandbox.
    command = [sys.executable, "-m", "worker.sandbox", "--port", str(port)]
    command += ["--state", str(state)] if state else []
    for hook in webhook or []:
        command += ["--webhook", hook]
    with sentence_for_errors():
        raise typer.Exit(subprocess.call(command))


def release() -> None:
    """Bring the database to this version and put every business's row in place."""
    from worker import businesses, store

    with sentence_for_errors(), open_app(migrated=False) as app:
        store.schema.upgrade(app.engine)
        with app.transaction() as session:
            for business in app.businesses():
                businesses.enrol(session, business, at=app.now())
        typer.echo(f"The database is at {store.schema.current(app.engine)}.", err=True)


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logging.getLogger("dramatiq").setLevel(logging.WARNING)
    return stopping
