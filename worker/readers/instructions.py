"""What people order in plain words: above a forward (`send to: ann@example.com`), or in a reply.

Only whole lines count, and only a person's own words: nothing inside the forwarded mail, no
quotation, no signature. What is ordered is a wish; whether it may happen is for the flow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from worker.readers.addresses import mailboxes

LINES_MAX = 40
COMMAND_MAX_LINES = 6

# What a line may begin with, by language; the addresses follow, with or without a colon.
SEND_TO = (
    "send to|send it to|send this to|please send to|please send it to|please send this to|"
    "forward to|deliver to|email to|mail to|bill to|invoice to|"
    "senden an|sende an|bitte an|bitte senden an|schicken an|schick an|bitte schicken an|"
    "rechnung an|weiterleiten an|"
    "envoyer à|envoyer a|envoyez à|à envoyer à|merci d'envoyer à|transmettre à|"
    "enviar a|envíe a|envia a|enviar para|envie para|mandar a|mandar para|"
    "inviare a|invia a|mandare a|manda a|"
    "stuur naar|sturen naar|stuur aan|verzenden naar|verstuur naar|"
    "skicka till|send til|sendes til|lähetä|wyślij do|wysłać do|prześlij do|odeslat na|poslat na|"
    "pošli na|küldd|küldje|trimite la|trimiteți la|gönder|送付先|送信先|宛先"
)
_NO_LINK = (
    "no pay link|no payment link|no paylink|no link|"
    "without pay link|without payment link|without link|"
    "kein zahllink|kein zahlungslink|ohne zahllink|ohne zahlungslink|ohne link|"
    "sans lien|sans lien de paiement|pas de lien|pas de lien de paiement|"
    "sin enlace|sin enlace de pago|senza link|senza link di pagamento|"
    "geen betaallink|zonder betaallink|geen link|zonder link|"
    "sem link|sem link de pagamento|utan betallänk|ingen betallänk|uten betalingslenke|"
    "uden betalingslink|bez linku|bez odkazu|ilman maksulinkkiä"
)
_SEND = re.compile(rf"^(?:{SEND_TO})\s*[:：]?\s*(.*)$", re.IGNORECASE)
_LINKLESS = re.compile(
    rf"^(?:{_NO_LINK})[\s,]*(?:please|bitte|s'il vous plaît|por favor)?[.!]?$", re.I
)
_QUOTED = re.compile(r"^\s*>")
_END = re.compile(r"^-- ?$")
_ADDRESS = re.compile(r"[^\s<>(),;:/]+@[^\s<>(),;:/]+")
_CUTTABLE = " \t*_-•\"'"

# One-word answers to a notice of ours, and orders about what it is about.
_ORDERS = (
    r"yes|no|ok|resend|status|link|hold|release|help|stop|replace|refuse|send(?: it)?|"
    r"send as corrected|received|not received|ja|nein|hilfe|erneut senden|freigeben|halten|"
    r"erhalten|nicht erhalten|oui|non|aide|sí|si|ayuda|sì|aiuto|sim|não|ajuda|nee"
)
_WITH_VALUE = (
    r"(?:send to|senden an):? \S+@\S+|total:? [\d.,]+(?: [a-z]{3})?|(?:customer|kunde):? \S.{0,80}"
)
_COMMAND = re.compile(rf"(?:{_ORDERS})|{_WITH_VALUE}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Instructions:
    """`send_to` in the order written; `problem` says why a line could not be understood."""

    send_to: tuple[str, ...] = ()
    no_pay_link: bool = False
    problem: str | None = None


def instructions(note: str) -> Instructions:
    """The instructions in a forwarder's own words."""
    send_to: list[str] = []
    no_pay_link = False
    problem: str | None = None
    for line in _own_lines(note):
        match = _SEND.match(line)
        if match and (match[1] or line.endswith((":", "："))):
            found = [box.address for box in mailboxes(match[1]) if box.address]
            send_to.extend(found)
            written = {address.strip(".").casefold() for address in _ADDRESS.findall(match[1])}
            if len(written) > len(found):
                problem = f"“{line[:80]}” names several addresses."
            # "Send to accounting as usual" orders nothing; "send to: Acme" is an order half given.
            if not found and (":" in line or "：" in line):
                problem = f"“{line[:80]}” names no email address."
        elif _LINKLESS.match(line):
            no_pay_link = True
    return Instructions(tuple(dict.fromkeys(send_to)), no_pay_link, problem)


def _own_lines(note: str) -> list[str]:
    lines: list[str] = []
    for raw in note.split("\n")[:LINES_MAX]:
        if _END.match(raw.rstrip()):
            break
        if not _QUOTED.match(raw):
            lines.append(" ".join(raw.split()).strip(_CUTTABLE))
    return lines


def is_command(text: str) -> bool:
    """Whether a reply's new words are an order: its first line is one, and little else follows."""
    lines = [line.strip(" \t.!,;:*_") for line in text.split("\n") if line.strip()]
    return (
        bool(lines) and len(lines) <= COMMAND_MAX_LINES and _COMMAND.fullmatch(lines[0]) is not None
    )
