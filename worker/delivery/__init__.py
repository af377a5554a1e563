"""Desk: notices. Queued once, rendered, sent, and what the mail server said."""

from worker.delivery.addressing import notice_of
from worker.delivery.building import Enclosure, build
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
from worker.delivery.records import about, by_id
from worker.delivery.sending import Claim, Claimed, claim, put_back, refused, sent, suppress

__all__ = [
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
    "Outgoing",
    "Rejected",
    "Signer",
    "Transport",
    "about",
    "build",
    "by_id",
    "claim",
    "notice_of",
    "put_back",
    "queue",
    "refused",
    "sent",
    "suppress",
]
