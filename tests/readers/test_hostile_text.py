"""Text made to keep a pattern busy costs no more than other text of its length."""

from __future__ import annotations

import time

import pytest

from worker.readers import examine

SIZE = 15_000
# Far above what honest text of this size needs and far below what one bad pattern takes.
CPU_MAX_S = 2.0

BOUNCE = b"From: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nSubject: Undelivered mail\r\n"
FORWARD = b"From: a@x.example\r\nSubject: Fwd: x\r\n"
UNITS = [
    b"a",
    b"a@",
    b"<a@",
    b"-",
    b"_",
    b" ",
    b": ",
    b"> ",
    b" \n",
    b"=?a?q?",
    b'"',
    b",",
    b"1/1 ",
    b"wir werden ",
    b"<div>",
    b"On 1/1/2026 ",
    b"wrote:\n",
    b"From: a\n",
    b"550 ",
    b"--b\n",
]
FIELDS = [b"To: ", b"From: ", b"Subject: ", b"Content-Type: ", b"Authentication-Results: "]


@pytest.mark.parametrize("unit", UNITS)
def test_repeated_text_is_read_in_bounded_time(unit: bytes) -> None:
    text = unit * (SIZE // len(unit))
    mails = [head + b"\r\n" + text for head in (BOUNCE, FORWARD)]
    mails += [field + text.replace(b"\n", b" ") + b"\r\n" + FORWARD + b"\r\nx" for field in FIELDS]
    for mail in mails:
        begun = time.process_time()
        examine(mail)
        assert time.process_time() - begun < CPU_MAX_S
