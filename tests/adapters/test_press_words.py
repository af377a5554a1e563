"""Emails from templates: what is composed, and which faults are named before a mail leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from worker.adapters.zygote_press import ZygotePress
from worker.delivery.ports import EmailOrder
from worker.kernel.errors import PermanentError

_LAYOUT = """<mjml><mj-head><mj-title>{{ business.name }}</mj-title></mj-head><mj-body>
<mj-section><mj-column>{% block words %}{% endblock %}</mj-column></mj-section>
</mj-body></mjml>
"""
_BODY = """{% extends "email/_layout.mjml" %}
{% block words %}
<mj-text>{{ t("email.invoice.greeting", name=customer.name) }}</mj-text>
<mj-button href="{{ link.url }}">{{ t("email.pay", amount=total | money) }}</mj-button>
{% endblock %}
"""
_EN = '[email]\n"invoice.greeting" = "Dear {name},"\npay = "Pay {amount}"\nonly = "English only"\n'
_DE = '[email]\n"invoice.greeting" = "Guten Tag {name},"\npay = "{amount} bezahlen"\n'
_CONTEXT: dict[str, Any] = {
    "business": {"name": "Nordlicht"},
    "customer": {"name": "Ünal & Søn"},
    "link": {"url": "https://pay.example.com/l/abc?a=1&b=2"},
    "total": {"minor": 124050, "currency": "EUR"},
}
Compose = Callable[..., Any]


@pytest.fixture
def compose(press: ZygotePress, tmp_path: Path) -> Compose:
    def run(*, language: str = "en", files: dict[str, str] | None = None, **more: Any) -> Any:
        written = {
            "locale/en.toml": _EN,
            "locale/de.toml": _DE,
            "email/_layout.mjml": _LAYOUT,
            "email/invoice/body.mjml": _BODY,
            "email/invoice/body.txt": "{{ customer.name }} <{{ link.url }}>\n",
            "email/invoice/subject.txt": "Invoice for\n{{ customer.name }}\n",
        } | (files or {})
        for name, text in written.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return press.compose(
            EmailOrder("invoice", str(tmp_path), str(tmp_path), language, _CONTEXT | more)
        )

    return run


def test_a_notice_has_a_subject_html_and_text(compose: Compose) -> None:
    words = compose()
    assert words.subject == "Invoice for Ünal & Søn"
    assert words.text == "Ünal & Søn <https://pay.example.com/l/abc?a=1&b=2>\n"
    assert "Dear Ünal &amp; Søn," in words.html
    assert 'href="https://pay.example.com/l/abc?a=1&amp;b=2"' in words.html
    assert "Pay €1,240.50" in words.html
    assert "<mj-" not in words.html


@pytest.mark.parametrize(
    ("language", "shown"),
    [("de", "Guten Tag"), ("de-AT", "Guten Tag"), ("fr", "Dear"), ("en-US", "Dear")],
)
def test_wording_is_in_the_readers_language_or_else_in_english(
    compose: Compose, language: str, shown: str
) -> None:
    assert shown in compose(language=language).html


def test_a_wording_missing_in_one_language_is_taken_from_english(compose: Compose) -> None:
    words = compose(language="de", files={"email/invoice/body.txt": "{{ t('email.only') }}"})
    assert words.text == "English only\n"


def test_markup_in_a_value_stays_text(compose: Compose) -> None:
    words = compose(customer={"name": "<mj-raw><script>{{ 7*7 }} {x}"})
    assert "&lt;mj-raw&gt;&lt;script&gt;{{ 7*7 }} {x}" in words.html
    assert "<script>{{" not in words.html


def test_a_line_break_in_a_value_makes_no_second_header(compose: Compose) -> None:
    words = compose(customer={"name": "A\r\nBcc: everyone@example.com"})
    assert words.subject == "Invoice for A Bcc: everyone@example.com"


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("body.mjml", "<mjml>\n<mj-buton>", "body.mjml, line 2: .*<mj-buton>.*'mj-button'"),
        ("body.mjml", "<mjml>\n\n1 < 2", "body.mjml, line 3: A bare '<'"),
        ("body.mjml", "<mjml><mj-body></mjml>", "body.mjml: MJML: "),
        ("body.mjml", "{{ costumer.name }}", "body.mjml, line 1: .*mean 'customer'"),
        ("body.mjml", "\n{{ t('email.greeting') }}", "body.mjml, line 2: There is no wording"),
        ("body.mjml", "{{ t('email.pay') }}", "line 1: The wording 'email.pay' needs amount="),
        ("body.txt", "{{ nothing }}", "body.txt, line 1: 'nothing' is undefined"),
        ("subject.txt", " \n", "subject.txt: The subject is empty"),
        ("subject.txt", "{{ 'x' ~ '\\x07' }}", "subject.txt: The subject is empty, too long or"),
    ],
)
def test_a_fault_names_its_file_and_line(
    compose: Compose, name: str, text: str, fault: str
) -> None:
    with pytest.raises(PermanentError, match=fault):
        compose(files={f"email/invoice/{name}": text})


def test_a_broken_catalogue_is_named(compose: Compose) -> None:
    with pytest.raises(PermanentError, match=r"locale/de\.toml"):
        compose(files={"locale/de.toml": "[email\n"})
