"""Is it a person or a machine that opens a link? Decided from evidence; touches nothing.

Mail scanners fetch links, run JavaScript and even submit forms, so a POST alone proves nothing
(RELIABILITY 1.5). Who is wrongly taken for a machine can still pay: the clock then starts at
checkout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MIN_DWELL_MS = 1_500
SCAN_WINDOW_S = 120
_MACHINE = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|headless|phantom|python|curl|wget|java/|go-http|"
    r"okhttp|libwww|axios|node-fetch|barracuda|proofpoint|mimecast|safelinks|urldefense|"
    r"googleimageproxy|yahoomailproxy",
    re.IGNORECASE,
)


class Verdict(StrEnum):
    """Only `human` starts a link's clock."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one open brings with it; `trusted_event`: the browser saw a person cause it."""

    user_agent: str
    trusted_event: bool
    dwell_ms: int
    is_webdriver: bool
    honeypot_hit: bool
    has_cookie: bool
    since_sent_s: float | None
    script_ran: bool

    def facts(self) -> Mapping[str, Any]:
        """The evidence as it is kept with the activity; no address, nothing that identifies."""
        return {
            "user_agent": self.user_agent[:200],
            "trusted_event": self.trusted_event,
            "dwell_ms": self.dwell_ms,
            "webdriver": self.is_webdriver,
            "honeypot": self.honeypot_hit,
            "cookie": self.has_cookie,
            "since_sent_s": None if self.since_sent_s is None else round(self.since_sent_s),
            "script": self.script_ran,
        }


def judge(seen: Evidence) -> tuple[Verdict, str]:
    """The verdict and the reason for it, as a person can read it."""
    if seen.honeypot_hit:
        return Verdict.MACHINE, "It filled in a field that people do not see."
    if not seen.user_agent or _MACHINE.search(seen.user_agent):
        return Verdict.MACHINE, "Its browser calls itself a program."
    if seen.is_webdriver:
        return Verdict.MACHINE, "Its browser is steered by a program."
    if not seen.script_ran:
        return Verdict.UNSURE, "It ran no script, so nothing tells a person from a program."
    if not seen.trusted_event:
        return Verdict.UNSURE, "No key, touch or mouse caused it."
    if seen.dwell_ms < MIN_DWELL_MS:
        return Verdict.UNSURE, "It came faster than a person reads."
    soon = seen.since_sent_s is not None and seen.since_sent_s < SCAN_WINDOW_S
    if soon and not seen.has_cookie:
        return Verdict.UNSURE, "It came within moments of the mail, from a browser without cookies."
    return Verdict.HUMAN, "A person's input, after time to read."
