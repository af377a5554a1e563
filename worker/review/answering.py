"""A person's answer to a question: whether it is one, and closing the question with it, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from worker import store
from worker.kernel.errors import Refused
from worker.readers.answers import Said, Word
from worker.review.model import WorkItem

ASKED_AGAIN_AT_MOST = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, by whom, and in which mail; None: at the desk."""

    said: tuple[Said, ...]
    by: str
    mail_id: str | None = None

    @property
    def words(self) -> frozenset[Word]:
        """The words said."""
        return frozenset(one.word for one in self.said)

    def value(self, word: Word) -> str:
        """What came with a word, or nothing."""
        return next((one.value for one in self.said if one.word is word), "")

    def __str__(self) -> str:
        return "; ".join(str(one) for one in self.said)


class Heard(StrEnum):
    """What an answer is to a question."""

    ANSWER = "answer"
    UNCLEAR = "unclear"
    ASKED_ENOUGH = "asked_enough"
    ALREADY = "already"
    NOT_ALLOWED = "not_allowed"


def hear(item: WorkItem, said: Sequence[Said], *, may_answer: bool) -> Heard:
    """What to make of an answer; pure. Only who may answer is told that it is answered already."""
    if not may_answer:
        return Heard.NOT_ALLOWED
    if item.resolved_at is not None:
        return Heard.ALREADY
    if fits(item, said):
        return Heard.ANSWER
    return Heard.UNCLEAR if item.asked_again < ASKED_AGAIN_AT_MOST else Heard.ASKED_ENOUGH


def fits(item: WorkItem, said: Sequence[Said]) -> bool:
    """Whether all that was said is among the question's choices."""
    return bool(said) and all(one.word in words_of(item) for one in said)


def words_of(item: WorkItem) -> set[Word]:
    """The words that answer a question. What else its choices show is typed at the desk."""
    known = {word.value: word for word in Word}
    bare = [" ".join(p for p in choice.split() if not p.isupper()) for choice in item.choices]
    return {known[choice] for choice in bare if choice in known}


def close(session: Session, item: WorkItem, answer: Answer, *, at: datetime) -> None:
    """Write down the answer, who gave it and where. Refused when somebody else was first."""
    session.flush()
    locked = store.lock(session, WorkItem, item.business, item.id)
    is_ours = locked is not None and (locked.resolved_at, locked.resolved_by) == (at, answer.by)
    if locked is None or (locked.resolved_at is not None and not is_ours):
        raise Refused(f"{item.id} was answered by somebody else just now.")
    locked.resolved_at = at
    locked.resolution = str(answer)
    locked.resolved_by = answer.by
    locked.resolved_from = answer.mail_id
