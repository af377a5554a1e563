"""How names, addresses and their numbers look on paper, as patterns over one cell's text."""

from __future__ import annotations

import re

from worker.readers.invoice_words import CREDIT_TITLE, INVOICE_TITLE

_FORMS = (
    r"GmbH(?: & Co\.?(?: KG(?:aA)?)?)?|gGmbH|mbH|AG|SE|KG|OHG|UG|GbR",
    r"e\.? ?V\.?|e\.? ?K\.?|a\. ?G\.?",
    r"Ltd\.?|Limited|LLC|LLP|PLC|Inc\.?|Corp\.?|Co\.|Pty",
    r"SARL|S\.A\.R\.L\.?|SAS|SASU|S\.A\.S\.?|SA|S\.A\.?|SCI|EURL|SNC",
    r"B\.?V\.?|N\.?V\.?|BVBA|VOF",
    r"S\.?r\.?l\.?|S\.?p\.?A\.?|S\.?L\.?U?\.?|Lda\.?|Unipessoal",
    r"Sp\. ?z ?o\. ?o\.?|spółka akcyjna",
    r"A/S|ApS|I/S|AB|HB|AS|ASA|Oy|Oyj",
    r"s\.r\.o\.?|a\.s\.|d\.o\.o\.?|Kft\.?|Zrt\.?|Bt\.?|A\.Ş\.|Ltd\. Şti\.?|ΑΕ|ΕΠΕ",
)
LEGAL_FORM = re.compile(rf"(?<![\w.])(?:{'|'.join(_FORMS)})(?![\w])", re.IGNORECASE)
# In their own spelling, so that `as` and `co.` in a sentence are none.
STRICT_FORM = re.compile(
    r"(?<![\w.])(?:GmbH|GMBH|AG|KG|OHG|UG|Ltd|Limited|LLC|LLP|PLC|Inc|SARL|SAS|B\.V\.|N\.V\.|S\.r\.l\.|SRL"
    r"|S\.p\.A\.|A/S|ApS|AB|HB|AS|Oy|s\.r\.o\.|a\.s\.|d\.o\.o\.|Kft\.|Zrt\.|Bt\.|S\.A\."
    r"|S\.L\.U?\.?|Lda\.?|Sp\. z o\. ?o\.|Ltd\. Şti\.|A\.Ş\.|OÜ|SIA|UAB|EOOD)(?![\w])"
)
# A legal form that is written with a full stop at its end.
DOTTED_FORM = re.compile(
    r"(?:\b[BN]\.V\.|S\.[rp]\.[lA]\.|S\.[LA]\.(?:[UR]\.(?:L\.)?)?|o\. ?o\.|r\.o\.|a\.s\.|A\.Ş\."
    r"|Şti\.|Lda\.|Kft\.|Bt\.|Zrt\.|Inc\.|Ltd\.|Co\.|Corp\.|e\. ?[VK]\.)$"
)
# A house number and a street, in either order.
STREET = re.compile(
    r"^\d{1,5}[a-z]?,? (?:[^\W\d]|\d+(?:st|nd|rd|th)\b)"
    r"|[^\W\d][.,]? (?:no:? ?)?\d{1,4} ?[a-z]?\.?$",
    re.IGNORECASE,
)
# A postal code before a town; British codes; a town with a state's letters before the code.
POSTAL = re.compile(
    r"(?:^|[\s,·●•|-])(?:[A-Z]{1,3}[- ])?"
    r"(?:\d{4,6}|\d{3} \d{2}|\d{2}-\d{3}|\d{4,5}-\d{3}|\d{4} ?[A-Z]{2})\s+"
    r"(?=[A-ZÀ-ŽΑ-ΩİȘȚĂÎ])[^\d]{2,}"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|[A-Za-z.'],? [A-Z]{2},? \d{5}(?:-\d{4})?\b"
)
SEPARATOR = re.compile(r"\s*[·●•|*∙–—]\s*|\s+-\s+|,\s+|\s{3,}")
BULLET = re.compile(r"[·●•|∙]")
CONTACT = re.compile(
    r"@|https?:|www\.|\btel\b|\bfax\b|telefon|phone|\bfon\b|iban|\bbic\b|siret|siren|\bgln\b|ust-?id"
    r"|\bvat\b|\btva\b|\bbtw\b|hrb|\bhra\b|\bp\.? ?iva\b|\bnip\b|\bkvk\b",
    re.IGNORECASE,
)
SALUTATION = re.compile(
    r"(?:herrn?|frau|firma|fa\.?|familie|an|mr\.?|mrs\.?|ms\.?|to|m\.|mme|dhr\.?|mevr\.?"
    r"|spett\.? ?le)$",
    re.IGNORECASE,
)
NAME_LABEL = re.compile(
    r"^(?:name|nom|naam|nome|nombre|nazwa|firma|company)\s*:\s*(.+)$", re.IGNORECASE
)
SUBLABEL = re.compile(r"^[^:]{2,30}:|^(?:gln|ean|id|nr|nummer|no)\b", re.IGNORECASE)
NO_NAME = re.compile(
    r"(?:name|nom|nummer|nr|no|number|e ?mail|mail|telefon|phone|tel|fax|anschrift|adresse|address"
    r"|ansprechpartner|compte|iban|bic|ort|datum|date|wahrung|devise|currency|globale nummer)"
)
PERSON_LINE = re.compile(
    r"^(?:z\. ?hd\.?|zh|att(?:n|ention)?|c/o|t\.a\.v\.|à l'attention)\b", re.IGNORECASE
)
_STATES = (
    "AT|BE|BG|CHE|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK|XI"
)
# Groups behind the first begin with a figure, or with one or two letters before one.
VAT_ID = re.compile(
    rf"(?<![A-Z0-9])((?:{_STATES})[ -]?[A-Z0-9]{{2,14}}"
    r"(?:[ .](?=[A-Z]{0,2}\.?[0-9])[A-Z0-9]{1,10}){0,5})(?![A-Z0-9])"
)
# How many characters follow the letters of the state, at most.
_VAT_LENGTHS = (
    "AT9 BE10 BG10 CHE9 CY9 CZ10 DE9 DK8 EE9 EL9 ES9 FI8 FR11 GB12 HR11 HU8 IE9 IT11 LT12 LU8 LV11"
    " MT8 NL12 NO9 PL10 PT9 RO10 SE12 SI8 SK10 XI12"
)
VAT_LENGTHS = {
    entry.rstrip("0123456789"): int(entry.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    for entry in _VAT_LENGTHS.split()
}
VAT_WORD = re.compile(
    r"ust|mwst|uid|vat|tva|btw|iva|moms|nip|\bnif\b|\bcif\b|\bcui\b|tax|dph|dič|alv|\bid\b|cvr"
    r"|adósz|\borg\.? ?n|mva|y-tunnus|momsreg|ΑΦΜ",
    re.IGNORECASE,
)
IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,5}){3,8}(?![A-Za-z0-9])")
CALLED_IBAN = re.compile(r"\bIBAN\W{0,4}([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30})")
BUYERS_OWN = re.compile(
    r"\b(?:client|ihre|ihr|your|customer|kunden?|votre|uw|cliente|acheteur|buyer|bestellers?)\b",
    re.IGNORECASE,
)
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
DOMAIN = re.compile(r"(?:@|www\.|https?://(?:www\.)?)([\w-]{3,63})\.")
# `Free SAS au capital de …`, `Example Ltd registered in …`
CAPITAL = re.compile(
    r"^(.{2,50}?)[\s,.–-]+(?:au capital|capital social|mit sitz|registered (?:in|office))",
    re.IGNORECASE,
)
NOISE = re.compile(r"^(?:logo|page|seite|original|kopie|copy|duplicate)\b", re.IGNORECASE)
TITLE = re.compile(rf"^(?:{INVOICE_TITLE}|{CREDIT_TITLE})\b")
