"""Sweeps of the store: jobs that never end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from worker import review
from worker.actors.shapes import sweep
from worker.app import App
from worker.kernel.ids import BusinessKey
from worker.store import outbox


@sweep
def park_hopeless(_app: App, s: Session, at: datetime) -> None:
    """Sweep: park what was started three times without an end, and ask a person."""
    for job in outbox.hopeless(s, at=at):
        replay = [f"tillmail mail replay {job.subject}"]
        question = review.Question(
            kind="job_parked",
            subject=job.id,
            text=f"{job.actor} at {job.subject} was given up: {job.problem}",
            evidence={"actor": job.actor, "subject": job.subject},
            choices=replay if job.actor.startswith("intake") else [],
        )
        review.ask(s, BusinessKey(job.business), question, at=at)
