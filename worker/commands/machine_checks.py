"""What `doctor` checks of the machine and the servers: database, clock, queue, children, fonts."""

from __future__ import annotations

import ctypes.util
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta

from worker import actors, store
from worker.app import App
from worker.clock import timetable
from worker.commands.findings import Finding, Verdict, judged, probe, unchecked
from worker.kernel.errors import TillmailError

MOST_SKEW = timedelta(seconds=2)  # RELIABILITY: invariant 31.
_LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "fontconfig": "fontconfig",
    "harfbuzz-subset": "libharfbuzz-subset0",
}


def of_servers(app: App) -> Iterator[Finding]:
    """What is the same for every business: database, queue and the way out."""
    yield _database(app)
    yield _schema(app)
    yield _clock(app)
    yield _queue(app)
    yield _timetable(app)
    yield _transport(app)
    yield _public_address(app)


def of_machine(app: App) -> Iterator[Finding]:
    """What this machine lends to reading and printing. The children must have been started."""
    yield _children(app)
    yield from _libraries()
    yield _fonts()


def _database(app: App) -> Finding:
    def look() -> str:
        with app.reading() as session:
            session.connection()
        return app.engine.dialect.name + (" in one file" if app.settings.is_sqlite else "")

    return probe("database", look, "Start it, or set TILLMAIL_DATABASE_URL.")


def _schema(app: App) -> Finding:
    def look() -> str:
        app.check_schema()
        return f"revision {store.schema.newest()}"

    return probe("database schema", look, "tillmail release")


def _clock(app: App) -> Finding:
    measure = getattr(app.clock, "measure", None)
    if measure is None:
        ahead = getattr(app.clock, "ahead", timedelta(0))
        return Finding("clock", Verdict.OK, f"this machine's, moved forward by {ahead}")
    try:
        skew = measure()
    except TillmailError as e:
        return Finding("clock", Verdict.PROBLEM, str(e), "Mend the database first.")
    found = f"{abs(skew.total_seconds()):.1f} s apart from the database"
    problem = found if abs(skew) > MOST_SKEW else None
    return judged("clock", problem, ok=found, mend="Have this machine's clock set by NTP.")


def _queue(app: App) -> Finding:
    def look() -> str:
        app.queue.check()
        return "answers"

    if app.settings.queue.url:
        return probe("queue", look, "Start Redis, or mend TILLMAIL_REDIS_URL.")
    found = probe("queue", look, "")
    if found.verdict is Verdict.OK:
        return found
    return unchecked("queue", "our own server is not running now", "It runs with: tillmail up")


def _timetable(app: App) -> Finding:
    def look() -> str:
        file = app.settings.home / "config" / "timetable.toml"
        return f"{len(timetable(file, actors.sweeps()))} sweeps"

    return probe("timetable", look, "Put config/timetable.toml back as it was shipped.")


def _transport(app: App) -> Finding:
    out = app.settings.outbox

    def look() -> str:
        app.transport.check()
        if out.kind == "smtp":
            return f"{out.host}:{out.port} takes our sign-in"
        return f"emails become files in {app.settings.path(out.path)}"

    return probe("way out for emails", look, "Mend [outbox] and TILLMAIL_SMTP_PASSWORD.")


def _public_address(app: App) -> Finding:
    url = app.settings.web.public_url
    real = app.settings.outbox.kind == "smtp" and not app.settings.trial
    problem = None
    if real and not url.startswith("https://"):
        problem = f"{url} is not https, and customers get it by mail"
    mend = "Set TILLMAIL_PUBLIC_URL to the https address of the pay page."
    return judged("address of the pay page", problem, ok=url, mend=mend)


def _children(app: App) -> Finding:
    isolation = [app.reader.isolation, app.press.isolation]
    missing = next((each for each in isolation if not each.network_namespace), None)
    if missing is not None:
        mend = "Run where namespaces are allowed, or set children.accept_no_namespace = true."
        if app.settings.children.accept_no_namespace:
            return unchecked("children", f"no network namespace, accepted: {missing.why}")
        return Finding("children", Verdict.PROBLEM, missing.why, mend)
    filtered = all(each.call_filter for each in isolation)
    return Finding(
        "children",
        Verdict.OK,
        "no network" + (" and a system call filter" if filtered else "; no system call filter"),
    )


def _libraries() -> Iterator[Finding]:
    for name, package in _LIBRARIES.items():
        found = ctypes.util.find_library(name)
        problem = None if found else "not installed"
        mend = f"apt-get install -y {package}"
        yield judged(f"library {name}", problem, ok=found or "", mend=mend)


def _fonts() -> Finding:
    """Letters that the shipped fonts lack come from the machine's."""
    lister = shutil.which("fc-list")
    if lister is None:
        return unchecked("fonts", "fc-list is missing", "apt-get install -y fontconfig")
    listed = subprocess.run(
        [lister, ":lang=el", "family"], capture_output=True, text=True, check=False
    )
    count = len(set(listed.stdout.splitlines()))
    problem = None if count else "no font for letters beyond Latin"
    mend = "apt-get install -y fonts-dejavu-core"
    return judged("fonts", problem, ok=f"{count} families for letters beyond Latin", mend=mend)
