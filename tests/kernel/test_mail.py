"""The strict address grammar, and header values that cannot break a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.kernel.mail import Address, NotAnAddress, UnsafeHeader, header_safe, mailbox, unfolded

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
LOCALS = st.from_regex(
    r"[a-zA-Z0-9!#$%&'*+/^_`{|}~-]{1,12}(\.[a-zA-Z0-9é]{1,8}){0,3}", fullmatch=True
)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9 .]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ann@example.com", "", "ann@example.com"),
        ("<ann@example.com>", "", "ann@example.com"),
        ("Ann Lee <ann@Example.COM>", "Ann Lee", "ann@example.com"),
        ('"Lee, Ann" <ann@example.com>', '"Lee, Ann"', "ann@example.com"),
        ("John Q. Public <j@example.com>", "John Q. Public", "j@example.com"),
        ("=?utf-8?q?J=C3=B6?= <j@example.com>", "=?utf-8?q?J=C3=B6?=", "j@example.com"),
        ("Jö <jö@xn--bcher-kva.example>", "Jö", "jö@xn--bcher-kva.example"),
        ('"a b"@example.com', "", '"a b"@example.com'),
        ("o'neil+x=y@mail.example.com", "", "o'neil+x=y@mail.example.com"),
    ],
)
def test_plain_mailboxes_are_read_as_written(text: str, name: str, address: str) -> None:
    assert [mailbox(text)[0], str(mailbox(text)[1])] == [name, address]


@pytest.mark.parametrize(
    "text",
    [
        "<boss@corp.example>@evil.example",  # the standard library reads boss@corp.example
        "a@good.example <evil@evil.example>",  # and here a@good.example
        '"a@good.example" <evil@evil.example> x',
        "a@x.example, b@y.example",
        "A <a@x.example>, B <b@y.example>",
        "A <a@x.example> <b@y.example>",
        "<a@x.example",
        "a@x.example>",
        "Team: a@x.example;",
        "a@x.example (Ann)",
        "(c) a@x.example",
        "A <@relay.example:a@x.example>",
        "=?utf-8?q?ann?=@x.example",
        "<=?utf-8?q?ann=40good.example?=@evil.example>",
        "ann@bücher.example",
        "ann@[127.0.0.1]",
        "ann@localhost",
        "ann@x..example",
        "ann@-x.example",
        ".ann@x.example",
        "ann @x.example",
        "ann@x.example\r\nBcc: b@y.example",
        "ann\x00@x.example",
        "ann\u202e@x.example",
        "Ann\u0007 <ann@x.example>",
        "a" * 65 + "@x.example",
        "a@" + "x." * 130 + "example",
        "",
        "ann",
        "@x.example",
    ],
)
def test_what_two_readers_could_read_differently_is_no_mailbox(text: str) -> None:
    with pytest.raises(NotAnAddress):
        mailbox(text)


@given(LOCALS, DOMAINS)
def test_an_address_comes_back_the_same_when_written_again(local: str, domain: str) -> None:
    address = Address.parse(f"{local}@{domain}")
    assert Address.parse(str(address)) == address
    assert mailbox(f"<{address}>") == ("", address)


@given(NAMES, LOCALS, DOMAINS)
def test_a_header_comes_back_the_same_when_written_again(
    name: str, local: str, domain: str
) -> None:
    text = f"{name.strip()} <{local}@{domain}>"
    read_name, address = mailbox(text)
    assert f"{read_name} <{address}>" == text


@given(st.text(alphabet='abc@<>",;:()\\ .=?\r\n\x00é\u202e'))
def test_any_text_is_one_mailbox_or_refused(text: str) -> None:
    try:
        name, address = mailbox(text)
    except NotAnAddress:
        return
    again = f"{name} <{address}>" if name else str(address)
    assert mailbox(again) == (name, address)
    assert "<" not in name.strip('"') or name.startswith('"')


@pytest.mark.parametrize(
    ("address", "masked"),
    [("bea@example.com", "b•••@example.com"), ('"a b"@example.com', "a•••@example.com")],
)
def test_a_masked_address_shows_one_letter_and_the_domain(address: str, masked: str) -> None:
    assert Address.parse(address).masked == masked


def test_addresses_are_compared_without_regard_to_case() -> None:
    assert Address.parse("Ann@Example.com").key == Address.parse("ann@example.COM").key


@pytest.mark.parametrize("value", ["a\nb", "a\r\nBcc: x@y.example", "a\x00", "a\x85b", "a\u2028b"])
def test_control_characters_never_enter_a_header(value: str) -> None:
    with pytest.raises(UnsafeHeader):
        header_safe(value)


def test_a_safe_value_passes_unchanged() -> None:
    assert header_safe("Rechnung Nº 7 – über 20 €") == "Rechnung Nº 7 – über 20 €"


def test_unfolding_joins_only_lines_that_go_on() -> None:
    assert unfolded(" Ann\r\n <ann@x.example>\r\n") == "Ann <ann@x.example>"
