"""Desk: notices. Queued once, rendered, sent, and what the mail server said."""

from worker.delivery.accounts import account_letter
from worker.delivery.addressing import envelope_from, notice_of, reply_to
from worker.delivery.answering import Incoming, Reply, answer, silence_because, thread_of
from worker.delivery.bouncing import find_answered, find_bounced, note_bounce
from worker.delivery.building import Enclosure, build, signed
from worker.delivery.charge_letters import (
    ChargeFace,
    ExpiringFace,
    card_expiring_letter,
    charge_failed_letter,
    charge_letter,
    charge_told_in,
    with_charge,
)
from worker.delivery.checking import Obstacle, obstacle
from worker.delivery.debit_letters import debit_letter
from worker.delivery.gone_back import Kind as GoneBack
from worker.delivery.gone_back import gone_back_letter
from worker.delivery.letters import (
    Occasion,
    Paper,
    balance_letter,
    balance_receipt,
    credit_letter,
    invoice_letter,
    receipt_address,
    receipt_letter,
    receipt_notice,
    renewed_letter,
)
from worker.delivery.listing import list_letters
from worker.delivery.model import Notice, NoticeState
from worker.delivery.noted import noted_letter
from worker.delivery.portal_letters import Wanted, code_letter, portal_letter
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
from worker.delivery.questions import (
    can_be_mailed,
    choices,
    facts,
    is_asked,
    may_answer,
    question_letters,
)
from worker.delivery.queueing import Letter, queue
from worker.delivery.records import about, by_id, last_sent_at
from worker.delivery.samples import samples
from worker.delivery.sending import Claim, Claimed, claim, put_back, refused, sent, suppress
from worker.delivery.wording import LOGO_CID, TRANSFER_CID, ReceiptNotice

__all__ = [
    "LOGO_CID",
    "TRANSFER_CID",
    "Accepted",
    "ChargeFace",
    "Claim",
    "Claimed",
    "EmailOrder",
    "EmailPress",
    "EmailWords",
    "Enclosure",
    "ExpiringFace",
    "GoneBack",
    "Incoming",
    "Letter",
    "Notice",
    "NoticeState",
    "Obstacle",
    "Occasion",
    "Outgoing",
    "Paper",
    "ReceiptNotice",
    "Rejected",
    "Reply",
    "Signer",
    "Transport",
    "Wanted",
    "about",
    "account_letter",
    "answer",
    "balance_letter",
    "balance_receipt",
    "build",
    "by_id",
    "can_be_mailed",
    "card_expiring_letter",
    "charge_failed_letter",
    "charge_letter",
    "charge_told_in",
    "choices",
    "claim",
    "code_letter",
    "credit_letter",
    "debit_letter",
    "envelope_from",
    "facts",
    "find_answered",
    "find_bounced",
    "gone_back_letter",
    "invoice_letter",
    "is_asked",
    "last_sent_at",
    "list_letters",
    "may_answer",
    "note_bounce",
    "noted_letter",
    "notice_of",
    "obstacle",
    "portal_letter",
    "put_back",
    "question_letters",
    "queue",
    "receipt_address",
    "receipt_letter",
    "receipt_notice",
    "refused",
    "renewed_letter",
    "reply_to",
    "samples",
    "sent",
    "signed",
    "silence_because",
    "suppress",
    "thread_of",
    "with_charge",
]
