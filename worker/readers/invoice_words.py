"""The words of invoices: labels by role (`invoice_labels.toml`), titles, how to compare them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

# Words that open an invoice or a credit note, as patterns over folded text.
INVOICE_TITLE = (
    r"(?:\w*rechnung(?:skorrektur)?|(?:tax |vat |sales |commercial )?invoice|factures?|factuur"
    r"|fattura|factura|fatura|faktura(?: vat)?|lasku|szamla|nota de debito|τιμολογιο"
    r"|danovy doklad|arve|rekins|(?:pvm )?saskaita(?: faktura)?|racun|фактура|счет(?: фактура)?"
    r"|рахунок|請求書|发票|發票)"
)
CREDIT_TITLE = (
    r"(?:gutschrift|rechnungsgutschrift|stornorechnung|credit ?(?:note|memo|invoice)|avoir"
    r"|facture d ?avoir|creditnota|creditfactuur|nota di credito|nota credito|nota de credito"
    r"|factura rectificativa|faktura korygujaca|kreditnota|kreditfaktura|hyvityslasku|dobropis"
    r"|jovairo szamla|s?z?torno szamla|credit|nota de credit|iade faturasi|korekta faktury"
    r"|opravny danovy doklad|credit memorandum|kreditfaktuur|kredit(?:arve|rekins)|odobrenje"
    r"|πιστωτικο(?: τιμολογιο)?)"
)
NUMBER_MARK = r"(?:nummer|number|numero|numer|nr|no|n|num|nro|c|#)"
_PUNCTUATION = re.compile(r"[^\w#]+")


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """The text in lower case without accents and punctuation, words parted by one blank."""
    lowered = text.casefold().replace("ß", "ss").replace("ł", "l").replace("ø", "o")
    lowered = lowered.replace("æ", "ae").replace("°", " ").replace("º", " ").replace("ı", "i")
    plain = (
        lowered
        if lowered.isascii()
        else "".join(
            c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c)
        )
    )
    return " ".join(_PUNCTUATION.sub(" ", plain).replace("_", " _ ").split())


def _by_phrase() -> dict[str, tuple[str, ...]]:
    """The roles that a phrase may have, in any language."""
    table: dict[str, list[str]] = {}
    labels = Path(__file__).with_name("invoice_labels.toml").read_text("utf-8")
    for role, languages in tomllib.loads(labels).items():
        for phrases in languages.values():
            for phrase in phrases:
                roles = table.setdefault(folded(phrase), [])
                if role not in roles:
                    roles.append(role)
    return {phrase: tuple(roles) for phrase, roles in table.items()}


def _other_titles() -> frozenset[str]:
    """The titles of papers that look like invoices and are none (`other_titles.toml`)."""
    titles = Path(__file__).with_name("other_titles.toml").read_text("utf-8")
    return frozenset(
        folded(title) for language in tomllib.loads(titles).values() for title in language
    )


ROLES_BY_PHRASE = _by_phrase()
OTHER_TITLES = _other_titles()
LONGEST_PHRASE = max(len(phrase.split()) for phrase in ROLES_BY_PHRASE)
