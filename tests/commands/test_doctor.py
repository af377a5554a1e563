"""What the doctor finds in a healthy house and in a sick one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import Desk
from tests.servers.smtp import SmtpServer
from tests.servers.stripe import StripeSandbox, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with running_sandbox() as running:
        yield running


def _findings(desk: Desk) -> dict[str, tuple[str, str]]:
    rows = desk.type("doctor", "--json").json
    return {row["what"]: (row["verdict"], row["found"]) for row in rows}


def _settings(desk: Desk, text: str) -> None:
    (desk.home / "config" / "tillmail.toml").write_text(text, encoding="utf-8")


def test_a_healthy_house_has_nothing_to_mend(desk: Desk, sandbox: StripeSandbox) -> None:
    desk.environment |= {
        "TILLMAIL_STRIPE_BASE_URL": sandbox.url,
        "TILLMAIL_ACME_STRIPE_KEY": "sk_test_doctor",
        "TILLMAIL_ACME_STRIPE_WEBHOOK_SECRET": "whsec_doctor",
    }
    shown = desk.type("doctor", "--json")
    sick = [row for row in shown.json if row["verdict"] == "problem"]

    assert sick == []
    assert shown.code == 0
    assert "Nothing to mend." in shown.err
    found = _findings(desk)
    assert found["acme: Stripe"][1].endswith("API 2026-10-28.endive")
    assert found["acme: DNS of acme.example"][0] == "not checked"
    assert found["children"][1].startswith("no network")


@pytest.mark.parametrize(
    ("settings", "environment", "what", "says"),
    [
        ("[outbox]\npath = 'config/tillmail.toml/out'", {}, "way out for emails", "Cannot write"),
        (
            "trial = true\n[outbox]\nkind = 'smtp'\nport = 1\nsecurity = 'plain'",
            {},
            "way out for emails",
            "SMTP on localhost:1 failed",
        ),
        ("[outbox]\nkind = 'smtp'\nport = 1", {}, "address of the pay page", "is not https"),
        ("", {"TILLMAIL_REDIS_URL": "redis://127.0.0.1:1"}, "queue", "does not answer"),
        ("", {}, "acme: Stripe", "no Stripe key"),
        ("", {}, "acme: Stripe webhooks", "no secret"),
    ],
)
def test_what_is_sick_is_named_with_its_cure(
    desk: Desk, settings: str, environment: dict[str, str], what: str, says: str
) -> None:
    _settings(desk, settings)
    desk.environment |= environment
    shown = desk.type("doctor", "--json")
    [row] = [row for row in shown.json if row["what"] == what]

    assert shown.code == 1
    assert row["verdict"] == "problem"
    assert says in row["found"]
    assert row["how_to_mend"]


def test_settings_that_cannot_be_read_are_the_one_finding(desk: Desk) -> None:
    _settings(desk, "[web]\nprot = 1")
    shown = desk.type("doctor", "--json")
    assert shown.code == 1
    assert [(row["what"], row["verdict"]) for row in shown.json] == [("settings", "problem")]


def test_a_database_that_was_not_migrated_is_found(desk: Desk) -> None:
    (desk.home / "var" / "tillmail.db").unlink()
    assert _findings(desk)["database schema"][0] == "problem"


def test_a_mailbox_whose_mail_nobody_authenticates_is_found(desk: Desk) -> None:
    desk.trust("none")
    verdict, says = _findings(desk)["acme: who may send to inbox"]
    assert verdict == "problem"
    assert "no mail is believed" in says


def test_a_mail_server_that_answers_is_fine(desk: Desk, smtp_server: SmtpServer) -> None:
    _settings(
        desk,
        f"trial = true\n[outbox]\nkind = 'smtp'\nhost = '127.0.0.1'\nport = {smtp_server.port}\n"
        "security = 'plain'\n",
    )
    assert _findings(desk)["way out for emails"][0] == "ok"


def test_a_broken_template_is_found_and_not_published(desk: Desk) -> None:
    own = Path(desk.home, "config", "businesses", "acme", "templates", "web")
    own.mkdir(parents=True)
    Path(own.parent, "pdf", "invoice").mkdir(parents=True)
    Path(own.parent, "pdf", "invoice", "page.html").write_text("{{ nobody_knows_this }}")
    verdict, says = _findings(desk)["acme: templates"]
    assert verdict == "problem"
    assert "page.html" in says
