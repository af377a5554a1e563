"""Ground: the database. Engines, the outbox whose rows are the jobs, once-keys and blobs."""

from worker.store import blobs, once, outbox, schema
from worker.store.engine import make_engine, reading, transaction
from worker.store.locking import lock
from worker.store.outbox import tell
from worker.store.tables import Instant, Record

__all__ = [
    "Instant",
    "Record",
    "blobs",
    "lock",
    "make_engine",
    "once",
    "outbox",
    "reading",
    "schema",
    "tell",
    "transaction",
]
