"""Addresses that lead back to a notice, and that nobody else can make."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker import delivery
from worker.businesses import MailRules
from worker.kernel.ids import new_id
from worker.kernel.mail import Address

SECRET = b"k" * 32


@pytest.mark.parametrize(
    ("setting", "begins", "ends"),
    [
        ({"reply_domain": "reply.acme.example"}, "r-", "@reply.acme.example"),
        ({"reply_address": "invoices@acme.example"}, "invoices+r-", "@acme.example"),
    ],
)
def test_an_answer_finds_its_notice(setting: dict[str, str], begins: str, ends: str) -> None:
    rules = MailRules.model_validate({"from_address": "billing@acme.example", **setting})
    notice_id = new_id("ntc")
    to = delivery.reply_to(notice_id, rules, SECRET)
    assert to is not None
    assert to.startswith(begins)
    assert to.endswith(ends)
    assert str(Address.parse(to)) == to
    assert delivery.notice_of(to, SECRET) == notice_id
    assert delivery.notice_of(to, b"another key") is None
    assert delivery.notice_of(to.replace("r-", "r-a", 1), SECRET) is None


def test_without_a_place_for_answers_there_is_no_reply_to() -> None:
    rules = MailRules(from_address="billing@acme.example")
    assert delivery.reply_to(new_id("ntc"), rules, SECRET) is None


@pytest.mark.parametrize("address", ["acme", "in+voices@acme.example", f"{'a' * 19}@acme.example"])
def test_a_mailbox_for_answers_leaves_room_for_the_token(address: str) -> None:
    with pytest.raises(ValidationError):
        MailRules(from_address="billing@acme.example", reply_address=address)
