"""The day until which an invoice is to be paid: beside a label, in a sentence, or by its terms."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterator

from worker.readers.layout_labels import Fact, Labelled
from worker.readers.page_layout import Cell, Layout
from worker.readers.written_dates import DateOrder

_SENTENCE = re.compile(
    r"(?:bis (?:zum|spätestens|sp. zum)?|zahlbar (?:netto )?bis|netto bis|fällig(?:keit)?(?: am)?"
    r"|remit until|(?:pay(?:able|ment)?|paid) (?:by|before|until|on)|due (?:on|by|date)?|avant le"
    r"|au plus tard le|échéance|paiement le|prélevé le|vóór|uiterlijk(?: op)?|vervalt op|entro il"
    r"|scadenza|vence el|antes del|até(?: a| ao)? dia|termin\w*|senast|forfallsdato|senest"
    r"|viimeistään|splatn\w+(?: do)?|nejpozději do|zapłaty do|platit do|până la(?: data de)?"
    r"|tarihine kadar|(?:оплатить|сплатити) до)\W{0,3}$",
    re.IGNORECASE,
)
_DISCOUNT = re.compile(r"skonto|escompte|discount|korting|%|verzug|retard|acompte", re.IGNORECASE)
_AT_ONCE = re.compile(
    r"paiement imm[ée]diat|paiement comptant|sofort (?:fällig|zahlbar)|zahlbar sofort"
    r"|due (?:up)?on receipt|payable (?:immediately|on receipt)|pago al contado|per direct"
    r"|pagamento immediato|vista fattura",
    re.IGNORECASE,
)
_DAYS = re.compile(
    r"(?<![\d.,/-])(?P<days>\d{1,3})\s?(?:\(\w{1,20}\)\s)?"
    r"(?:calendar |kalender ?|working )?"
    r"(?:tagen?|days?|jours?|dagen|dag[eai]r?|dagars?|giorni|gg|d[ií]as|dni|dnů|dnech|napon|nap|zile"
    r"|gün|päivää|pvä?|vrk|дн[іейя]\w*|j|d)\b",
    re.IGNORECASE,
)
_NET = re.compile(r"\bnet[to]{0,2} ?(\d{1,3})(?![\d.,%/])(?! ?[€£$])", re.IGNORECASE)
# Words that make a number of days the terms of payment, and words that make it something else.
_OF_PAYMENT = re.compile(
    r"zahl|überweis|innerhalb|innert|binnen|within|net|sous|sotto|entro|terms|pay|paiement|r[èe]gl"
    r"|pagam|pago|betal|vade|ödeme|termin|płat|platno|splat|fizet|plat[ăa]|maksu|bonific|due|frist"
    r"|villkor|échéance|scaden|vencim|fällig|оплат|сплат|rechnung|invoice|facture",
    re.IGNORECASE,
)
_OF_ELSE = re.compile(
    r"liefer|reklam|widerruf|rückgabe|return|refund|warrant|garanti|gültig|valid|trial|complain"
    r"|beanstand|deliver|livraison|retour|consegna|entrega|klacht|overdue|interest|late|mahn"
    r"|dispute|object|claim",
    re.IGNORECASE,
)
_MONTH_END = re.compile(
    r"^\W{0,3}(?:fin de mois|fine mese|d\.?f\.?f\.?m|f\.?m\b|end of (?:the )?month|eom\b"
    r"|einde maand|fin de mes|zum monatsende)",
    re.IGNORECASE,
)


def due(
    layout: Layout, labels: list[Labelled], order: DateOrder, issued: Fact | None
) -> Fact | None:
    """The day to pay by, where the document says one or lets it be counted."""
    facts = [
        Fact(day, found.cell, found.strength - 0.1 * (found.cell.page - 1))
        for found in labels
        if "due_date" in found.roles and (day := order.first(found.value[:80]))
    ]
    facts += _in_sentences(layout, order)
    if issued is not None:
        facts = [fact for fact in facts if fact.value >= issued.value]
    if facts:
        return max(facts, key=lambda fact: fact.strength)
    return _by_terms(layout, issued) if issued is not None else None


def _in_sentences(layout: Layout, order: DateOrder) -> Iterator[Fact]:
    """Days in running text behind words like `payable by`; a discount's day is not it."""
    for cell in layout.cells:
        for found in order.find(cell.text):
            before = cell.text[max(0, found.start - 30) : found.start]
            if _SENTENCE.search(before):
                clause = cell.text[max(0, found.start - 60) : found.start]
                yield Fact(found.day, cell, 0.35 if _DISCOUNT.search(clause) else 0.7)


def _by_terms(layout: Layout, issued: Fact) -> Fact | None:
    """The day that terms in days give, counted from the day of the invoice."""
    facts: list[Fact] = []
    for row in layout.rows:
        if _AT_ONCE.search(row.text):
            facts.append(Fact(issued.value, row.cells[0], 0.4))
        facts += _counted(row.text, row.cells[0], issued.value)
    return max(facts, key=lambda fact: fact.strength, default=None)


def _counted(text: str, cell: Cell, issued: dt.date) -> Iterator[Fact]:
    for match in [*_DAYS.finditer(text), *_NET.finditer(text)]:
        clause = text[max(0, match.start() - 40) : match.end() + 25]
        around = text[max(0, match.start() - 70) : match.end() + 20]
        if _DISCOUNT.search(clause) or not _OF_PAYMENT.search(around) or _OF_ELSE.search(around):
            continue
        day = issued + dt.timedelta(days=int(match[1]))
        if _MONTH_END.search(text[match.end() : match.end() + 25]):
            day = day.replace(day=monthrange(day.year, day.month)[1])
        yield Fact(day, cell, 0.5)
