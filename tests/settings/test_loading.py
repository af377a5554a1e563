"""Settings: files and the environment, read once, refused when they cannot be meant."""

from __future__ import annotations

import itertools
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from worker import settings
from worker.businesses import MailboxRules
from worker.settings import PROJECT, Settings, SettingsError, load

BUSINESS = """name = "Acme"
[mail]
from_address = "billing@acme.example"
"""
LOCAL = BUSINESS + '[[mailboxes]]\npath = "inbox"\ntrust = "local"\n'
LIVE = BUSINESS + "[stripe]\nlivemode = true\n"
# Secrets of the demo's own business.
_OF_THE_DEMO = {"TILLMAIL_NORTHLIGHT_STRIPE_KEY", "TILLMAIL_NORTHLIGHT_STRIPE_WEBHOOK_SECRET"}
POSTGRES = "postgresql+psycopg://host/tillmail"


def _home(folder: Path, own: str = "", **businesses: str) -> Path:
    (folder / "config" / "businesses").mkdir(parents=True, exist_ok=True)
    (folder / "config" / "tillmail.toml").write_text(own, encoding="utf-8")
    for key, text in businesses.items():
        (folder / "config" / "businesses" / f"{key}.toml").write_text(text, encoding="utf-8")
    return folder


def test_an_empty_home_is_the_embedded_size(tmp_path: Path) -> None:
    loaded = load(tmp_path, {})
    assert loaded == Settings(home=tmp_path)
    assert loaded.is_sqlite
    assert (loaded.outbox.kind, loaded.queue.url, loaded.businesses) == ("maildir", "", ())


def test_the_home_comes_from_the_environment(tmp_path: Path) -> None:
    assert load(environment={"TILLMAIL_HOME": str(tmp_path)}).home == tmp_path


def test_a_business_is_called_by_its_file(tmp_path: Path) -> None:
    loaded = load(_home(tmp_path, acme=BUSINESS, zoo=BUSINESS), {})
    assert [rules.key for rules in loaded.businesses] == ["acme", "zoo"]


@pytest.mark.parametrize(
    ("own", "business", "message"),
    [
        ("[web]\nprot = 1", BUSINESS, r"tillmail.toml: web.prot is not a setting. .*port\?"),
        ("[outbocks]", BUSINESS, r"outbocks is not a setting. Did you mean outbox\?"),
        ("[web]\nport = 'a'", BUSINESS, "web.port: Input should be a valid integer"),
        ("[queue]\nworker_threads = 0", BUSINESS, "queue.worker_threads: .*greater than"),
        ("port = ", BUSINESS, "tillmail.toml is not valid TOML"),
        ("", "name = 'Acme'", "acme.toml: mail: Field required"),
        ("", BUSINESS + "[links]\nttl = 5", r"acme.toml: links.ttl is not .*ttl_h\?"),
        ("", "currency = 'euro'\n" + BUSINESS, "not a currency code"),
        ("", BUSINESS + "[autocharge]\npaydays = [0]", "autocharge.paydays: .*1 to 31 or .last"),
        ("", BUSINESS + "[autocharge]\npaydays = ['15']", "autocharge.paydays: .*1 to 31 or .last"),
        ("", BUSINESS + "[autocharge]\npaydays = 15", "autocharge.paydays: .*1 to 31 or .last"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(
    tmp_path: Path, own: str, business: str, message: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(_home(tmp_path, own, acme=business), {})
    assert re.search(message, str(refused.value))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("TILLMAIL_DATABASE_URL", lambda loaded: loaded.store.url),
        ("TILLMAIL_REDIS_URL", lambda loaded: loaded.queue.url),
        ("TILLMAIL_PUBLIC_URL", lambda loaded: loaded.web.public_url),
        ("TILLMAIL_STRIPE_BASE_URL", lambda loaded: loaded.gateway.base_url),
    ],
)
def test_the_environment_comes_before_the_file(tmp_path: Path, name: str, read: Any) -> None:
    own = "[store]\nurl = 'sqlite:///a'\n[queue]\nurl = 'b'\n[web]\npublic_url = 'c'\n"
    home = _home(tmp_path, own + "[gateway]\nbase_url = 'd'\n")
    given = {name: "sqlite:///given"}

    assert read(load(home, given)) == "sqlite:///given"
    assert read(load(home, {name: ""})) != ""


@pytest.mark.parametrize(
    ("own", "business", "environment", "problem"),
    [
        ("", LOCAL, {"TILLMAIL_DATABASE_URL": POSTGRES, "TILLMAIL_LINK_KEY_1": "x"}, "local"),
        ("", LOCAL, {}, None),
        ("", BUSINESS, {"TILLMAIL_DATABASE_URL": POSTGRES}, "TILLMAIL_LINK_KEY_1 is not set"),
        ("[outbox]\nkind='smtp'\n[gateway]\nbase_url='x'", BUSINESS, {}, "take no money"),
        ("trial=true\n[outbox]\nkind='smtp'\n[gateway]\nbase_url='x'", BUSINESS, {}, None),
        ("", LIVE, {}, "takes real money while mail only goes into a Maildir"),
        ("trial = true", LIVE, {}, None),
        ("trial=true\n[gateway]\nbase_url='x'", LIVE, {}, "points at a sandbox"),
    ],
)
def test_pairs_that_must_not_run_together(
    tmp_path: Path, own: str, business: str, environment: dict[str, str], problem: str | None
) -> None:
    home = _home(tmp_path, own, acme=business)
    if problem is None:
        assert load(home, environment).businesses
        return
    with pytest.raises(SettingsError, match=problem):
        load(home, environment)


def test_secrets_are_found_by_business_and_mailbox(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, {"TILLMAIL_ACME_STRIPE_KEY": "sk", "TILLMAIL_ACME_INBOX_PASSWORD": "pw"}
    )
    assert loaded.business_secret("acme", "stripe_key") == "sk"
    assert loaded.mailbox_password("acme", MailboxRules(name="inbox")) == "pw"
    assert loaded.business_secret("zoo", "stripe_key") is None
    assert "sk" not in repr(loaded)


def test_link_keys_are_counted_and_the_empty_ones_left_out(tmp_path: Path) -> None:
    keys = {"TILLMAIL_LINK_KEY_1": "a", "TILLMAIL_LINK_KEY_2": "b", "TILLMAIL_LINK_KEY_3": ""}
    assert load(tmp_path, keys).link_secrets() == {1: b"a", 2: b"b"}


def test_one_machine_makes_a_link_key_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    first = load(tmp_path, {}).link_secrets()
    file = tmp_path / "var" / "link.key"

    assert load(tmp_path, {}).link_secrets() == first
    assert len(first[1]) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_shipped_settings_file_changes_nothing(tmp_path: Path) -> None:
    text = (PROJECT / "config" / "tillmail.toml").read_text(encoding="utf-8")
    assert load(_home(tmp_path, text), {}) == Settings(home=tmp_path)


def test_the_shipped_settings_file_shows_every_setting_with_its_default() -> None:
    text = (PROJECT / "config" / "tillmail.toml").read_text(encoding="utf-8")
    shown = tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE))
    defaults = Settings(home=Path()).model_dump(exclude={"home", "businesses", "secrets"})
    assert shown == defaults


def test_the_example_of_the_environment_names_every_override() -> None:
    text = (PROJECT / "config" / "example.env").read_text(encoding="utf-8")
    named = set(re.findall(r"^(TILLMAIL_[A-Z0-9_]+)=$", text, flags=re.MULTILINE))
    code = "\n".join(p.read_text(encoding="utf-8") for p in (PROJECT / "worker").rglob("*.py"))
    read = set(re.findall(r'"(TILLMAIL_[A-Z_]+[A-Z0-9])"', code)) - _OF_THE_DEMO

    assert read <= named
    assert {name for _, _, name in settings._OVERRIDES} <= named


def test_every_line_of_the_example_is_empty_or_explained() -> None:
    lines = (PROJECT / "config" / "example.env").read_text(encoding="utf-8").splitlines()
    for before, line in itertools.pairwise(lines):
        if line and not line.startswith("#"):
            assert before.startswith("# ")
