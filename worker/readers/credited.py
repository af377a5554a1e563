"""Which invoice a credit note in plain words credits: `Gutschrift zu Rechnung RE-2026-17`."""

from __future__ import annotations

import re

_INVOICE = (
    r"(?:rechnungs?|(?:original |tax )?invoice|facture|fattura|factura|factuur|faktura)"
    r"(?:[- ]?(?:nummer|number|numero|numéro|nr|no|n°|nº|num)\b)?"
)
# What stands before the invoice in a sentence or label that names what is credited.
_CREDITS = (
    r"(?:zu(?:r)?|für|betrifft|bezug(?:nehmend auf)?|ursprüngliche|storniert|korrigiert"
    r"|for|against|of|credits|original|regarding|re|ref(?:erence)?|corrects|cancels"
    r"|sur|concernant|relative à|annule|su|relativa a|rif(?:erimento)?|de|sobre|anula"
    r"|voor|betreft|do|dotyczy)"
)
_NAMED = re.compile(
    rf"\b{_CREDITS}(?:\s+(?:die|der|our|the|la|l'|unsere[rn]?))?[:\s]+{_INVOICE}"
    r"[\s.:#]*(?!(?:vom|dated?|du|del|van|from|of)\b)"
    r"(?P<number>[A-Za-z]{0,6}[-/_ ]?\d[\w/.\-]{0,38})",
    re.IGNORECASE,
)
_IS_DAY = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}", re.ASCII)


def named_invoices(text: str, own_number: str | None) -> tuple[str, ...]:
    """The numbers of the invoices that the words name as credited, each once, in their order."""
    found: dict[str, str] = {}
    # A page of text names its invoice near its beginning; what is longer is not worth the search.
    for match in _NAMED.finditer(text[:20_000]):
        number = match["number"].strip().rstrip(".,;:")
        key = "".join(number.split()).upper()
        if not _IS_DAY.fullmatch(number) and key != "".join((own_number or "").split()).upper():
            found.setdefault(key, number)
    return tuple(found.values())
