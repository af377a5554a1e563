"""Alembic's entrance: runs the revisions on the connection it is handed."""

from alembic import context

from worker.store import Record

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Record.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
