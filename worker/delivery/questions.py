"""A work item as an email to staff: to whom, with what evidence, and the words that answer it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from worker import review
from worker.businesses import Role, Rules, Staff
from worker.delivery import records
from worker.delivery.letters import Paper
from worker.delivery.queueing import Letter
from worker.delivery.wording import Choice, Fact, QuestionNotice
from worker.kernel.ids import BusinessKey
from worker.readers.answers import Word
from worker.review import WorkItem

# Ids and small print that serve the desk, not the reader of a mail.
_HIDDEN = {"mail", "file", "document", "told", "job", "actor", "about", "notice_kind", "mailbox"}
_LABELS = {
    "number", "total", "buyer", "seller", "issue_date", "due_date", "recipient", "from", "subject",
    "customer", "invoice", "invoices", "they_write", "authentic", "address", "reason", "state",
    "sent", "still_to_pay", "opened", "missing", "promised_for",
}  # fmt: skip
_LAST = (Word.DONE, Word.REFUSE, Word.NO, Word.HELP)
_ASKED = {"customer_dispute": Role.SALES_MANAGER, "customer_question": Role.SALES}
_MAY_DECIDE = {Role.ADMIN, Role.FINANCE}


def can_be_mailed(session: Session, item: WorkItem) -> bool:
    """Whether a work item is worth a mail: one about a question that did not arrive is not.

    While no mail can go out at all, every question would only bring forth the next.
    """
    if item.resolved_at is not None:
        return False
    about = str(item.evidence.get("subject") or item.subject)
    notices = [records.by_id(session, BusinessKey(item.business), i) for i in (about, item.subject)]
    to_staff = ("question", "answer", "remittance_list")
    return all(notice is None or notice.kind not in to_staff for notice in notices)


def may_answer(rules: Rules, kind: str, address: str) -> bool:
    """Whether the member of staff with this address may decide a question of this kind."""
    return any(
        person.address.lower() == address.lower() and _may_decide(person, kind)
        for person in rules.staff
    )


def is_asked(rules: Rules, kind: str, sent_by: str) -> bool:
    """Whether whoever sent a mail is the one who is asked about it."""
    return sent_by.lower() in {person.address.lower() for person in asked(rules, kind, sent_by)}


def asked(rules: Rules, kind: str, sent_by: str | None) -> Sequence[Staff]:
    """Who is asked: whoever sent the mail in doubt, if they may decide; else all whose task it is.

    A task that is nobody's is finance's, and where there is none, everybody's.
    """
    sender = [p for p in rules.staff if sent_by and p.address.lower() == sent_by.lower()]
    deciding = [person for person in sender if _may_decide(person, kind)]
    task = [person for person in rules.staff if _ASKED.get(kind) in person.roles]
    return deciding or task or rules.staff_for(Role.FINANCE)


def question_letters(
    item: WorkItem, paper: Paper, *, sent_by: str | None = None, has_file: bool = False
) -> list[Letter]:
    """A work item to everybody whose task it is."""
    words = review.words_of(item)
    notice = QuestionNotice(
        business=paper.sender,
        title="",
        title_key=item.kind if item.kind in TITLED else "something",
        text=item.question,
        reference=item.id,
        facts=facts(item.evidence.items()),
        words=choices(words, item.kind),
        commands=tuple(Choice(c) for c in item.choices if c.startswith("tillmail ")),
        has_file=has_file,
    )
    return [
        Letter(
            kind="question",
            subject_id=item.id,
            recipient=person.address,
            language=paper.rules.language,
            template_set=paper.set_hash,
            context=notice.context(),
        )
        for person in asked(paper.rules, item.kind, sent_by)
    ]


def choices(words: Iterable[Word], kind: str) -> tuple[Choice, ...]:
    """The words as an email shows them: what goes on first, what ends it last."""
    group = _GROUPS.get(kind, "other")
    ordered = sorted(set(words), key=lambda word: (word in _LAST, list(Word).index(word)))
    return tuple(Choice(word.value, _key(word), _means(word, group)) for word in ordered)


def facts(evidence: Iterable[tuple[str, object]]) -> tuple[Fact, ...]:
    """Evidence as lines; what is empty or only of use at the desk is left out."""
    return tuple(
        Fact(name if name in _LABELS else name.replace("_", " "), str(value), name in _LABELS)
        for name, value in evidence
        if value not in (None, "") and name not in _HIDDEN
    )


def _may_decide(person: Staff, kind: str) -> bool:
    return bool({*_MAY_DECIDE, _ASKED.get(kind, Role.FINANCE)} & {*person.roles})


def _key(word: Word) -> str:
    return word.value.replace(" ", "_")


def _means(word: Word, group: str) -> str:
    is_special = group not in ("other", "list") and word in (Word.YES, Word.NO, Word.SEND_TO)
    is_special = is_special or (group == "list" and word in (Word.RECEIVED, Word.NOT_RECEIVED))
    return f"{_key(word)}.{group}" if is_special else _key(word)


# Kinds in which a yes means something of its own.
_GROUPS = {
    "invoice_held": "invoice",
    "document_incomplete": "invoice",
    "mail_from_stranger": "mail",
    "notice_undelivered": "bounce",
    "remittance_review": "remittance",
    "credit_request": "credit",
    "remittance_deduction": "deduction",
    "remittance_list": "list",
}
# Kinds whose title stands in the catalogues, in every language; `something` is any other.
TITLED = {
    "invoice_held",
    "document_incomplete",
    "mail_from_stranger",
    "mail_forged",
    "mail_hostile",
    "mail_unreadable",
    "mail_doubtful",
    "mail_not_handled",
    "mail_too_large",
    "mail_suspicious",
    "answer_not_taken",
    "customer_complaint",
    "customer_dispute",
    "customer_promise",
    "promise_broken",
    "customer_question",
    "customer_copy_request",
    "customer_mail",
    "remittance_advice",
    "remittance_review",
    "remittance_received",
    "remittance_list",
    "remittance_deduction",
    "remittance_lapsed",
    "credit_request",
    "advance_invoice",
    "bank_statement",
    "notice_undelivered",
    "payment_over",
    "credit_on_paid",
    "refund",
    "refund_given_twice",
    "dispute_opened",
    "dispute_lost",
    "dispute_turned",
    "debit_failed",
    "debit_returned",
    "payout_mismatch",
    "payout_unknown",
    "payout_unmet",
    "payout_failed",
    "checkout_lost",
    "gateway_unknown_payment",
    "template_broken",
    "charge",
    "stored_card",
    "bank_file_refused",
    "bank_gap",
    "bank_entries",
    "mailbox_unreachable",
    "job_parked",
    "something",
}
