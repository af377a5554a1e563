"""What the loading of a picture in an email says: a proxy, a prefetch, perhaps a person.

Telemetry only: Apple's mail loads every picture through a proxy whether or not anybody looks, and
Gmail loads some ahead (RELIABILITY 1.5). No clock starts by it.
"""

from __future__ import annotations

import re
from enum import StrEnum

from worker.paylinks.judging import Thresholds, is_program

_PROXY = re.compile(r"imageproxy|mailproxy|ggpht|image-proxy|outlookimageproxy", re.IGNORECASE)
# What Apple's privacy proxy calls itself, and nobody's browser does.
_APPLE = re.compile(r"mozilla/5\.0", re.IGNORECASE)


class Sight(StrEnum):
    """What loaded the picture."""

    PROXY = "proxy"
    PREFETCH = "prefetch"
    MACHINE = "machine"
    LIKELY_PERSON = "likely person"


def sight(user_agent: str, since_sent_s: float | None, limits: Thresholds) -> tuple[Sight, str]:
    """What loaded the picture, and why we think so."""
    if _PROXY.search(user_agent):
        return Sight.PROXY, "A mail service loaded it for a reader, or ahead of one."
    if _APPLE.fullmatch(user_agent.strip()):
        return Sight.PREFETCH, "Apple's mail loads every picture, read or not."
    if is_program(user_agent):
        return Sight.MACHINE, "What loaded it calls itself a program."
    if since_sent_s is not None and since_sent_s < limits.scan_window_s:
        return Sight.PREFETCH, "It came within moments of the mail, as scanners do."
    return Sight.LIKELY_PERSON, "A mail program loaded it, later than scanners come."
