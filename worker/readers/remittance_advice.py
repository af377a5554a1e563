"""Remittance advice in a mail or a file: every source read, compared, and put together.

The new words of a mail, its tables, its pages and its scans may all speak of one payment. Where
they agree they are one; where they differ a person must look. What was quoted is never read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.readers import remittance_pages, remittance_prose, remittance_tables
from worker.readers.forwards import subject_kind
from worker.readers.model import Claim, Problem, Remittance
from worker.readers.page_layout import Layout
from worker.readers.plain_documents import hidden_figures
from worker.readers.remittance_covers import covered
from worker.readers.remittance_days import day_by_word, paid_day
from worker.readers.remittance_drafts import Draft, DraftLine, method_in, squeezed
from worker.readers.remittance_figures import currency_named
from worker.readers.remittance_words import flattened, folded, says

MAX_TEXT_CHARACTERS = 20_000
_AHEAD_DAYS = 14
_TOP_ROWS = 6
_CELLS = re.compile(r"\t+|[ ]{2,}")
# What a person must decide, whatever the figures say: the words' table, and what to tell.
_SAID = (
    ("correction", "it corrects something said before"),
    ("doubt", "the payer is not sure, or sets a condition"),
    ("excess", "it speaks of too much money, or of money to be returned"),
    ("failed", "it speaks of a payment that failed"),
    ("not_done", "whether it was paid, and by whom, is not sure"),
    ("before_now", "it says that this was paid before; the money must be looked for"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a mail: its subject, its new text, and the day on it."""

    subject: str = ""
    text: str = ""
    sent_on: dt.date | None = None
    is_reply: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """A file with the mail: rows of a table, or the words on its pages."""

    name: str
    rows: tuple[tuple[str, ...], ...] = ()
    layout: Layout | None = None
    is_scan: bool = False
    has_formulas: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """The payments that a mail or file states, and what it says beyond the figures."""

    remittances: tuple[Remittance, ...]
    claim: Claim
    has_files: bool = False

    def doubted(self, doubts: Iterable[str]) -> Advice:
        """The same with more for a person to look at."""
        added = tuple(Problem(rule="MAIL", text=text) for text in doubts)
        claim = self.claim.model_copy(update={"problems": (*self.claim.problems, *added)})
        return replace(self, claim=claim)


@dataclass(frozen=True, slots=True)
class _Source:
    file: Attached
    drafts: tuple[Draft, ...]
    is_advice: bool


def read(written: Written, attached: Iterable[Attached] = ()) -> Advice:
    """What was paid, from all sources."""
    files = list(attached)
    sources = [s for s in (_source(file, written.sent_on) for file in files) if s.drafts]
    # The subject of a mail that brings a file names the file, not an invoice.
    body = _body(replace(written, subject="") if sources else written)
    drafts, problems = _together(body, sources)
    words = flattened(f"{written.subject}\n{written.text}")
    drafts = [_completed(draft, body, words, written) for draft in drafts]
    problems += [problem for draft in drafts for problem in draft.problems]
    problems += _problems(folded(written.text), files)
    problems += _far_days(drafts, written.sent_on)
    return Advice(
        remittances=tuple(draft.remittance() for draft in drafts),
        claim=_claim(written, files, drafts, problems),
        has_files=bool(files),
    )


def names_itself(attached: Attached) -> bool:
    """Whether a file says that it is an advice of payment."""
    if attached.layout is not None:
        return remittance_pages.is_advice(attached.layout)
    return any(says("titles", folded(" ".join(row))) for row in attached.rows[:12])


def is_summed(attached: Attached) -> bool:
    """Whether a table names items and prints the sum that they make."""
    draft = remittance_tables.read(attached.rows, None)
    return draft is not None and draft.is_total_stated and not draft.problems


# -- sources -------------------------------------------------------------------------------------


def _body(written: Written) -> list[Draft]:
    """The payments in the mail's new words; its subject helps where they name no invoice."""
    text = written.text
    lines = text.splitlines()
    rows = [[cell.strip() for cell in _CELLS.split(line.strip())] for line in lines]
    currency = _currency(text) or (None if written.is_reply else _currency(written.subject))
    table = remittance_tables.read(rows, written.sent_on, currency)
    if table is not None and table.has_every_amount and not table.problems:
        day = table.paid_on or _day(text, written.sent_on)
        return [replace(table, paid_on=day)]
    drafts = remittance_prose.read(text.replace("\t", "  "), written.sent_on, currency)
    names_one = any(line.as_written for draft in drafts for line in draft.lines)
    has_sum = any(draft.total is not None for draft in drafts)
    if names_one and has_sum:
        return drafts
    with_subject = remittance_prose.read(
        _with_subject(written, text, has_sum=has_sum), written.sent_on, currency
    )
    named = [d for d in with_subject if any(line.as_written for line in d.lines)]
    return named if named else drafts


def _with_subject(written: Written, text: str, *, has_sum: bool) -> str:
    """The subject before the text. The amount in a reply's subject is the invoice's, not paid."""
    subject = written.subject
    if has_sum or written.is_reply:
        subject = re.sub(r"[€£$¥]\s?[\d.,' ]*\d|\b[A-Z]{3}\s?[\d.,']*\d[.,]\d{2}\b", " ", subject)
        subject = re.sub(r"\(\s*\)", " ", subject)
    return f"{text}\n\n{subject}" if written.is_reply else f"{subject}\n\n{text}"


def _day(text: str, sent_on: dt.date | None) -> dt.date | None:
    return paid_day(flattened(text), sent_on)


def _currency(text: str) -> str | None:
    return currency_named(flattened(text))


def _source(file: Attached, sent_on: dt.date | None) -> _Source:
    if file.layout is not None:
        draft = remittance_pages.read(file.layout, sent_on)
    else:
        draft = remittance_tables.read(file.rows, sent_on)
    return _Source(file, (draft,) if draft is not None else (), names_itself(file))


# -- putting together ----------------------------------------------------------------------------


def _together(body: list[Draft], sources: list[_Source]) -> tuple[list[Draft], list[Problem]]:
    """The payments of all sources, each once, and where sources differ."""
    problems: list[Problem] = []
    files = [
        s for s in sources if not s.file.is_scan and (s.is_advice or s.drafts[0].has_every_amount)
    ]
    scans = [s for s in sources if s.file.is_scan]
    stated = [draft for draft in body if draft.total is not None or draft.lines]
    kept: list[Draft] = []
    for source in files:
        for draft in source.drafts:
            twin = next((k for k in kept if _is_same(k, draft)), None)
            if twin is None and any(_overlap(k, draft) for k in kept):
                problems.append(_differ(f"{source.file.name} and another file"))
            if twin is None:
                kept.append(draft)
    if kept and stated and not _agree(stated, kept):
        problems.append(_differ("the mail's text and its attachment"))
    if not kept:
        kept = stated or [draft for source in scans for draft in source.drafts]
    return kept, problems


def _differ(what: str) -> Problem:
    return Problem(rule="SOURCES", text=f"{what} say different things")


def _is_same(one: Draft, other: Draft) -> bool:
    return one.total == other.total and _keys(one) == _keys(other)


def _keys(draft: Draft) -> set[tuple[str, Decimal | None]]:
    return {(squeezed(line.as_written), line.amount) for line in draft.lines}


def _overlap(one: Draft, other: Draft) -> bool:
    named = {key for key, _ in _keys(one) if key}
    return bool(named & {key for key, _ in _keys(other) if key})


def _agree(body: list[Draft], files: list[Draft]) -> bool:
    """Whether the text says nothing that the files do not say as well."""
    sums = [draft.total for draft in files]
    whole = sum((value for value in sums if value is not None), Decimal(0))
    lines = [line for draft in files for line in draft.lines]
    for draft in body:
        amounts = [line.amount for line in draft.lines]
        listed = {*sums, whole, *(line.amount for line in lines)}
        if draft.total is not None and draft.total not in listed:
            return False
        for line, amount in zip(draft.lines, amounts, strict=True):
            if line.as_written is not None and not _is_listed(
                line.as_written, amount, lines, draft.total
            ):
                return False
    return True


def _is_listed(
    written: str, amount: Decimal | None, lines: list[DraftLine], total: Decimal | None
) -> bool:
    key = squeezed(written)
    for line in lines:
        other = squeezed(line.as_written)
        is_named = key == other or (len(key) >= 3 and (other.endswith(key) or key.endswith(other)))
        if is_named and (amount in (None, line.amount) or amount == total):
            return True
    return False


def _completed(draft: Draft, body: list[Draft], words: str, written: Written) -> Draft:
    """A file's payment with what only the mail's own words say."""
    first = body[0] if body else None
    said_on = first.paid_on if first else None
    return replace(
        draft,
        paid_on=draft.paid_on or said_on or day_by_word(folded(written.subject), written.sent_on),
        currency=draft.currency or (first.currency if first else None) or _currency(words),
        method=draft.method or method_in(folded(words)),
        payer_reference=draft.payer_reference or (first.payer_reference if first else None),
    )


# -- beyond the figures --------------------------------------------------------------------------


def _problems(words: str, files: list[Attached]) -> list[Problem]:
    found = [Problem(rule=name.upper(), text=text) for name, text in _SAID if says(name, words)]
    if any(file.is_scan for file in files):
        found.append(Problem(rule="SCAN", text="a scan was read, where figures may be mistaken"))
    if any(says("planned", _top(file)) for file in files):
        found.append(Problem(rule="PLANNED", text="a file says that it is a plan or a reminder"))
    if any(file.has_formulas for file in files):
        text = "figures in the sheet are formulas, calculated elsewhere"
        found.append(Problem(rule="FORMULAS", text=text))
    for layout in (file.layout for file in files if file.layout is not None):
        found += hidden_figures(layout)
        if layout.is_behind_picture:
            text = "its text lies behind a picture, which may show something else"
            found.append(Problem(rule="PICTURE", text=text))
    return found


def _far_days(drafts: list[Draft], sent_on: dt.date | None) -> list[Problem]:
    """Runs are announced some days ahead; a month ahead it is a plan."""
    return [
        Problem(rule="TO-COME", text=f"it is to be paid on {draft.paid_on}")
        for draft in drafts
        if draft.paid_on and sent_on and (draft.paid_on - sent_on).days > _AHEAD_DAYS
    ]


def _top(file: Attached) -> str:
    """The first lines of a page or sheet, where it says what it is."""
    if file.layout is not None:
        return folded("\n".join(row.text for row in file.layout.rows[:_TOP_ROWS]))
    return folded("\n".join(" ".join(row) for row in file.rows[:_TOP_ROWS]))


def _claim(
    written: Written, files: list[Attached], drafts: list[Draft], problems: list[Problem]
) -> Claim:
    words = folded(written.text)
    texts = [written.subject, written.text]
    texts += [file.layout.text for file in files if file.layout is not None]
    texts += ["\n".join("  ".join(row) for row in file.rows[:500]) for file in files]
    covers = covered(flattened(written.text), written.sent_on)
    return Claim(
        text=flattened("\n".join(texts))[:MAX_TEXT_CHARACTERS],
        sent_on=written.sent_on,
        is_part=any(draft.is_part for draft in drafts),
        part_of=next((draft.part_of for draft in drafts if draft.part_of is not None), None),
        is_resent=says("resent", words),
        covers=covers.what,
        covers_from=covers.start,
        covers_until=covers.end,
        covers_due_days=covers.by_due_day,
        rate=next((draft.rate for draft in drafts if draft.rate is not None), None),
        problems=tuple(dict.fromkeys(problems)),
    )


def is_answer(subject: str, in_reply_to: tuple[str, ...]) -> bool:
    """Whether a mail answers one of ours, so that its subject is ours."""
    return bool(in_reply_to) or subject_kind(subject) == "reply"
