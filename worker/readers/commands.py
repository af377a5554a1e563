"""One-word orders in a reply to one of our notices: is the first line one of them?

Only their form is known here; what one does, and whether the sender may, is for the flow.
"""

from __future__ import annotations

import re

LINES_MAX = 6

_WORDS = (
    r"yes|no|ok|resend|status|link|hold|release|help|stop|replace|refuse|send(?: it)?|"
    r"send as corrected|received|not received|ja|nein|hilfe|erneut senden|freigeben|halten|"
    r"erhalten|nicht erhalten|oui|non|aide|sí|si|ayuda|sì|aiuto|sim|não|ajuda|nee"
)
_WITH_VALUE = (
    r"(?:send to|senden an):? \S+@\S+|total:? [\d.,]+(?: [a-z]{3})?|(?:customer|kunde):? \S.{0,80}"
)
_COMMAND = re.compile(rf"(?:{_WORDS})|{_WITH_VALUE}", re.IGNORECASE)


def is_command(text: str) -> bool:
    """Whether a reply's new words are an order: its first line is one, and little else follows."""
    lines = [line.strip(" \t.!,;:*_") for line in text.split("\n") if line.strip()]
    return bool(lines) and len(lines) <= LINES_MAX and _COMMAND.fullmatch(lines[0]) is not None
