"""Desk: notices. Queued once, rendered, sent, and what the mail server said."""

from worker.delivery.addressing import envelope_from, notice_of
from worker.delivery.bouncing import find_bounced, note_bounce
from worker.delivery.building import Enclosure, build, signed
from worker.delivery.checking import Obstacle, obstacle
from worker.delivery.letters import (
    Occasion,
    Paper,
    answer_letter,
    can_be_mailed,
    credit_letter,
    invoice_letter,
    question_letters,
    receipt_letter,
    renewed_letter,
)
from worker.delivery.model import Notice, NoticeState
from worker.delivery.ports import (
    Accepted,
    EmailOrder,
    EmailPress,
    EmailWords,
    Outgoing,
    Rejected,
    Signer,
    Transport,
)
from worker.delivery.queueing import Letter, queue
from worker.delivery.records import about, by_id, last_sent_at
from worker.delivery.samples import samples
from worker.delivery.sending import Claim, Claimed, claim, put_back, refused, sent, suppress
from worker.delivery.wording import LOGO_CID, TRANSFER_CID

__all__ = [
    "LOGO_CID",
    "TRANSFER_CID",
    "Accepted",
    "Claim",
    "Claimed",
    "EmailOrder",
    "EmailPress",
    "EmailWords",
    "Enclosure",
    "Letter",
    "Notice",
    "NoticeState",
    "Obstacle",
    "Occasion",
    "Outgoing",
    "Paper",
    "Rejected",
    "Signer",
    "Transport",
    "about",
    "answer_letter",
    "build",
    "by_id",
    "can_be_mailed",
    "claim",
    "credit_letter",
    "envelope_from",
    "find_bounced",
    "invoice_letter",
    "last_sent_at",
    "note_bounce",
    "notice_of",
    "obstacle",
    "put_back",
    "question_letters",
    "queue",
    "receipt_letter",
    "refused",
    "renewed_letter",
    "samples",
    "sent",
    "signed",
    "suppress",
]
