"""What kind of mail a mail is, and the reasons a person can check.

Structure decides before words: a report is a report, a document that was read is a document. Words
are taken only from the new text of a mail, sentence by sentence: "if I paid by the 25th?" is no
payment. The first kind that applies in DESIGN's order wins.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from worker.readers.automatic import answered_because
from worker.readers.forwards import subject_kind
from worker.readers.instructions import is_command
from worker.readers.model import Bounce, DocType, Forwarded, Kind, Reply
from worker.readers.opening import OpenedMail
from worker.readers.written_dates import month_names

SENTENCES_MAX = 60
SENTENCE_MAX_CHARACTERS = 400
ACKNOWLEDGEMENT_MAX_WORDS = 60


@dataclass(frozen=True, slots=True)
class Findings:
    """What the other readers found in a mail and its parts.

    `is_structured` where a document carries its data; others were read from a page.
    """

    doc_types: tuple[DocType, ...] = ()
    is_structured: bool = False
    remittances: int = 0
    statements: int = 0
    forwarded: Forwarded | None = None
    reply: Reply | None = None
    bounce: Bounce | None = None


class Sorted(NamedTuple):
    """The kind of a mail and why."""

    kind: Kind
    reasons: tuple[str, ...] = ()


_WORDS = tomllib.loads(Path(__file__).with_name("sorting_words.toml").read_text("utf-8"))


def _words(name: str) -> re.Pattern[str]:
    """One table of the words' file as a pattern."""
    by_language: dict[str, list[str]] = _WORDS[name]
    spaced = [words for code, words in by_language.items() if code not in ("ja", "zh")]
    # Chinese and Japanese set no spaces, so a word may begin anywhere there.
    wide = [word for code in ("ja", "zh") for word in by_language.get(code, [])]
    begun = "|".join(word for words in spaced for word in words)
    return re.compile("|".join([rf"(?<!\w)(?:{begun})", *wide]))


_PAID = _words("paid")
_PROMISED = _words("promised")
_FUTURE = _words("future")
_PAST = _words("past")
_PERFECT = _words("perfect")
_PAY = _words("pay")
_DEMANDED = _words("demanded")
_DISPUTED = _words("disputed")
_COPY_WANTED = _words("copy_wanted")
_ACKNOWLEDGED = _words("acknowledged")
_LURING = _words("luring")
_WARNING_OF = _words("warning_of")
_ASKING = _words("asking")
_AUTO_SUBJECT = _words("auto_subjects")
_AUTO_WORDS = _words("auto_words")
_COMPLAINT_SUBJECT = _words("complaint_subjects")
_MONTHS = "|".join(sorted(name.title() for name in month_names()))
# A dot after a figure ends a sentence only before a capital that begins no month's name: "bis
# 12.11. im Urlaub", "am 12. November".
_SENTENCE_END = re.compile(
    r"(?<=[!?。？！])\s*|(?<=[^\d\s][.;])\s+(?=\D)|"
    rf"(?<=\d[.;])\s+(?=[A-ZÀ-ÖØ-Þ])(?!(?:{_MONTHS})\b)|"
    r"\n\s*\n|\n(?=\s*[-*•])"
)
_CONDITION = re.compile(
    r"^(?:if|when|once|unless|wenn|falls|sobald|si|quand|dès que|als|zodra|cuando|quando|se|"
    r"jeśli|gdy|om|när|hvis|når|jos|pokud|なら)\b|\bif (?:i|we) (?:paid|pay)\b|"
    r"before \S+ (?:is|was|gets) paid"
)
_CLAUSE_END = re.compile(
    r"[;:()]\s?|,(?!\d)|\s(?:but|aber|mais|maar|pero|ma|mas|ale|men|while|während)\s"
)
_UP_TO_MONTH = re.compile(
    r"(?:up to|until|through|bis|jusqu'(?:à|au)|t/m|tot en met|hasta|fino a|até|do|till och med)"
    r"(?: (?:the|ao|end|ende|fin|eind|fine|final|fim|końca|of|de|van|di|del|slutet|av))*"
    rf" (?:{'|'.join(sorted(month_names()))})\b"
)
_NEGATED = re.compile(
    r"(?<!\w)(?:not|nicht|keine?|niet|geen|non|não|nie|inte|ikke|never|jamais)\b|n't\b| pas\b|"
    r"\bno (?:hemos|he|ha|se|está)|\bun(?:paid|bezahlt)|\bnie(?:opłacon|zapłacon)|\bobetald\b|"
    r"\bimpagad|\b(?:da|por|à|falta) pag|nog betaald|pendiente de pago|ておりません|まだ"
)
# "This is no new payment" says of an advice that it was sent before.
_NOTHING_NEW = re.compile(
    r"(?:not|no|n't|keine?|pas|geen|non|não|nie|ingen|inte)\b(?: \S+){0,3} "
    r"(?:new|neue|nouveau|nieuwe|nuevo|nuovo|nov[oa]|nowa|ny)\b"
)
_FIGURE = re.compile(r"\d{3}|\d[.,]\d{2}")
_NUMBERED_CREDIT = re.compile(
    r"(?:credit notes?|gutschrift|avoir|creditnota|abono|nota (?:di|de) cr[eé]dito|kreditfaktura|"
    r"kreditnota|korekta) (?=\S*\d)"
)
_AMOUNT = re.compile(r"\d[\d.,'’ ]*[.,]\d{2}\b|[€$£¥₣]\s?\d|\d\s?(?:€|eur\b|gbp\b|usd\b|chf\b|円)")
_TABULAR = frozenset(
    {
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/x-ole-storage",
    }
)
_PROGRAMS = frozenset({"application/x-msdownload", "application/x-executable"})


def sort(opened: OpenedMail, found: Findings) -> Sorted:
    """The kind of a mail, the first that applies."""
    for decide in (_by_structure, _by_documents, _by_words):
        decided = decide(opened, found)
        if decided is not None:
            return decided
    return Sorted(Kind.OTHER, ("Nothing in it says what it is.",))


def _by_structure(opened: OpenedMail, found: Findings) -> Sorted | None:
    # A bounce or a report of abuse carries what others wrote, bait included.
    is_report = found.bounce is not None or _is_complaint(opened)
    lure = None if is_report else _lure(opened, found)
    if lure is not None:
        return Sorted(Kind.SUSPICIOUS, (lure,))
    if found.bounce is not None:
        return Sorted(Kind.BOUNCE, ("A mail server says that a mail was not delivered.",))
    if _is_complaint(opened):
        return Sorted(Kind.COMPLAINT, ("It reports a complaint, or wants no more mail.",))
    auto = _auto_reply(opened)
    if auto is not None:
        return Sorted(Kind.AUTO_REPLY, (auto,))
    text = found.reply.text if found.reply else ""
    is_answer = subject_kind(opened.envelope.subject) == "reply" or opened.envelope.in_reply_to
    if is_answer and is_command(text):
        return Sorted(Kind.COMMAND, (f"Its first line is a command: “{_first_line(text)}”.",))
    return None


def _by_documents(opened: OpenedMail, found: Findings) -> Sorted | None:
    if found.remittances:
        return Sorted(Kind.REMITTANCE, ("It holds a remittance advice.",))
    # An advice printed as a page lists numbers and totals just as an invoice does.
    named = None if found.is_structured else _named_advice(opened)
    if found.doc_types and named:
        return Sorted(Kind.REMITTANCE, (f"What it holds is named a payment: “{named[:80]}”.",))
    if found.statements:
        return Sorted(Kind.BANK_STATEMENT, ("It holds a bank statement.",))
    if DocType.CREDIT_NOTE in found.doc_types:
        return Sorted(Kind.CREDIT_NOTE, ("It holds a credit note.",))
    if found.doc_types:
        return Sorted(Kind.INVOICE, ("It holds an invoice.",))
    return None


def _by_words(opened: OpenedMail, found: Findings) -> Sorted | None:
    text = found.reply.text if found.reply else ""
    if text.startswith(("{", "[{", "<?xml")):
        return None  # Data for a program; its words say nothing of a person's wish.
    sentences = _sentences(text)
    for kind, what, sentence in (
        (Kind.REMITTANCE, "It says that something was paid", _paid(opened, sentences)),
        (Kind.AUTO_REPLY, "It says that nobody is there", _says(sentences, _AUTO_WORDS)),
        (Kind.DISPUTE, "It objects to an invoice", _disputes(sentences)),
        (Kind.PROMISE, "It promises a payment", _promises(sentences)),
        (Kind.QUESTION, "It asks something", _question(sentences)),
        (Kind.COPY_REQUEST, "It asks for a copy", _wants_copy(opened, sentences)),
        (Kind.ACKNOWLEDGEMENT, "It thanks or confirms receipt", _acknowledges(text, sentences)),
    ):
        if sentence:
            return Sorted(kind, (f"{what}: “{sentence[:160]}”.",))
    return None


def _sentences(text: str) -> list[str]:
    """The text in sentences and lines, in lower case. Numbers keep their dots."""
    flat = re.sub(r"[ \t]+", " ", text.replace("’", "'"))
    pieces = _SENTENCE_END.split(flat)
    cut = [" ".join(piece.casefold().split())[:SENTENCE_MAX_CHARACTERS] for piece in pieces]
    return [piece for piece in cut if piece][:SENTENCES_MAX]


def _is_question(sentence: str) -> bool:
    return sentence.endswith(("?", "？"))


def _says(sentences: list[str], pattern: re.Pattern[str]) -> str | None:
    return next(
        (s for s in sentences if not _is_question(s) and pattern.search(s)),
        None,
    )


def paid_in(subject: str, text: str) -> str | None:
    """What says in a mail that another brought that something was paid; one without files."""
    sentences = _sentences(text)
    said = next((sentence for sentence in sentences if _is_payment(sentence)), None)
    if said is not None or any(_is_unpaid(sentence) for sentence in sentences):
        return said
    is_named = subject_kind(subject) != "reply" and _PAID.search(subject.casefold())
    return subject if is_named and any(map(_AMOUNT.search, sentences)) else None


def promise_in(text: str) -> str | None:
    """The sentence of a mail that promises a payment."""
    return _promises(_sentences(text))


def second_thought(text: str) -> str | None:
    """The sentence of somebody who passes a mail on that asks, objects, or denies something."""
    unsure = re.compile("|".join(each.pattern for each in (_ASKING, _DISPUTED, _NEGATED)))
    return next((s for s in _sentences(text) if _is_question(s) or unsure.search(s)), None)


def _paid(opened: OpenedMail, sentences: list[str]) -> str | None:
    """The sentence that says something was paid: no question, no condition, no promise."""
    for sentence in sentences:
        if _is_payment(sentence):
            return sentence
    if not _attachments(opened) and any(_is_unpaid(sentence) for sentence in sentences):
        return None
    has_figures = any(_AMOUNT.search(sentence) for sentence in sentences)
    return _named_advice(opened) if has_figures or _attachments(opened) else None


def _is_payment(sentence: str) -> bool:
    """Whether a sentence says that something was paid."""
    if _is_question(sentence) or _CONDITION.search(sentence) or _DEMANDED.search(sentence):
        return False
    if _paid_clause(sentence):
        return True
    if _NEGATED.search(_NOTHING_NEW.sub(" ", sentence)):
        return False
    # A credit note with its number exists; only one without is asked for.
    sentence = _NUMBERED_CREDIT.sub(" ", sentence)
    is_past = bool(_PAST.search(sentence))
    if _FUTURE.search(sentence) and not (is_past and _PERFECT.search(sentence)):
        return False
    if not is_past and _DISPUTED.search(sentence):
        return False
    return not _is_promise(sentence) and bool(
        _PAID.search(sentence) or (is_past and _PAY.search(sentence) and re.search(r"\d", sentence))
    )


def speaks_against(text: str, *, names_itself: bool) -> str | None:
    """The sentence of a mail that takes back what its attached list of payments seems to say.

    A file that names itself an advice may be announced for a day to come, as payment runs are.
    """
    sentences = _sentences(text)
    if any(_is_payment(sentence) for sentence in sentences):
        return None
    for sentence in sentences:
        is_about = _PAID.search(sentence) or _PAY.search(sentence)
        is_denied = is_about and _NEGATED.search(_NOTHING_NEW.sub(" ", sentence))
        is_other = _COPY_WANTED.search(sentence) or _DISPUTED.search(sentence)
        is_to_come = not names_itself and (_is_promise(sentence) or _is_question(sentence))
        if is_denied or is_other or is_to_come:
            return sentence
    return None


def _is_unpaid(sentence: str) -> bool:
    """Whether a sentence says of a payment that it is to come, or was not made."""
    is_about = _PAID.search(sentence) or _PAY.search(sentence)
    is_open = _FUTURE.search(sentence) or _NEGATED.search(sentence) or _is_promise(sentence)
    return bool((is_about and (is_open or _is_question(sentence))) or _NEGATED.search(sentence))


def _paid_clause(sentence: str) -> bool:
    """Whether a part of the sentence says it is done, whatever the rest promises or objects to.

    "We paid 500 today, the rest follows next month."
    """
    if not _FIGURE.search(sentence):
        return False
    bare = " ".join(_UP_TO_MONTH.sub(" ", sentence).split())
    for clause in _CLAUSE_END.split(bare):
        is_open = _FUTURE.search(clause) or _PROMISED.search(clause) or _NEGATED.search(clause)
        is_done = _PERFECT.search(clause) or _PAST.search(clause)
        if _PAID.search(clause) and is_done and not is_open:
            return not _DISPUTED.search(clause)
    return False


def _is_promise(sentence: str) -> bool:
    """Whether a sentence speaks of a payment to come."""
    if _is_question(sentence) or _DEMANDED.search(sentence):
        return False
    if _PROMISED.search(sentence):
        return True
    return bool(_FUTURE.search(sentence) and _PAY.search(sentence) and not _PAST.search(sentence))


def _named_advice(opened: OpenedMail) -> str | None:
    """The subject, or the name of an attached table, that says payment; no reply's subject."""
    subject = opened.envelope.subject
    if subject_kind(subject) != "reply" and _PAID.search(subject.casefold()):
        return subject
    return _in_table(opened)


def _in_table(opened: OpenedMail) -> str | None:
    """A table whose own name says that it lists payments."""
    for media_type, name in _attachments(opened):
        is_table = media_type in _TABULAR or media_type == "application/pdf"
        if is_table and _PAID.search(re.sub(r"[_\-.]", " ", name.casefold())):
            return name
    return None


def _attachments(opened: OpenedMail) -> list[tuple[str, str]]:
    return [(part.media_type, part.name or "") for part, _ in opened.parts if part.is_attachment]


def _disputes(sentences: list[str]) -> str | None:
    """An objection, not the doubt whether there is cause for one."""
    return _says([s for s in sentences if not _ASKING.search(s)], _DISPUTED)


def _promises(sentences: list[str]) -> str | None:
    return next((sentence for sentence in sentences if _is_promise(sentence)), None)


def _question(sentences: list[str]) -> str | None:
    asked = [s for s in sentences if _is_question(s) or _ASKING.search(s)]
    return next((s for s in asked if not _COPY_WANTED.search(s)), None)


def _wants_copy(opened: OpenedMail, sentences: list[str]) -> str | None:
    said = next((s for s in sentences if _COPY_WANTED.search(s)), None)
    return None if _attachments(opened) else said


def _acknowledges(text: str, sentences: list[str]) -> str | None:
    if len(text.split()) > ACKNOWLEDGEMENT_MAX_WORDS:
        return None
    return _says(sentences, _ACKNOWLEDGED)


def _lure(opened: OpenedMail, found: Findings) -> str | None:
    """What makes a mail suspicious: a program attached, or words that lead money elsewhere."""
    for part, _ in opened.parts:
        if part.media_type in _PROGRAMS:
            return f"A program is attached: {part.name or 'without a name'}."
    return lure_in(opened.envelope.subject, found.reply.text if found.reply else "")


def lure_in(subject: str, text: str) -> str | None:
    """The sentence of a mail that leads money elsewhere."""
    for sentence in _sentences(f"{subject}\n\n{text}"):
        if _LURING.search(sentence) and not _WARNING_OF.search(sentence):
            return f"It asks for other bank details or for secrets: “{sentence[:160]}”."
    return None


def _is_complaint(opened: OpenedMail) -> bool:
    if opened.root is None:
        return False
    if opened.root.content_type.parameters.get("report-type", "").lower() == "feedback-report":
        return True
    if opened.headers.has("feedback-type"):
        return True
    return bool(_COMPLAINT_SUBJECT.match(opened.envelope.subject.casefold())) or any(
        part.media_type == "message/feedback-report" for part, _ in opened.parts
    )


def _auto_reply(opened: OpenedMail) -> str | None:
    """Why a mail is an automatic answer."""
    answered = answered_because(opened.headers)
    if answered is not None:
        return answered
    if any(part.media_type == "message/disposition-notification" for part, _ in opened.parts):
        return "It is a receipt that a mail program wrote."
    if _AUTO_SUBJECT.search(opened.envelope.subject.casefold()):
        return f"Its subject is that of an automatic answer: “{opened.envelope.subject[:80]}”."
    return None


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), "")[:80]
