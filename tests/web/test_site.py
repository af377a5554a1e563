"""What every answer has in common: headers, limits, health."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.web.house import House, running_house


def policy(header: str) -> dict[str, list[str]]:
    rules = (rule.split() for rule in header.split(";"))
    return {name: values for name, *values in rules}


def test_the_policy_allows_the_page_its_own_style_and_script_and_nothing_else(
    house: House,
) -> None:
    page = house.browser().get(house.invoice())
    rules = policy(page.headers["content-security-policy"])
    assert rules["default-src"] == ["'none'"]
    assert rules["frame-ancestors"] == ["'none'"]
    assert rules["base-uri"] == ["'none'"]
    assert rules["form-action"] == ["'self'", "https://checkout.stripe.com"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = hashlib.sha256(content.encode()).digest()
        assert rules[name] == [f"'sha256-{base64.b64encode(digest).decode()}'"]
    assert not re.search(r"\son\w+=|\sstyle=|https?://(?!127)", page.text)


@pytest.mark.parametrize(
    "path", ["PAGE", "PAGE/document", "/l/x", "/health", "/nowhere", "/l/x/pay", "/card/stored"]
)
def test_every_answer_tells_browsers_to_keep_it_to_themselves(house: House, path: str) -> None:
    answer = house.browser().get(path.replace("PAGE", house.invoice()))
    headers = answer.headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "noindex" in headers["x-robots-tag"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_encrypted_sites_say_that_they_stay_so(tmp_path: Path) -> None:
    with running_house(tmp_path, public_url="https://pay.acme.example") as house:
        answer = house.browser().get(house.invoice())
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("below", ["pay", "open", "renew"])
def test_a_form_larger_than_ours_is_refused(house: House, below: str) -> None:
    path = house.invoice()
    before = house.rows()
    answer = house.browser().post(f"{path}/{below}", data={"form": "x" * 20_000})
    assert answer.status_code == 413
    assert house.rows() == before


@pytest.mark.parametrize("below", ["pay", "open", "renew"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_a_post_acts(house: House, method: str, below: str) -> None:
    path = house.invoice()
    before = house.rows()
    override = {"X-HTTP-Method-Override": "POST"}
    answer = house.browser().request(method, f"{path}/{below}?_method=POST", headers=override)
    assert answer.status_code == 405
    assert house.rows() == before


def test_health_and_readiness(house: House) -> None:
    assert house.browser().get("/health").text == "ok"
    assert house.browser().get("/ready").text == "ready"


def test_without_a_database_pages_say_that_it_is_our_fault(house: House) -> None:
    path = house.invoice()
    with house.app.engine.begin() as connection:
        connection.execute(text("ALTER TABLE link RENAME TO away"))
    answer = house.browser(**{"Accept-Language": "de-CH, en;q=0.5"}).get(path)
    assert answer.status_code == 503
    assert "Es wurde nichts abgebucht" in answer.text
    assert path not in answer.text


def test_a_picture_from_elsewhere_never_gets_into_a_page(house: House) -> None:
    page = house.browser().get(house.invoice())
    assert policy(page.headers["content-security-policy"])["img-src"] == ["'self'", "data:"]


@pytest.mark.parametrize(("end", "says"), [("stored", "is stored"), ("not-stored", "not stored")])
def test_whoever_comes_back_from_storing_a_card_is_told(house: House, end: str, says: str) -> None:
    page = house.browser().get(f"/card/{end}")
    assert page.status_code == 200
    assert says in page.text
