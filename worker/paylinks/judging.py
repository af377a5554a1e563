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

_MACHINE = re.compile(
    r"(?<!cu)bot\b|crawl|spider|scan|preview|prefetch|headless|phantom|python|curl|wget|java/|"
    r"go-http|"
    r"okhttp|libwww|lwp::|axios|node-fetch|node\.js|undici|aiohttp|httpclient|http_request|ruby|"
    r"guzzle|barracuda|proofpoint|mimecast|safelinks|urldefense|trendmicro|symantec|forcepoint|"
    r"sophos|fortinet|fortiguard|virustotal|urlscan|externalhit|slack-imgproxy|whatsapp/|"
    r"viber/|vkshare|skypeuri|bingbot|slurp|embedly|iframely|selenium|puppeteer|playwright|"
    r"googleimageproxy|yahoomailproxy|google-safety|google-read-aloud|feedfetcher|monitor|"
    r"ms-office|microsoft office|cloudmark|mailchannels|zscaler|checkpoint|fireeye|"
    r"^mozilla/\d\.\d$",
    re.IGNORECASE,
)


# Marks that people's browsers bear at times: in full screen, or with a name that an add-on changed.
# They count only while scanners are at work.
WEAK_TRAITS = frozenset({"no frame around its window", "a name that is not its engine's"})


class Verdict(StrEnum):
    """Only `human` starts a link's clock."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a person; `links.*` in the business's file."""

    min_dwell_ms: int = 1_500
    scan_window_s: int = 120
    burst_links: int = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one open brings with it; `trusted_event`: the browser saw a person cause it.

    `traits` are marks of a browser without a screen, or without a person's settings.
    `links_touched` is how many different links came from the same address within seconds.
    """

    user_agent: str
    trusted_event: bool
    dwell_ms: int
    is_webdriver: bool
    honeypot_hit: bool
    has_cookie: bool
    since_sent_s: float | None
    script_ran: bool
    traits: tuple[str, ...] = ()
    links_touched: int = 1

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
            "traits": list(self.traits),
            "links_touched": self.links_touched,
        }


def judge(seen: Evidence, limits: Thresholds) -> tuple[Verdict, str]:
    """The verdict and the reason for it, as a person can read it."""
    against = _machine(seen)
    if against is not None:
        return Verdict.MACHINE, against
    doubt = _unsure(seen, limits) or _scanned(seen, limits)
    if doubt is not None:
        return Verdict.UNSURE, doubt
    return Verdict.HUMAN, "A person's input, after time to read."


def is_within_scan(seen: Evidence, limits: Thresholds) -> bool:
    """Whether the mail went out so lately that its scanners may still be at work."""
    return seen.since_sent_s is not None and seen.since_sent_s < limits.scan_window_s


def is_program(user_agent: str) -> bool:
    """Whether it calls itself a program, or says nothing of itself."""
    return not user_agent or _MACHINE.search(user_agent) is not None


def _machine(seen: Evidence) -> str | None:
    if seen.honeypot_hit:
        return "It filled in a field that people do not see."
    if is_program(seen.user_agent):
        return "Its browser calls itself a program."
    if seen.is_webdriver:
        return "Its browser is steered by a program."
    return None


def _unsure(seen: Evidence, limits: Thresholds) -> str | None:
    if not seen.script_ran:
        return "It ran no script, so nothing tells a person from a program."
    if not seen.trusted_event:
        return "No key, touch or mouse caused it."
    if seen.dwell_ms < limits.min_dwell_ms:
        return "It came faster than a person reads."
    if seen.links_touched >= limits.burst_links:
        return f"{seen.links_touched} links were opened from one address within seconds."
    strong = [trait for trait in seen.traits if trait not in WEAK_TRAITS]
    if len(strong) > 1:
        return f"Its browser has no screen or no person's settings: {', '.join(strong)}."
    return None


def _scanned(seen: Evidence, limits: Thresholds) -> str | None:
    """Doubts that count only while scanners are at work; one mark is then enough."""
    if not is_within_scan(seen, limits):
        return None
    if not seen.has_cookie:
        return "It came within moments of the mail, from a browser without cookies."
    if seen.traits:
        return f"It came within moments of the mail, from a browser with {seen.traits[0]}."
    return None
