"""Ground: the database. Engines, the outbox whose rows are the jobs, once-keys and blobs."""

from worker.store import blobs, once, outbox, schema
from worker.store.bulk import among, insert_many
from worker.store.changing import change
from worker.store.engine import make_engine, reading, transaction
from worker.store.finding import Pairs, Question, every, get, one, one_of
from worker.store.locking import lock, lock_all
from worker.store.once import add, add_once, insert, insert_once
from worker.store.outbox import tell
from worker.store.prepared import Prepared
from worker.store.tables import Instant, Record, table_of

__all__ = [
    "Instant",
    "Pairs",
    "Prepared",
    "Question",
    "Record",
    "add",
    "add_once",
    "among",
    "blobs",
    "change",
    "every",
    "get",
    "insert",
    "insert_many",
    "insert_once",
    "lock",
    "lock_all",
    "make_engine",
    "once",
    "one",
    "one_of",
    "outbox",
    "reading",
    "schema",
    "table_of",
    "tell",
    "transaction",
]
