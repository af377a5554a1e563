"""Ids say what they are and cannot be guessed."""

from __future__ import annotations

import re

from worker.kernel.ids import new_id


def test_an_id_says_what_it_is() -> None:
    assert re.fullmatch(r"inv_[a-z2-7]{26}", new_id("inv"))


def test_ids_do_not_repeat() -> None:
    assert len({new_id("inv") for _ in range(10_000)}) == 10_000
