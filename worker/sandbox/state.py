"""What the sandbox remembers: one SQLite file, or memory.

Objects are kept as Stripe shows them, one JSON body a row. A request, its events, their deliveries
and the answer kept for its idempotency key are one transaction, so that a sandbox killed at any
moment starts again with all of them or none.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, owner TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
    kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (account, kind, position);
CREATE INDEX IF NOT EXISTS open_sessions ON objects (json_extract(body, '$.expires_at'))
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE INDEX IF NOT EXISTS pending_transactions ON objects (json_extract(body, '$.available_on'))
    WHERE kind = 'balance_transaction' AND json_extract(body, '$.status') = 'pending';
CREATE INDEX IF NOT EXISTS unpaid_transactions ON objects (account)
    WHERE kind = 'balance_transaction' AND json_extract(body, '$._payout') IS NULL;
CREATE TABLE IF NOT EXISTS timers (
    position INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, due_at REAL NOT NULL,
    what TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timers_due ON timers (due_at, position);
CREATE TABLE IF NOT EXISTS replies (
    account TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, made_at INTEGER NOT NULL, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS deliveries (
    position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, url TEXT NOT NULL,
    secret TEXT NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    signing TEXT NOT NULL DEFAULT 'good', last_status INTEGER, done_at REAL);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE done_at IS NULL;
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer kept for an idempotency key, with the fingerprint of the request it answered."""

    request: str
    status: int
    body: Object
    made_at: int


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted; newest first, as Stripe lists. Of events: those of types
    that match one of `patterns`, such as `charge.*`, and whether every endpoint has taken them."""

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None
    created: dict[str, int] | None = None
    where: dict[str, str] | None = None
    patterns: Sequence[str] = ()
    delivered: bool | None = None


_UNDELIVERED = (
    "EXISTS (SELECT 1 FROM deliveries d WHERE d.event = objects.id"
    " AND (d.last_status IS NULL OR d.last_status NOT BETWEEN 200 AND 299))"
)
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class State:
    """The sandbox's memory and its clock.

    `clock_file` holds the seconds by which business time is ahead of the machine's, if it is: the
    sandbox then follows it, besides what `forward` adds.
    """

    def __init__(self, path: str | None = None, clock_file: str | None = None) -> None:
        # One asks at a time; a call with a deadline has a thread of its own.
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._offset_s = self._setting("clock_offset_s")
        self._clock_file = Path(clock_file) if clock_file else None

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing. The sandbox is one thread, so none ever waits."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # The clock: the machine's, plus what `/_sandbox/clock` added.

    def now(self) -> int:
        return int(self.instant())

    def instant(self) -> float:
        return time.time() + self._offset_s + self._ahead_s()

    @property
    def follows_a_file(self) -> bool:
        """Whether time may move without anybody telling."""
        return self._clock_file is not None

    def _ahead_s(self) -> int:
        if self._clock_file is None:
            return 0
        try:
            return int(self._clock_file.read_text("ascii") or "0")
        except FileNotFoundError:
            return 0

    def forward(self, seconds: int) -> None:
        self._offset_s += seconds
        self._db.execute(
            "INSERT INTO settings VALUES ('clock_offset_s', :value)"
            " ON CONFLICT (name) DO UPDATE SET value = :value",
            {"value": self._offset_s},
        )

    def _setting(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return int(row["value"]) if row else 0

    # Accounts: a key's own account, or one connected to it at first use.

    def owner_of(self, account: str) -> str | None:
        row = self._db.execute("SELECT owner FROM accounts WHERE id = ?", (account,)).fetchone()
        return str(row["owner"]) if row else None

    def open_account(self, account: str, owner: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?)", (account, owner))

    # Objects.

    def save(self, account: str, body: Object) -> Object:
        self._db.execute(
            "INSERT INTO objects (id, account, kind, created, body)"
            " VALUES (:id, :account, :kind, :created, :body)"
            " ON CONFLICT (id) DO UPDATE SET body = :body",
            {
                "id": body["id"],
                "account": account,
                "kind": body["object"],
                "created": body.get("created", body.get("_created")),
                "body": json.dumps(body),
            },
        )
        return body

    def remove(self, id_: str) -> None:
        self._db.execute("DELETE FROM objects WHERE id = ?", (id_,))

    def find(self, account: str, kind: str, id_: str) -> Object | None:
        row = self._db.execute(
            "SELECT body FROM objects WHERE id = ? AND account = ? AND kind = ?",
            (id_, account, kind),
        ).fetchone()
        return json.loads(row["body"]) if row else None

    def home_of(self, id_: str) -> str | None:
        """The account an object belongs to, for the hosted pages, which carry no key."""
        row = self._db.execute("SELECT account FROM objects WHERE id = ?", (id_,)).fetchone()
        return str(row["account"]) if row else None

    def page(self, account: str, kind: str, page: Page) -> tuple[list[Object], bool]:
        """Objects newest first, and whether there are more beyond them."""
        clauses = ["account = :account", "kind = :kind"]
        values: dict[str, Any] = {"account": account, "kind": kind, "limit": page.limit + 1}
        for name, bound in (page.created or {}).items():
            clauses.append(f"created {_COMPARE[name]} :created_{name}")
            values[f"created_{name}"] = bound
        for number, (name, wanted) in enumerate((page.where or {}).items()):
            clauses.append(f"json_extract(body, :path{number}) = :wanted{number}")
            values |= {f"path{number}": f"$.{name}", f"wanted{number}": wanted}
        if page.patterns:
            names = [f":pattern{number}" for number in range(len(page.patterns))]
            one_of = " OR ".join(f"json_extract(body, '$.type') GLOB {name}" for name in names)
            clauses.append(f"({one_of})")
            values |= {f"pattern{number}": text for number, text in enumerate(page.patterns)}
        if page.delivered is not None:
            clauses.append(("NOT " if page.delivered else "") + _UNDELIVERED)
        order = "DESC"
        if page.starting_after:
            clauses.append("position < (SELECT position FROM objects WHERE id = :cursor)")
            values["cursor"] = page.starting_after
        elif page.ending_before:
            clauses.append("position > (SELECT position FROM objects WHERE id = :cursor)")
            values["cursor"] = page.ending_before
            order = "ASC"
        # Only fixed words are put into the statement; every value is bound.
        query = (
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)}"  # noqa: S608
            f" ORDER BY position {order} LIMIT :limit"
        )
        found = [json.loads(row["body"]) for row in self._db.execute(query, values)]
        shown = found[: page.limit]
        return (shown if order == "DESC" else shown[::-1]), len(found) > page.limit

    def every(
        self, kind: str, *, account: str | None = None, after: str | None = None
    ) -> list[tuple[str, Object]]:
        """All objects of a kind with their account, oldest first: for the oracle."""
        rows = self._db.execute(
            "SELECT account, body FROM objects WHERE kind = :kind"
            " AND account = coalesce(:account, account) AND position > coalesce("
            " (SELECT position FROM objects WHERE id = :after), 0) ORDER BY position",
            {"kind": kind, "account": account, "after": after},
        )
        return [(row["account"], json.loads(row["body"])) for row in rows]

    def lapsed_sessions(self) -> list[tuple[str, Object]]:
        """Open Checkout Sessions whose time is up."""
        rows = self._db.execute(
            "SELECT account, body FROM objects WHERE kind = 'checkout.session'"
            " AND json_extract(body, '$.status') = 'open'"
            " AND json_extract(body, '$.expires_at') <= ?",
            (self.now(),),
        ).fetchall()
        return [(row["account"], json.loads(row["body"])) for row in rows]

    def unpaid_transactions(self, account: str) -> list[Object]:
        """Balance transactions that no payout has taken along yet, oldest first."""
        rows = self._db.execute(
            "SELECT body FROM objects WHERE kind = 'balance_transaction' AND account = ?"
            " AND json_extract(body, '$._payout') IS NULL ORDER BY position",
            (account,),
        )
        return [json.loads(row["body"]) for row in rows]

    def release_transactions(self) -> None:
        """Makes available what has waited long enough."""
        self._db.execute(
            "UPDATE objects SET body = json_set(body, '$.status', 'available')"
            " WHERE kind = 'balance_transaction' AND json_extract(body, '$.status') = 'pending'"
            " AND json_extract(body, '$.available_on') <= ?",
            (self.now(),),
        )

    def forget(self, *, replies_before: int, events_before: int) -> None:
        """Drops what Stripe, too, no longer knows, so that a long run stays small."""
        self._db.execute("DELETE FROM replies WHERE made_at < ?", (replies_before,))
        self._db.execute(
            "DELETE FROM objects WHERE kind = 'event' AND created < ?", (events_before,)
        )
        self._db.execute(
            "DELETE FROM deliveries"
            " WHERE event NOT IN (SELECT id FROM objects WHERE kind = 'event')"
        )

    # What happens by itself later.

    def set_timer(self, account: str, due_at: float, work: tuple[str, str, str]) -> None:
        """`work`: what is to be done, with which object, and how it comes out."""
        self._db.execute(
            "INSERT INTO timers (account, due_at, what, subject, outcome) VALUES (?, ?, ?, ?, ?)",
            (account, due_at, *work),
        )

    def next_timer(self) -> sqlite3.Row | None:
        """The first timer that has run out."""
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM timers WHERE due_at <= ? ORDER BY due_at, position LIMIT 1",
            (self.instant(),),
        ).fetchone()
        return row

    def drop_timer(self, position: int) -> None:
        self._db.execute("DELETE FROM timers WHERE position = ?", (position,))

    # Answers kept for idempotency keys.

    def reply(self, account: str, key: str) -> Reply | None:
        row = self._db.execute(
            "SELECT request, status, body, made_at FROM replies WHERE account = ? AND key = ?",
            (account, key),
        ).fetchone()
        if row is None:
            return None
        return Reply(row["request"], row["status"], json.loads(row["body"]), row["made_at"])

    def keep_reply(self, account: str, key: str, reply: Reply) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
            (account, key, reply.request, reply.status, json.dumps(reply.body), reply.made_at),
        )

    # Webhook deliveries.

    def queue_delivery(
        self,
        event: str,
        endpoint: Object,
        *,
        due_at: float,
        signing: str = "good",
        is_lost: bool = False,
    ) -> None:
        """One that `is_lost` is over before it was tried."""
        self._db.execute(
            "INSERT INTO deliveries (event, url, secret, due_at, signing, done_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                event,
                endpoint["url"],
                endpoint["secret"],
                due_at,
                signing,
                due_at if is_lost else None,
            ),
        )

    def send_again(self, event: str, *, account: str, copies: int, signing: str) -> None:
        """Queues an event anew for every endpoint of the account."""
        for endpoint in self.page(account, "webhook_endpoint", Page(limit=100))[0]:
            for _ in range(copies):
                self.queue_delivery(event, endpoint, due_at=self.instant(), signing=signing)

    def due_deliveries(self) -> list[sqlite3.Row]:
        return self._db.execute(
            "SELECT d.*, o.body FROM deliveries d JOIN objects o ON o.id = d.event"
            " WHERE d.done_at IS NULL AND d.due_at <= ? ORDER BY d.due_at, d.position",
            (self.instant(),),
        ).fetchall()

    def note_attempt(self, position: int, *, status: int | None, again_at: float | None) -> None:
        """The outcome of one attempt; `again_at` is None when no further one follows."""
        done_at = self.instant() if again_at is None else None
        self._db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, last_status = ?, done_at = ?,"
            " due_at = coalesce(?, due_at) WHERE position = ?",
            (status, done_at, again_at, position),
        )

    def deliveries(self) -> list[Object]:
        rows = self._db.execute(
            "SELECT position, event, url, due_at, attempts, signing, last_status, done_at"
            " FROM deliveries ORDER BY position"
        )
        return [dict(row) for row in rows]

    def next_due(self) -> float | None:
        """When the next delivery, timer or expiry is due, in the sandbox's time."""
        row = self._db.execute(
            "SELECT min(at) AS at FROM ("
            " SELECT min(due_at) AS at FROM deliveries WHERE done_at IS NULL UNION ALL"
            " SELECT min(due_at) FROM timers UNION ALL"
            " SELECT min(json_extract(body, '$.expires_at')) FROM objects"
            " WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open')"
        ).fetchone()
        return None if row["at"] is None else float(row["at"])
