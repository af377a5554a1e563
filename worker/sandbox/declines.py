"""Why a bank said no: Stripe's decline codes, what they advise, and what the payer reads.

Sources: docs.stripe.com/declines/codes and /declines/card (advice codes). Network codes are those
of ISO 8583, as Visa and Mastercard send them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from worker.sandbox.state import Object

NEVER, LATER, CHECK = "do_not_try_again", "try_again_later", "confirm_card_data"
ADVICE = (NEVER, LATER, CHECK)
APPROVED: Object = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "seller_message": "Payment complete.",
    "type": "authorized",
}


@dataclass(frozen=True, slots=True)
class Decline:
    """`code` is Stripe's error code; `decline_code` the bank's reason, None for bank debits."""

    code: str
    decline_code: str | None
    message: str
    advice_code: str | None = None
    network_decline_code: str | None = None
    network_advice_code: str | None = None

    @property
    def error(self) -> Object:
        """The error as an intent keeps it."""
        kept = {
            "type": "card_error" if self.decline_code else "invalid_request_error",
            "code": self.code,
            "decline_code": self.decline_code,
            "message": self.message,
            "advice_code": self.advice_code,
            "network_advice_code": self.network_advice_code,
            "network_decline_code": self.network_decline_code,
        }
        # The page shows how a decline code is missing; the rest Stripe leaves out.
        return {name: value for name, value in kept.items() if value or name == "decline_code"}

    def advised(self, advice: str | None, network: str | None, hint: str | None) -> Decline:
        """The same with other advice, and other codes of the network, where given."""
        if advice is not None and advice not in ADVICE:
            raise ValueError(f"{advice!r} is not one of Stripe's advice codes: {ADVICE}.")
        return replace(
            self,
            advice_code=advice or self.advice_code,
            network_decline_code=network or self.network_decline_code,
            network_advice_code=hint or self.network_advice_code,
        )

    @property
    def outcome(self) -> Object:
        """The outcome as a charge keeps it."""
        blocked = self.decline_code in ("highest_risk_level", "merchant_blacklist")
        return {
            "advice_code": self.advice_code,
            "network_advice_code": self.network_advice_code,
            "network_decline_code": self.network_decline_code,
            "network_status": "not_sent_to_network" if blocked else "declined_by_network",
            "reason": self.decline_code or self.code,
            "risk_level": "highest" if blocked else "normal",
            "seller_message": "The bank did not approve the payment.",
            "type": "blocked" if blocked else "issuer_declined",
        }


_SENTENCES = {
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "insufficient_funds": "Your card has insufficient funds.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}
# These are error codes of their own; every other decline has the code card_declined.
_OWN_CODE = frozenset(
    {
        "authentication_required",
        "expired_card",
        "incorrect_cvc",
        "incorrect_number",
        "incorrect_zip",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "processing_error",
    }
)
_NOTHING = (None, None)
_KNOWN: dict[str, tuple[str | None, str | None]] = {
    "approve_with_id": (LATER, "08"),
    "authentication_required": _NOTHING,
    "authentication_not_handled": _NOTHING,
    "call_issuer": (None, "01"),
    "card_not_supported": (NEVER, "57"),
    "card_velocity_exceeded": (LATER, "65"),
    "currency_not_supported": (None, "57"),
    "do_not_honor": (LATER, "05"),
    "do_not_try_again": (NEVER, "79"),
    "duplicate_transaction": (None, "94"),
    "expired_card": (CHECK, "54"),
    "fraudulent": (NEVER, "59"),
    "generic_decline": (None, "05"),
    "highest_risk_level": _NOTHING,
    "incorrect_address": (CHECK, None),
    "incorrect_cvc": (CHECK, "N7"),
    "incorrect_number": (CHECK, "14"),
    "incorrect_pin": (None, "55"),
    "incorrect_zip": (CHECK, None),
    "insufficient_funds": (LATER, "51"),
    "invalid_account": (NEVER, "14"),
    "invalid_amount": (None, "13"),
    "invalid_cvc": (CHECK, "82"),
    "invalid_expiry_month": (CHECK, "54"),
    "invalid_expiry_year": (CHECK, "54"),
    "invalid_number": (CHECK, "14"),
    "invalid_pin": (None, "55"),
    "issuer_not_available": (LATER, "91"),
    "lost_card": (NEVER, "41"),
    "merchant_blacklist": _NOTHING,
    "mobile_device_authentication_required": _NOTHING,
    "new_account_information_available": (CHECK, None),
    "no_action_taken": (LATER, "21"),
    "not_permitted": (None, "57"),
    "offline_pin_required": (None, "65"),
    "online_or_offline_pin_required": (None, "70"),
    "pickup_card": (NEVER, "04"),
    "pin_try_exceeded": (None, "75"),
    "processing_error": (LATER, "96"),
    "reenter_transaction": (LATER, "19"),
    "restricted_card": (NEVER, "62"),
    "revocation_of_all_authorizations": (NEVER, "R3"),
    "revocation_of_authorization": (NEVER, "R1"),
    "security_violation": (None, "63"),
    "service_not_allowed": (None, "57"),
    "stolen_card": (NEVER, "43"),
    "stop_payment_order": (NEVER, "R0"),
    "testmode_decline": _NOTHING,
    "transaction_not_allowed": (None, "57"),
    "try_again_later": (LATER, "19"),
    "withdrawal_count_limit_exceeded": (LATER, "65"),
}
CODES = tuple(_KNOWN)


def decline(decline_code: str) -> Decline:
    """What Stripe says for this decline code. Raises ValueError for one it does not have."""
    if decline_code not in _KNOWN:
        raise ValueError(f"{decline_code!r} is not one of Stripe's decline codes: {CODES}.")
    advice, network = _KNOWN[decline_code]
    code = decline_code if decline_code in _OWN_CODE else "card_declined"
    sentence = _SENTENCES.get(decline_code, "Your card was declined.")
    return Decline(code, decline_code, sentence, advice, network)
