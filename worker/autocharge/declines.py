"""What follows when a bank says no to a stored card; pure.

Stripe's `decline_code` says what may follow; Stripe's advice and the network's (Mastercard's
Merchant Advice Code, and Visa's own reason where it means never) stop or slow it. A code that
nobody knows asks the customer and is never tried again by itself. Codes:
docs.stripe.com/declines/codes and /declines/card. Networks' rules: Visa Core Rules of 18 April
2026, table 7-2; Mastercard Transaction Processing Excellence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import reduce

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Remedy(StrEnum):
    """Who can mend a decline."""

    WAIT = "wait"  # Nobody needs to: the same card may work later.
    CONFIRM = "confirm"  # The customer confirms with the bank, on the same charge.
    NEW_CARD = "new_card"  # The customer gives another card or mends this one's data.
    STAFF = "staff"  # A person of the business looks first.


@dataclass(frozen=True, slots=True)
class Decline:
    """What Stripe tells of a refused attempt; None where it tells nothing."""

    decline_code: str | None
    advice_code: str | None = None
    network_advice_code: str | None = None
    # The issuer's own reason, of a Visa card: other networks' same numbers mean other things.
    visa_code: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What to do about a decline. `tries` counts further automatic tries of the same charge."""

    remedy: Remedy
    tries: int = 0
    not_before: timedelta = timedelta(0)
    stops_card: bool = False
    ends_mandate: bool = False
    # Money may arrive by itself: a payday is a better day than the one before it.
    awaits_money: bool = False
    # The reason in the customer's mail; a stolen or lost card says no more than "declined".
    words: str = "declined"

    @property
    def is_final(self) -> bool:
        """No further automatic try may follow."""
        return self.tries == 0

    @property
    def tells_customer(self) -> bool:
        """Of what may have been paid already, staff alone are told; else nobody pays it twice."""
        return self.remedy is not Remedy.STAFF or self.stops_card


_ASK = Course(Remedy.NEW_CARD)
_SOFT = Course(Remedy.WAIT, tries=3, not_before=_DAY)
_FUNDS = Course(Remedy.WAIT, tries=3, not_before=_DAY, awaits_money=True, words="funds")
_TECHNICAL = Course(Remedy.WAIT, tries=3, not_before=4 * _HOUR, words="technical")
_AMBIGUOUS = Course(Remedy.WAIT, tries=1, not_before=2 * _DAY, words="bank")
_ASK_BANK = Course(Remedy.NEW_CARD, words="bank")
_CARD_DATA = Course(Remedy.NEW_CARD, words="card_data")
_EXPIRED = Course(Remedy.NEW_CARD, words="expired")
_NOT_THIS_CARD = Course(Remedy.NEW_CARD, words="not_supported")
_NEVER = Course(Remedy.NEW_CARD, stops_card=True)
# Which words fit is for Stripe's own code to say.
_CLOSED = Course(Remedy.NEW_CARD, stops_card=True, words="")
_FRAUD = Course(Remedy.STAFF, stops_card=True)
_REVOKED = Course(Remedy.STAFF, stops_card=True, ends_mandate=True)
_CONFIRM = Course(Remedy.CONFIRM, words="confirm")
_DUPLICATE = Course(Remedy.STAFF)

_BY_CODE: dict[str, Course] = {
    "insufficient_funds": _FUNDS,
    "card_velocity_exceeded": _FUNDS,
    "withdrawal_count_limit_exceeded": _FUNDS,
    "try_again_later": _TECHNICAL,
    "issuer_not_available": _TECHNICAL,
    "processing_error": _TECHNICAL,
    "reenter_transaction": _TECHNICAL,
    "approve_with_id": _TECHNICAL,
    "no_action_taken": _TECHNICAL,
    "do_not_honor": _AMBIGUOUS,
    "generic_decline": _AMBIGUOUS,
    "call_issuer": _AMBIGUOUS,
    "security_violation": _AMBIGUOUS,
    "service_not_allowed": _AMBIGUOUS,
    "transaction_not_allowed": _ASK_BANK,
    "duplicate_transaction": _DUPLICATE,
    "authentication_required": _CONFIRM,
    "authentication_not_handled": _CONFIRM,
    "expired_card": _EXPIRED,
    "incorrect_number": _CARD_DATA,
    "invalid_number": _CARD_DATA,
    "incorrect_cvc": _CARD_DATA,
    "invalid_cvc": _CARD_DATA,
    "invalid_expiry_month": _CARD_DATA,
    "invalid_expiry_year": _CARD_DATA,
    "incorrect_zip": _CARD_DATA,
    "incorrect_address": _CARD_DATA,
    "invalid_account": _CARD_DATA,
    "new_account_information_available": _CARD_DATA,
    "card_not_supported": _NOT_THIS_CARD,
    "currency_not_supported": _NOT_THIS_CARD,
    "not_permitted": _NOT_THIS_CARD,
    "restricted_card": _NOT_THIS_CARD,
    "offline_pin_required": _NOT_THIS_CARD,
    "online_or_offline_pin_required": _NOT_THIS_CARD,
    "incorrect_pin": _NOT_THIS_CARD,
    "invalid_pin": _NOT_THIS_CARD,
    "pin_try_exceeded": _NOT_THIS_CARD,
    "testmode_decline": _NOT_THIS_CARD,
    "invalid_amount": _DUPLICATE,
    "lost_card": _NEVER,
    "stolen_card": _NEVER,
    "pickup_card": _NEVER,
    "do_not_try_again": _NEVER,
    "fraudulent": _FRAUD,
    "merchant_blacklist": _FRAUD,
    "highest_risk_level": _FRAUD,
    "stop_payment_order": _REVOKED,
    "revocation_of_authorization": _REVOKED,
    "revocation_of_all_authorizations": _REVOKED,
}

# Mastercard's Merchant Advice Codes; 24-30 name the time to wait.
_BY_NETWORK_ADVICE: dict[str, Course] = {
    "01": _CARD_DATA,
    "02": Course(Remedy.WAIT, tries=3, not_before=3 * _DAY),
    "03": _NEVER,
    "04": _ASK,
    "21": _REVOKED,
    "24": Course(Remedy.WAIT, tries=3, not_before=_HOUR),
    "25": Course(Remedy.WAIT, tries=3, not_before=_DAY),
    "26": Course(Remedy.WAIT, tries=3, not_before=2 * _DAY),
    "27": Course(Remedy.WAIT, tries=3, not_before=4 * _DAY),
    "28": Course(Remedy.WAIT, tries=3, not_before=6 * _DAY),
    "29": Course(Remedy.WAIT, tries=3, not_before=8 * _DAY),
    "30": Course(Remedy.WAIT, tries=3, not_before=10 * _DAY),
    "40": _NOT_THIS_CARD,
    "41": _NOT_THIS_CARD,
    "43": _NOT_THIS_CARD,
}


# Visa's category 1: the issuer will never approve, and another try costs a fee.
_BY_VISA: dict[str, Course] = {
    **dict.fromkeys(("04", "07", "41", "43"), _NEVER),
    **dict.fromkeys(("12", "14", "15", "46", "57"), _CLOSED),
    **dict.fromkeys(("R0", "R1", "R3"), _REVOKED),
}


def course(decline: Decline) -> Course:
    """What follows a decline. Advice may stop or slow what the code allows, never speed it up."""
    by_code = _BY_CODE.get(decline.decline_code or "")
    by_network = _BY_NETWORK_ADVICE.get(decline.network_advice_code or "")
    by_visa = _BY_VISA.get(decline.visa_code or "")
    told = [one for one in (by_code, by_network, by_visa) if one is not None]
    if by_code is None:
        is_only_later = not told and decline.advice_code == "try_again_later"
        told.append(_SOFT if is_only_later else _ASK)
    if decline.advice_code == "do_not_try_again":
        told.append(_NEVER)
    elif decline.advice_code == "confirm_card_data":
        told.append(_CARD_DATA)
    return reduce(_stricter, told)


def _stricter(one: Course, other: Course) -> Course:
    """Both obeyed: the fewer tries, the longer wait, every stop."""
    told = min(one, other, key=_severity)
    return Course(
        told.remedy,
        tries=min(one.tries, other.tries),
        not_before=max(one.not_before, other.not_before),
        stops_card=one.stops_card or other.stops_card,
        ends_mandate=one.ends_mandate or other.ends_mandate,
        awaits_money=one.awaits_money or other.awaits_money,
        words=told.words or one.words or other.words,
    )


def _severity(course: Course) -> tuple[bool, bool, int]:
    return (not course.ends_mandate, not course.stops_card, course.tries)
