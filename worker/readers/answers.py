"""One-word answers and orders: `yes`, `send to ann@example.com`, `total 120.00`, `status INV-7`.

Case, punctuation, politeness and the language do not matter; everything else does. A line that is
neither a word of ours nor a courtesy makes the whole answer unclear: "yes, but not to Bob" is no
yes. Nothing is ever guessed. Quoted lines never count, whoever left them in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice

from worker.kernel.mail import NotAnAddress, mailbox
from worker.readers.instructions import SEND_TO
from worker.readers.listed import is_unclear, listed, numbers
from worker.readers.written_amounts import currency_of, parse

LINES_MAX = 40
LINE_MAX_CHARACTERS = 300
SIGNATURE_MAX_LINES = 8


class Word(StrEnum):
    """What can be said, by its English name. Each has its forms in other languages below."""

    YES = "yes"
    NO = "no"
    SEND_TO = "send to"
    TOTAL = "total"
    NUMBER = "number"
    CUSTOMER = "customer"
    REPLACE = "replace"
    SEND_CORRECTED = "send as corrected"
    REFUSE = "refuse"
    DONE = "done"
    RECEIVED = "received"
    NOT_RECEIVED = "not received"
    RECEIVED_THESE = "received numbers"
    NOT_RECEIVED_THESE = "not received numbers"
    PAYS = "pays"
    RESEND = "resend"
    STATUS = "status"
    LINK = "link"
    HOLD = "hold"
    RELEASE = "release"
    HELP = "help"
    CREDIT_REQUEST = "credit request"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said: the word, what it came with, and the invoice number it names, if any."""

    word: Word
    value: str = ""
    about: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.word.value, self.value, self.about) if part)


# Words that add to each other; of all others an answer has one.
FILLING = frozenset({Word.SEND_TO, Word.TOTAL, Word.NUMBER, Word.CUSTOMER})
_OF_A_LIST = frozenset({Word.RECEIVED_THESE, Word.NOT_RECEIVED_THESE})

_PLAIN: dict[Word, str] = {
    Word.YES: (
        "yes|y|yep|yeah|yup|ok|okay|o.k|yes it is|yes ok|go ahead|yes go ahead|do it|please do|"
        "approved|approve|i approve|accept|accept it|accepted|i accept|"
        "confirmed|confirm|i confirm|correct|that's correct|right|"
        "that's right|looks good|send|send it|yes send it|send it out|"
        "ja|jawohl|jep|ja gerne|ja passt|ja ok|passt|passt so|stimmt|stimmt so|in ordnung|"
        "genehmigt|freigegeben|einverstanden|anerkannt|akzeptiert|akzeptieren|"
        "senden|bitte senden|bestätigt|"
        "oui|d'accord|c'est bon|sí|si|sì|de acuerdo|vale|va bene|d'accordo|sim|akkoord|ano|"
        "kyllä|igen|da|はい"
    ),
    Word.NO: (
        "no|n|nope|no thanks|no thank you|don't|do not|don't send|don't send it|do not send|"
        "do not send it|not this one|"
        "nein|nein danke|nicht senden|bitte nicht|bitte nicht senden|"
        "non|non merci|no gracias|no grazie|não|nee|nej|nei|nie|ne|ei|nem|いいえ"
    ),
    Word.REPLACE: "replace|replace it|replace the first|ersetzen|bitte ersetzen|remplacer|"
    "reemplazar|sostituire|sostituisci|vervangen",
    Word.SEND_CORRECTED: "send as corrected|send it as corrected|send corrected|as corrected|"
    "corrected|als korrektur senden|als korrigiert senden|korrigiert senden|als korrektur|"
    "envoyer comme corrigée|envoyer corrigée|enviar corregida|inviare corretta|invia corretta",
    Word.REFUSE: "refuse|refuse it|refused|reject|reject it|rejected|ablehnen|abgelehnt|refuser|"
    "refusé|rechazar|rifiutare|rifiuta|weigeren|afwijzen",
    Word.RECEIVED: "received|money received|we received it|it has come|it came|arrived|"
    "it has arrived|all received|received all|eingegangen|ist eingegangen|geld ist eingegangen|"
    "erhalten|alle eingegangen|alles eingegangen|"
    "reçu|bien reçu|recibido|ricevuto|ontvangen|otrzymano|recebido",
    Word.NOT_RECEIVED: "not received|not yet received|nothing received|none received|not arrived|"
    "keine eingegangen|nichts eingegangen|"
    "not yet arrived|it has not come|nicht eingegangen|noch nicht eingegangen|nicht erhalten|"
    "pas reçu|non reçu|no recibido|non ricevuto|niet ontvangen|nie otrzymano|não recebido",
    Word.DONE: "done|all done|it is done|seen to|handled|resolved|close|close it|erledigt|"
    "ist erledigt|fait|c'est fait|hecho|fatto|gedaan|klaar",
}
_ABOUT_INVOICE: dict[Word, str] = {
    Word.RESEND: "resend|resend it|send again|send it again|send once more|erneut senden|"
    "noch einmal senden|nochmal senden|nochmals senden|neu senden|renvoyer|reenviar|reinviare|"
    "reinvia|opnieuw sturen",
    Word.STATUS: "status|what is the status|stand|stato|statut|estado",
    Word.LINK: "link|pay link|payment link|new link|zahllink|zahlungslink|neuer link|lien|"
    "lien de paiement|enlace|enlace de pago|betaallink",
    Word.HOLD: "hold|hold it|on hold|put on hold|anhalten|zurückhalten|halten|bloquer|retener|"
    "trattenere|aanhouden",
    Word.RELEASE: "release|release it|freigeben|freigabe|libérer|liberar|sbloccare|vrijgeven",
    Word.HELP: "help|hilfe|aide|ayuda|aiuto|ajuda|hulp|?",
}
# Said of money, these are never done by mail; they are recognised to be refused kindly.
_MONEY = re.compile(
    r"(?:refund|pay out|pay back|charge|credit|write off|write it off|mark(?: it)?(?: as)? paid|"
    r"paid|received|discount|change (?:the )?(?:iban|bank|account|amount|price|due date)|"
    r"new iban|new bank|iban|bank details|"
    r"erstatten|erstattung|zurückzahlen|abbuchen|gutschreiben|ausbuchen|abschreiben|bezahlt|"
    r"erhalten|rabatt|neue iban|neue bankverbindung|bankverbindung|iban ändern|"
    r"rembourser|débiter|reembolsar|rimborsare|terugbetalen)\b.{0,120}",
    re.IGNORECASE,
)
_POLITE = (
    "please|pls|plz|kindly|thanks|thank you|thanks a lot|many thanks|thank you very much|thx|"
    "cheers|bitte|danke|vielen dank|danke schön|dankeschön|merci|merci beaucoup|s'il vous plaît|"
    "s'il te plaît|svp|stp|por favor|gracias|muchas gracias|per favore|grazie|grazie mille|"
    "alstublieft|dank u|bedankt|obrigado|obrigada|tack"
)
_HELLO = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|liebe[rs]?|"
    r"guten (?:tag|morgen)|moin|servus|bonjour|bonsoir|salut|hola|"
    r"buenos días|buongiorno|ciao|dag|beste|hej|tillmail)"
    r"(?: [^\d@,;:!?]{1,40})?",
    re.IGNORECASE,
)
_BYE = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|many)?\s?regards|best|best wishes|cheers|sincerely|"
    r"yours(?: sincerely| truly)?|thanks and regards|(?:mit )?(?:viele|liebe|beste|schöne|"
    r"freundliche|herzliche)[nr]? gr(?:ü|ue)(?:ß|ss)en?|gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|mfg|lg|vg|"
    r"(?:bien )?cordialement|bien à vous|(?:un )?saludos?(?: cordiales)?|cordiali saluti|saluti|"
    r"(?:met )?vriendelijke groeten?|mvg|groeten|med vänliga hälsningar|mvh)",
    re.IGNORECASE,
)
# Beside a greeting and under a closing stand names; a second thought there makes it unclear.
_SECOND_THOUGHT = re.compile(
    r"\b(?:p\.?s|but|not|don't|unless|except|wait|stopp?|hold|however|only|aber|nicht|"
    r"kein\w*|doch|nur|außer|warte\w*|halt|mais|pas|sauf|pero|salvo|ma|non|maar|niet)\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"(?:the )?(?:total|amount|sum|gesamtbetrag|betrag|summe|montant|total ttc|totale|importe|"
    r"importo|totaal|bedrag)(?: (?:is|ist|est|es|è))?\s*[:=]?\s*(?=[^\w\s]?\s?\d|[a-z]{3} ?\d)(.+)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?:the )?(?:invoice |rechnungs?)?(?:number|no\.?|nr\.?|nummer|numéro|número|numero|#)"
    r"(?: (?:is|ist|est|es|è))?\s*[:=]?\s*(\S*\d\S*)",
    re.IGNORECASE,
)
_CUSTOMER = re.compile(
    r"(?:the )?(?:customer|kunde|kundin|kundennummer|client|cliente|klant)"
    r"(?: (?:is|ist|est|es|è)\b)?\s*[:=]?\s+(\S.{0,99})",
    re.IGNORECASE,
)
# With the cents written out: a date or a house number is no amount.
_RECEIVED = re.compile(
    r"(?:received|eingegangen|erhalten|reçu|recibido|ricevuto|ontvangen):? "
    r"(?P<amount>[^\w\s]?\s?(?:[a-z]{3} ?)?\d[\d.,'’ ]*[.,]\d{2,3}(?: ?(?:[a-z]{3}|\W))?)",
    re.IGNORECASE,
)
_CREDIT_REQUEST = re.compile(
    r"(?:credit request|vorauszahlung|anzahlung)(?: of| over| über| von)?:? "
    r"(?P<amount>[^\w\s]?\s?(?:[a-z]{3} ?)?\d[\d.,'’ ]*(?: ?(?:[a-z]{3}|euros?|[^\w\s]))?)"
    r" (?:for|from|to|für|von|an) (?P<customer>\S.{0,99})",
    re.IGNORECASE,
)
_PAYS = re.compile(
    r"(?:pays )?(?P<number>#?\S*\d\S*?)\s*[:=]?\s+"
    r"(?P<amount>[^\w\s]?\s?(?:[a-z]{3} ?)?\d[\d.,'’]*[.,]\d{2,3}(?: ?(?:[a-z]{3}|\W))?)",
    re.IGNORECASE,
)
_SEND_INVOICE_TO = re.compile(r"(?:re)?send (\S*\d\S*) to:? ([^\s,;]+@[^\s,;]+)", re.IGNORECASE)
_SEND = re.compile(rf"(?:{SEND_TO})\s*[:：]?\s*(\S.*)", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?:(?:of|for|about|invoice|no\.?|von|für|zu|rechnung|nr\.?|de|pour|facture|factura|fattura|"
    r"factuur)\s+)*(#?[^\s,;]*\d[^\s,;]{0,39})",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"([^,.!;:–—]+)\s*[,.!;:–—]+\s+(\S.*)")
_NUMBER_TEXT = re.compile(r"\d[\d.,'’\s\u00a0\u202f]*")
_CUTTABLE = " \t*_-–—•\"'“”„’.,!;:"
_END = re.compile(r"^-- ?$")
_RULE = re.compile(r"^__+$")


def _known(table: dict[Word, str]) -> dict[str, Word]:
    return {form: word for word, forms in table.items() for form in forms.split("|")}


_EXACT = _known(_PLAIN)
_ORDERS = _known(_ABOUT_INVOICE)
_COURTESIES = frozenset(_POLITE.split("|"))
_COURTESY = "|".join(re.escape(word) for word in sorted(_COURTESIES, key=len, reverse=True))
_BEFORE = re.compile(rf"(?:{_COURTESY})[\s,!.:;-]+(?=\S)", re.IGNORECASE)
_BEHIND = re.compile(rf"(?<=\S)[\s,!.:;-]+(?:{_COURTESY})[\s.!]*$", re.IGNORECASE)


def said(text: str, *, names: Collection[str] = ()) -> tuple[Said, ...]:
    """What an answer's new words say, each thing once; nothing at all where they are unclear.

    `names` are the writer's own, which may stand under the answer without a closing.
    """
    own = {part.casefold() for name in names for part in name.split()}
    found: list[Said] = []
    lines = list(islice((line for line in _lines(text) if line), LINES_MAX + 1))
    if len(lines) > LINES_MAX:
        return ()  # What stands further down could be a "but".
    for at, line in enumerate(lines):
        if _BYE.fullmatch(line) or _RULE.match(line):
            if not _is_signature(lines[at + 1 :]):
                return ()
            break
        if line != "?" and own and all(p.casefold().strip(_CUTTABLE) in own for p in line.split()):
            continue
        in_line = _in_line(line)
        if in_line is None:
            return ()
        found += in_line
    return _agreeing(found)


def amount(value: str) -> tuple[Decimal, str | None] | None:
    """The amount and currency that `total 1.234,56 EUR` names; None where it can be read twice."""
    digits = _NUMBER_TEXT.search(value)
    if digits is None or _NUMBER_TEXT.search(value[digits.end() :]):
        return None
    number = digits[0].strip().rstrip(".,")
    marks = [mark for mark in number if mark in ".,"]
    if len(marks) == 1 and re.search(r"[.,]\d{3}$", number):
        return None  # 1,234 is a thousand to one and little more than one to another.
    found = parse(number, marks[-1] if marks else ".")
    named = re.sub(r"\bEUROS?\b", "EUR", value.upper())
    currency = currency_of(named) if value.strip() != number else None
    if currency is None and any(character.isalpha() for character in value):
        return None  # What stands beside it may be a currency that we do not know.
    return None if found is None else (found, currency)


def _lines(text: str) -> Iterable[str]:
    for raw in text.replace("’", "'").split("\n"):
        if _END.match(raw.rstrip()):
            return
        if not raw.lstrip().startswith((">", "&gt;")):
            line = " ".join(raw.split())[:LINE_MAX_CHARACTERS]
            yield line if line == "?" or _RULE.match(line) else line.strip(_CUTTABLE)


def _in_line(line: str) -> list[Said] | None:
    """What one line says; None where it says something else."""
    line = line.strip(_CUTTABLE) if line != "?" else line
    if not line or line.casefold() in _COURTESIES or _is_hello(line):
        return []
    one = _one(line)
    if (one is None or one.word is Word.MONEY) and (of_list := _of_list(line)):
        return of_list
    bare = _BEHIND.sub("", _BEFORE.sub("", line, count=1)).strip(_CUTTABLE)
    if one is not None and (one.word is not Word.MONEY or bare == line):
        return [one]
    if bare != line:
        return _in_line(bare)
    clause = _CLAUSE.fullmatch(line)
    if clause is None or is_unclear(line):
        return None
    first = _in_line(clause[1])
    rest = _in_line(clause[2]) if first is not None else None
    return None if first is None or rest is None else first + rest


def _is_hello(line: str) -> bool:
    """Whether a line greets somebody and says no more: names may be anything, a "wait" is none."""
    return _HELLO.fullmatch(line) is not None and not _SECOND_THOUGHT.search(line)


def _one(line: str) -> Said | None:
    plain = line.casefold()
    if plain in _EXACT:
        return Said(_EXACT[plain])
    if plain in _ORDERS:
        return Said(_ORDERS[plain])
    return _valued(line) or _order(line) or _money(line)


def _of_list(line: str) -> list[Said]:
    """Lines of a numbered list that came, and those that did not."""
    words = {True: Word.RECEIVED_THESE, False: Word.NOT_RECEIVED_THESE}
    found = listed(line)
    is_plain = all(numbers(which) is not None for which, _ in found)
    return [Said(words[came], which) for which, came in found] if is_plain else []


def _valued(line: str) -> Said | None:
    if came := _RECEIVED.fullmatch(line):
        value = came["amount"].strip()
        return Said(Word.RECEIVED, value) if amount(value) is not None else None
    if asked := _CREDIT_REQUEST.fullmatch(line):
        value, customer = asked["amount"].strip(), asked["customer"].strip(_CUTTABLE)
        return Said(Word.CREDIT_REQUEST, value, customer) if amount(value) is not None else None
    if paid := _PAYS.fullmatch(line):
        value = paid["amount"].strip()
        if amount(value) is None:
            return None
        return Said(Word.PAYS, value, paid["number"].lstrip("#").rstrip(":="))
    if named := _SEND_INVOICE_TO.fullmatch(line):
        return Said(Word.SEND_TO, named[2].strip("<>.,;"), named[1])
    if sending := _SEND.fullmatch(line):
        address = _address(sending[1])
        return Said(Word.SEND_TO, address) if address else None
    if total := _TOTAL.fullmatch(line):
        return Said(Word.TOTAL, total[1].strip()) if amount(total[1]) is not None else None
    if customer := _CUSTOMER.fullmatch(line):
        return Said(Word.CUSTOMER, customer[1].strip(_CUTTABLE))
    if number := _NUMBER.fullmatch(line):
        return Said(Word.NUMBER, number[1].strip(",;:"))
    return None


def _address(text: str) -> str | None:
    """The one address that is all the text, with or without a name before it."""
    bare = text.strip(" .,;:")
    try:
        return str(mailbox(bare)[1])
    except NotAnAddress:
        return None


def _order(line: str) -> Said | None:
    """An order with the number of the invoice it is about."""
    words = line.split(" ")
    for length in range(min(len(words) - 1, 4), 0, -1):
        word = _ORDERS.get(" ".join(words[:length]).casefold())
        if word is None:
            continue
        reference = _REFERENCE.fullmatch(" ".join(words[length:]))
        return Said(word, about=reference[1].lstrip("#")) if reference else None
    return None


def _money(line: str) -> Said | None:
    return Said(Word.MONEY, line[:120]) if _MONEY.fullmatch(line) else None


def _is_signature(lines: list[str]) -> bool:
    return len(lines) <= SIGNATURE_MAX_LINES and not any(
        _SECOND_THOUGHT.search(line) or _in_line(line) for line in lines
    )


def _agreeing(found: list[Said]) -> tuple[Said, ...]:
    """What was said, if it can all be meant: fillings together, or one word."""
    different = list(dict.fromkeys(found))
    if {one.word for one in different} == {Word.PAYS}:
        return tuple(different) if len({one.about for one in different}) == len(different) else ()
    filling = [one for one in different if one.word in FILLING]
    words = {one.word for one in different}
    if words <= _OF_A_LIST:
        return tuple(different) if _names_each_once(different) else ()
    if filling and words - FILLING <= {Word.YES}:
        # "Yes, total 120.00" says no more than the total does.
        return tuple(filling) if len({one.word for one in filling}) == len(filling) else ()
    return tuple(different) if len(different) == 1 else ()


def _names_each_once(said_of_lines: list[Said]) -> bool:
    """Whether no line of a list is named twice, and those that did not come are named last.

    In "not received 2, 3" spread over two lines nobody can tell what the 3 is.
    """
    named = [number for one in said_of_lines for number in numbers(one.value) or ()]
    missing = [one.word is Word.NOT_RECEIVED_THESE for one in said_of_lines]
    return len(set(named)) == len(named) and missing == sorted(missing)
