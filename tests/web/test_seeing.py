"""The picture in an email: shown as what loaded it, off unless asked for, and no clock by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.house import House, running_house
from worker.paylinks import Thresholds, sight

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@pytest.mark.parametrize(
    ("agent", "since_s", "what"),
    [
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com "
            "GoogleImageProxy)",
            3_600.0,
            "proxy",
        ),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", 60.0, "proxy"),
        ("Mozilla/5.0", 7_200.0, "prefetch"),
        (IPHONE, 12.0, "prefetch"),
        (IPHONE, 3_600.0, "likely person"),
        (IPHONE, None, "likely person"),
        ("Barracuda Sentinel (EE)", 900.0, "machine"),
        ("", 900.0, "machine"),
    ],
)
def test_what_loaded_the_picture(agent: str, since_s: float | None, what: str) -> None:
    found, why = sight(agent, since_s, Thresholds())
    assert (found.value, why.endswith(".")) == (what, True)


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[House]:
    """A house that counts the opens of its emails."""
    with running_house(tmp_path, links={"email_opens": True}) as house:
        yield house


def _picture(house: House, path: str) -> str:
    link = house.link(path)
    return f"/o/acme/{link.id}/{house.app.link_keys.sign('pixel', link.id)}"


def test_a_picture_that_was_loaded_is_noted_and_starts_nothing(counting: House) -> None:
    path = counting.invoice()
    answer = counting.browser().get(_picture(counting, path))
    assert answer.headers["content-type"] == "image/gif"
    assert counting.activity(path)[1:] == ["email_open"]
    assert counting.link(path).opened_at is None


@pytest.mark.parametrize(
    "change", [{"acme": "other"}, {"lnk_": "lnk_x"}, {"/o/acme": "/o/../acme"}]
)
def test_a_forged_picture_is_the_same_dot_and_notes_nothing(
    counting: House, change: dict[str, str]
) -> None:
    path = counting.invoice()
    [(old, new)] = change.items()
    before = counting.rows()
    counting.browser().get(_picture(counting, path).replace(old, new, 1))
    counting.browser().head(_picture(counting, path))
    assert counting.rows() == before


def test_unless_the_business_asks_for_it_nothing_is_noted(house: House) -> None:
    path = house.invoice()
    assert house.browser().get(_picture(house, path)).status_code == 200
    assert house.activity(path)[1:] == []
