"""Person or machine, as a table of evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.paylinks import Evidence, Thresholds, Verdict, judge

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Edg/130.0"
PERSON = Evidence(
    user_agent=FIREFOX,
    trusted_event=True,
    dwell_ms=4_000,
    is_webdriver=False,
    honeypot_hit=False,
    has_cookie=True,
    since_sent_s=3_600,
    script_ran=True,
)

TABLE: list[tuple[str, dict[str, Any], Verdict]] = [
    ("reads the mail an hour later", {}, Verdict.HUMAN),
    ("on a phone", {"user_agent": IPHONE}, Verdict.HUMAN),
    ("in Edge", {"user_agent": EDGE}, Verdict.HUMAN),
    ("we do not know when the mail went out", {"since_sent_s": None}, Verdict.HUMAN),
    ("waited for the mail, and keeps cookies", {"since_sent_s": 20}, Verdict.HUMAN),
    ("keeps no cookies, an hour later", {"has_cookie": False}, Verdict.HUMAN),
    ("exactly long enough", {"dwell_ms": 1_500}, Verdict.HUMAN),
    ("a moment too short", {"dwell_ms": 1_499}, Verdict.UNSURE),
    ("from the future", {"dwell_ms": -5}, Verdict.UNSURE),
    ("no script ran", {"script_ran": False, "trusted_event": False}, Verdict.UNSURE),
    ("a script pressed", {"trusted_event": False}, Verdict.UNSURE),
    (
        "at once after the mail, no cookies",
        {"since_sent_s": 5, "has_cookie": False},
        Verdict.UNSURE,
    ),
    ("119 s after, no cookies", {"since_sent_s": 119.9, "has_cookie": False}, Verdict.UNSURE),
    ("120 s after, no cookies", {"since_sent_s": 120, "has_cookie": False}, Verdict.HUMAN),
    ("filled in the hidden field", {"honeypot_hit": True}, Verdict.MACHINE),
    ("steered", {"is_webdriver": True}, Verdict.MACHINE),
    ("says nothing of itself", {"user_agent": ""}, Verdict.MACHINE),
    ("headless", {"user_agent": FIREFOX + " HeadlessChrome/130.0"}, Verdict.MACHINE),
    ("a crawler", {"user_agent": "Mozilla/5.0 (compatible; Examplebot/2.1)"}, Verdict.MACHINE),
    ("a mail gateway", {"user_agent": "Barracuda Sentinel (EE)"}, Verdict.MACHINE),
    ("a program", {"user_agent": "python-requests/2.34.2"}, Verdict.MACHINE),
    ("curl", {"user_agent": "curl/8.5.0"}, Verdict.MACHINE),
    ("Java", {"user_agent": "Java/17.0.2"}, Verdict.MACHINE),
    ("Go", {"user_agent": "Go-http-client/2.0"}, Verdict.MACHINE),
    ("a link preview", {"user_agent": "SkypeUriPreview Preview/0.5"}, Verdict.MACHINE),
    ("an image proxy", {"user_agent": "Mozilla/5.0 (GoogleImageProxy)"}, Verdict.MACHINE),
]


@pytest.mark.parametrize(("who", "change", "verdict"), TABLE, ids=[row[0] for row in TABLE])
def test_the_verdict_follows_from_the_evidence(
    who: str, change: dict[str, Any], verdict: Verdict
) -> None:
    found, why = judge(replace(PERSON, **change), Thresholds())
    assert (found, who) == (verdict, who)
    assert why.endswith(".")


evidence = st.builds(
    Evidence,
    user_agent=st.text(max_size=300),
    trusted_event=st.booleans(),
    dwell_ms=st.integers(),
    is_webdriver=st.booleans(),
    honeypot_hit=st.booleans(),
    has_cookie=st.booleans(),
    since_sent_s=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    script_ran=st.booleans(),
)


@given(evidence)
def test_only_input_after_time_to_read_is_a_person(seen: Evidence) -> None:
    verdict, _ = judge(seen, Thresholds())
    if verdict is Verdict.HUMAN:
        assert seen.trusted_event
        assert seen.script_ran
        assert seen.dwell_ms >= 1_500
        assert not seen.is_webdriver
        assert not seen.honeypot_hit


@given(evidence)
def test_what_is_kept_of_the_evidence_is_short(seen: Evidence) -> None:
    assert len(str(seen.facts()["user_agent"])) <= 200
