"""What the doctor finds in a healthy house and in a sick one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.books import ACME
from tests.commands.conftest import Desk
from tests.servers.smtp import SmtpServer
from tests.servers.stripe import StripeSandbox, running_sandbox
from worker.actors import FLOW
from worker.app import App
from worker.commands.business_checks import of_business, of_templates
from worker.commands.findings import Finding, Verdict
from worker.commands.machine_checks import of_servers
from worker.settings import load


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StripeSandbox]:
    with running_sandbox() as running:
        yield running


def _found(desk: Desk, what: str) -> Finding:
    """One finding of the checks that need no children."""
    app = App(load(desk.home, desk.environment), FLOW)
    try:
        findings = [*of_servers(app), *of_business(app, ACME)]
    finally:
        app.close()
    return next(finding for finding in findings if finding.what == what)


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
    found = {row["what"]: row["found"] for row in shown.json}
    assert found["acme: Stripe"].endswith("API 2026-10-28.endive")
    assert found["acme: DNS of acme.example"] == "nothing was asked over the network"
    assert found["children"].startswith("no network")


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
    finding = _found(desk, what)

    assert finding.verdict is Verdict.PROBLEM
    assert says in finding.found
    assert finding.mend


def test_settings_that_cannot_be_read_are_the_one_finding(desk: Desk) -> None:
    _settings(desk, "[web]\nprot = 1")
    shown = desk.type("doctor", "--json")
    assert shown.code == 1
    assert [(row["what"], row["verdict"]) for row in shown.json] == [("settings", "problem")]


def test_a_database_that_was_not_migrated_is_found(desk: Desk) -> None:
    (desk.home / "var" / "tillmail.db").unlink()
    assert _found(desk, "database schema").verdict is Verdict.PROBLEM


def test_a_mailbox_whose_mail_nobody_authenticates_is_found(desk: Desk) -> None:
    desk.trust("none")
    finding = _found(desk, "acme: who may send to inbox")
    assert finding.verdict is Verdict.PROBLEM
    assert "no mail is believed" in finding.found


def test_a_mail_server_that_answers_is_fine(desk: Desk, smtp_server: SmtpServer) -> None:
    _settings(
        desk,
        f"trial = true\n[outbox]\nkind = 'smtp'\nhost = '127.0.0.1'\nport = {smtp_server.port}\n"
        "security = 'plain'\n",
    )
    assert _found(desk, "way out for emails").verdict is Verdict.OK


def test_a_broken_template_is_found(desk: Desk) -> None:
    folder = desk.home / "config" / "businesses" / "acme" / "templates" / "pdf" / "invoice"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text("{{ nobody_knows_this }}")
    app = App(load(desk.home, desk.environment), FLOW)
    try:
        app.start_children(press=True)
        finding = of_templates(app, ACME)
    finally:
        app.close()
    assert finding.verdict is Verdict.PROBLEM
    assert "page.html" in finding.found
    assert finding.mend
