"""Sweeps of the store: jobs that never end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import review
from worker.actors.shapes import sweep
from worker.app import App
from worker.kernel.ids import BusinessKey
from worker.store import outbox

# What does the work of a job once more, when what stood in its way is mended.
_AGAIN = {
    "intake.sort_mail": "tillmail mail replay {} --apply",
    "documents.render_invoice": "tillmail invoices send {}",
}


@sweep
def park_hopeless(_app: App, s: Session, at: datetime) -> None:
    """Sweep: park what was started three times without an end, and ask a person."""
    for job in outbox.hopeless(s, at=at):
        question = review.Question(
            kind="job_parked",
            subject=job.id,
            text=f"{job.actor} at {job.subject} was given up: {job.problem}",
            evidence={"actor": job.actor, "subject": job.subject},
            choices=[_AGAIN[job.actor].format(job.subject)] if job.actor in _AGAIN else [],
        )
        review.ask(s, BusinessKey(job.business), question, at=at)
