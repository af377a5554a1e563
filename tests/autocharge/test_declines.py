"""What follows a decline, code by code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from worker.autocharge import Decline, Remedy, course

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("codes", "remedy", "tries", "not_before"),
    [
        (
            "insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded",
            Remedy.WAIT,
            3,
            _DAY,
        ),
        (
            "try_again_later issuer_not_available processing_error reenter_transaction "
            "approve_with_id no_action_taken",
            Remedy.WAIT,
            3,
            4 * _HOUR,
        ),
        (
            "do_not_honor generic_decline call_issuer security_violation service_not_allowed",
            Remedy.WAIT,
            1,
            2 * _DAY,
        ),
        ("transaction_not_allowed", Remedy.NEW_CARD, 0, None),
        ("duplicate_transaction invalid_amount", Remedy.STAFF, 0, None),
        ("authentication_required", Remedy.CONFIRM, 0, None),
        (
            "expired_card incorrect_number invalid_number incorrect_cvc invalid_cvc "
            "invalid_expiry_month invalid_expiry_year incorrect_zip invalid_account "
            "new_account_information_available",
            Remedy.NEW_CARD,
            0,
            None,
        ),
        (
            "card_not_supported currency_not_supported not_permitted restricted_card "
            "offline_pin_required online_or_offline_pin_required testmode_decline",
            Remedy.NEW_CARD,
            0,
            None,
        ),
        ("a_code_of_next_year", Remedy.NEW_CARD, 0, None),
    ],
)
def test_a_code_has_its_remedy_and_no_more_tries_than_it_allows(
    codes: str, remedy: Remedy, tries: int, not_before: timedelta | None
) -> None:
    for code in codes.split():
        found = course(Decline(code))
        assert (found.remedy, found.tries) == (remedy, tries), code
        assert not_before is None or found.not_before == not_before, code
        assert (found.stops_card, found.ends_mandate) == (False, False), code


@pytest.mark.parametrize(
    "code", ["lost_card", "stolen_card", "pickup_card", "do_not_try_again", "fraudulent"]
)
def test_a_card_that_may_never_be_tried_again_is_stopped_and_nobody_told_why(code: str) -> None:
    found = course(Decline(code))
    assert found.stops_card
    assert found.is_final
    assert (found.tells_customer, found.words) == (True, "declined")


@pytest.mark.parametrize(
    "code",
    ["stop_payment_order", "revocation_of_authorization", "revocation_of_all_authorizations"],
)
def test_a_customer_who_told_the_bank_to_stop_has_ended_the_mandate(code: str) -> None:
    found = course(Decline(code))
    assert found.ends_mandate
    assert found.is_final
    assert (found.tells_customer, found.words) == (True, "declined")


@pytest.mark.parametrize(
    ("decline", "tries", "not_before"),
    [
        # Advice stops what the code alone would try again.
        (Decline("insufficient_funds", advice_code="do_not_try_again"), 0, None),
        (Decline("do_not_honor", advice_code="confirm_card_data"), 0, None),
        (Decline("do_not_honor", network_advice_code="03"), 0, None),
        (Decline("generic_decline", network_advice_code="21"), 0, None),
        (Decline("insufficient_funds", network_advice_code="01"), 0, None),
        # Advice slows it down.
        (Decline("insufficient_funds", network_advice_code="02"), 3, 3 * _DAY),
        (Decline("insufficient_funds", network_advice_code="27"), 3, 4 * _DAY),
        (Decline("do_not_honor", network_advice_code="24"), 1, 2 * _DAY),
        (Decline("insufficient_funds", network_advice_code="24"), 3, _DAY),
        (Decline("issuer_not_available", network_advice_code="25"), 3, _DAY),
        (Decline("insufficient_funds", network_advice_code="26"), 3, 2 * _DAY),
        (Decline("insufficient_funds", network_advice_code="28"), 3, 6 * _DAY),
        (Decline("insufficient_funds", network_advice_code="29"), 3, 8 * _DAY),
        (Decline("insufficient_funds", network_advice_code="30"), 3, 10 * _DAY),
        (Decline("do_not_honor", network_advice_code="41"), 0, None),
        # It never allows what the code forbids.
        (Decline("stolen_card", advice_code="try_again_later"), 0, None),
        (Decline("expired_card", advice_code="try_again_later"), 0, None),
        (Decline("lost_card", network_advice_code="24"), 0, None),
        # Alone, it speaks for itself.
        (Decline("a_code_of_next_year", advice_code="try_again_later"), 3, _DAY),
        (Decline(None, advice_code="try_again_later"), 3, _DAY),
        (Decline(None), 0, None),
        (Decline(None, advice_code="try_again_later", visa_code="46"), 0, None),
        (Decline("do_not_honor", visa_code="05"), 1, 2 * _DAY),
    ],
)
def test_advice_stops_or_slows_and_never_hurries(
    decline: Decline, tries: int, not_before: timedelta | None
) -> None:
    found = course(decline)
    assert found.tries == tries
    assert not_before is None or found.not_before == not_before


def test_advice_of_the_network_that_revokes_ends_the_mandate_whatever_the_code() -> None:
    assert course(Decline("insufficient_funds", network_advice_code="21")).ends_mandate


@pytest.mark.parametrize(
    "code", ["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"]
)
def test_what_a_visa_issuer_will_never_approve_is_not_tried_again(code: str) -> None:
    found = course(Decline("insufficient_funds", "try_again_later", visa_code=code))
    assert (found.is_final, found.stops_card) == (True, True)
    assert found.ends_mandate is code.startswith("R")


def test_a_card_that_visa_closed_is_told_of_in_the_words_of_its_code_but_never_a_stolen_one() -> (
    None
):
    assert course(Decline("invalid_number", visa_code="14")).words == "card_data"
    assert course(Decline("insufficient_funds", visa_code="43")).words == "declined"
    assert course(Decline("stolen_card", visa_code="14")).words == "declined"
