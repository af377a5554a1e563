"""Tokens: made again from the row, never from the database alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.kernel.errors import PermanentError
from worker.paylinks import LinkKeys
from worker.paylinks.tokens import hash_of

OLD, NEW = LinkKeys({1: b"old"}), LinkKeys({1: b"old", 2: b"new"})


def test_the_same_link_and_key_give_the_same_token() -> None:
    token = NEW.token("lnk_1", 1)
    assert token == OLD.token("lnk_1", 1)
    assert re.fullmatch(r"[a-z2-7]{32}", token)


@given(st.text(), st.text())
def test_other_links_have_other_tokens(one: str, other: str) -> None:
    assert (NEW.token(one, 2) == NEW.token(other, 2)) is (one == other)


def test_new_links_are_made_with_the_newest_key() -> None:
    assert NEW.newest == 2
    assert NEW.token("lnk_1", 2) != NEW.token("lnk_1", 1)


def test_a_key_that_is_gone_is_named() -> None:
    with pytest.raises(PermanentError, match="version 2 is not configured"):
        OLD.token("lnk_1", 2)


def test_the_hash_does_not_hold_the_token() -> None:
    token = NEW.token("lnk_1", 2)
    assert token not in hash_of(token)
    assert hash_of(token) == hash_of(token)


def test_a_signature_is_good_for_one_purpose_and_outlives_a_new_key() -> None:
    made = OLD.sign("form", "x")
    assert NEW.is_signed("form", "x", made)
    assert not NEW.is_signed("opened", "x", made)
    assert not NEW.is_signed("form", "y", made)
    assert not OLD.is_signed("form", "x", NEW.sign("form", "x"))


@given(st.text())
def test_no_other_text_is_a_signature(text: str) -> None:
    assert not NEW.is_signed("form", "x", text)


def test_a_signature_of_a_page_is_never_a_token() -> None:
    assert NEW.sign("form", "lnk_1") != NEW.token("lnk_1", 2)
