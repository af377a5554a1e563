"""What a QR code for a bank transfer says, so that a banking app fills in the transfer by itself.

EPC069-12 of the European Payments Council, version 002: euros to an IBAN, and nothing else.
"""

from __future__ import annotations

from worker.businesses.model import Rules
from worker.kernel.money import Money

_MOST_MINOR = 99_999_999_999
_MOST_BYTES = 331
_NAME_LENGTH = 70
_TEXT_LENGTH = 140


def transfer_code(rules: Rules, amount: Money, reference: str) -> str | None:
    """The text of the code; None where there is no account or the amount cannot be in one."""
    iban = "".join(rules.bank.iban.split()).upper()
    if not iban or amount.currency != "EUR" or not 0 < amount.minor <= _MOST_MINOR:
        return None
    text = "\n".join(
        (
            "BCD",
            "002",
            "1",  # UTF-8
            "SCT",
            "".join(rules.bank.bic.split()).upper(),
            _line(rules.legal_name or rules.name, _NAME_LENGTH),
            iban,
            f"EUR{amount.text()}",
            "",
            "",
            _line(reference, _TEXT_LENGTH),
        )
    )
    return text if len(text.encode()) <= _MOST_BYTES else None


def _line(text: str, length: int) -> str:
    return " ".join(text.split())[:length]
