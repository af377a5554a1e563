"""The only reader of `config/` and the environment.

Facts an operator may change are in TOML files, secrets in the environment. Both are read once, into
frozen values; an unknown key is refused with the nearest known one. Paths are relative to the home
folder (TILLMAIL_HOME, else the project's).
"""

from __future__ import annotations

import contextlib
import difflib
import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.businesses import MailboxRules, Rules
from worker.kernel.errors import PermanentError

_M = TypeVar("_M", bound=BaseModel)
PROJECT = Path(__file__).resolve().parent.parent


class SettingsError(PermanentError):
    """The settings cannot be used; the message names the file, the key and the mend."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(_Section):
    """`sqlite:///path` or `postgresql+psycopg://…`; TILLMAIL_DATABASE_URL overrides it."""

    url: str = "sqlite:///var/tillmail.db"


class QueueSettings(_Section):
    """A Redis URL; empty runs a server of our own. TILLMAIL_REDIS_URL overrides it."""

    url: str = ""
    worker_threads: int = Field(default=4, ge=1, le=64)
    heartbeat_s: int = Field(default=15, ge=5, le=120)


class OutboxSettings(_Section):
    """Where mail goes: into a Maildir, or to an SMTP server (password: TILLMAIL_SMTP_PASSWORD)."""

    kind: Literal["maildir", "smtp"] = "maildir"
    path: str = "var/outbox"
    host: str = "localhost"
    port: int = 587
    user: str = ""
    security: Literal["plain", "starttls", "tls"] = "starttls"


class WebSettings(_Section):
    """Where the pay page listens, and the address that customers see.

    TILLMAIL_WEB_HOST, TILLMAIL_WEB_PORT and TILLMAIL_PUBLIC_URL override them.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    proxies: str = Field(
        default="127.0.0.1,::1",
        description="Whose X-Forwarded-For names the visitor: addresses or networks, with commas",
    )


class ChildSettings(_Section):
    """Children that read and print. `press = 0` means one per core."""

    readers: int = Field(default=2, ge=1, le=64)
    press: int = Field(default=0, ge=0, le=64)
    accept_no_namespace: bool = False


class DeliverySettings(_Section):
    """The first wait after a refusal that may pass, and after a hand-over without an answer."""

    retry_s: int = Field(default=30, ge=1, le=3600)
    unknown_wait_s: int = Field(default=600, ge=1, le=86_400)


class GatewaySettings(_Section):
    """Where Stripe is. Another address than Stripe's own is the sandbox: no real money."""

    base_url: str = ""


class Settings(_Section):
    """Everything the processes are told. `trial` allows odd pairs: see `Settings.check`."""

    home: Path
    trial: bool = False
    store: StoreSettings = StoreSettings()
    queue: QueueSettings = QueueSettings()
    outbox: OutboxSettings = OutboxSettings()
    web: WebSettings = WebSettings()
    children: ChildSettings = ChildSettings()
    delivery: DeliverySettings = DeliverySettings()
    gateway: GatewaySettings = GatewaySettings()
    businesses: tuple[Rules, ...] = ()
    secrets: Mapping[str, str] = Field(default_factory=dict, repr=False)

    @property
    def var(self) -> Path:
        """Where embedded parts keep their files."""
        return self.home / "var"

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.store.url.startswith("sqlite")

    def path(self, relative: str) -> Path:
        """A path of the settings, from the home folder."""
        return self.home / relative

    def business_folder(self, key: str) -> Path:
        """Where a business's logo and own templates lie, beside its file."""
        return self.home / "config" / "businesses" / key

    def secret(self, name: str) -> str | None:
        """A secret by its environment name, without the TILLMAIL_ in front."""
        return self.secrets.get(name) or None

    def business_secret(self, key: str, name: str) -> str | None:
        """A business's secret: `stripe_key` of `acme` is TILLMAIL_ACME_STRIPE_KEY."""
        return self.secret(f"{key}_{name}".upper())

    def mailbox_password(self, key: str, mailbox: MailboxRules) -> str | None:
        """A mailbox's password: TILLMAIL_ACME_INBOX_PASSWORD."""
        return self.business_secret(key, f"{mailbox.name}_password")

    def link_secrets(self) -> dict[int, bytes]:
        """Keys for pay links and reply addresses: TILLMAIL_LINK_KEY_1, _2, … the highest is new."""
        found = {
            int(name.removeprefix("LINK_KEY_")): value.encode()
            for name, value in self.secrets.items()
            if name.startswith("LINK_KEY_") and name.removeprefix("LINK_KEY_").isdigit() and value
        }
        return found or {1: _own_link_key(self.var)}

    def check(self) -> list[str]:
        """Pairs of settings that must not run together, each with what to change."""
        return [problem for problem in self._problems() if problem]

    def _problems(self) -> list[str]:
        local = [r.key for r in self.businesses if any(m.trust == "local" for m in r.mailboxes)]
        live = [r.key for r in self.businesses if r.stripe.livemode]
        sandboxed = bool(self.gateway.base_url)
        no_key = not self.is_sqlite and not self.secret("LINK_KEY_1")
        return [
            f'Mailboxes of {", ".join(local)} have trust = "local", which is for one machine with '
            "SQLite. Remove it, or let people write to an IMAP mailbox."
            if local and not self.is_sqlite
            else "",
            "Sandbox payments (gateway.base_url) with a real SMTP server would send customers "
            "links that take no money. Set trial = true if that is meant."
            if sandboxed and self.outbox.kind == "smtp" and not self.trial
            else "",
            f"{', '.join(live)} takes real money while mail only goes into a Maildir. Set "
            'outbox.kind = "smtp", or trial = true if that is meant.'
            if live and self.outbox.kind == "maildir" and not self.trial
            else "",
            f"{', '.join(live)} is live and gateway.base_url points at a sandbox. Empty it."
            if live and sandboxed
            else "",
            "TILLMAIL_LINK_KEY_1 is not set: with a shared database every host must have the same. "
            "Make one with: openssl rand -hex 32"
            if no_key
            else "",
        ]


def load(home: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a home folder and an environment. Raises SettingsError."""
    env = os.environ if environment is None else environment
    root = Path(home or env.get("TILLMAIL_HOME") or PROJECT).resolve()
    own = root / "config" / "tillmail.toml"
    raw = _toml(own) if own.exists() else {}
    for section, key, name in _OVERRIDES:
        if env.get(name):
            raw.setdefault(section, {})[key] = env[name]
    known = {n.removeprefix("TILLMAIL_"): v for n, v in env.items() if n.startswith("TILLMAIL_")}
    values = raw | {"home": root, "secrets": known, "businesses": _businesses(root)}
    settings = _checked(Settings, values, own)
    problems = settings.check()
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


_OVERRIDES = (
    ("store", "url", "TILLMAIL_DATABASE_URL"),
    ("queue", "url", "TILLMAIL_REDIS_URL"),
    ("web", "public_url", "TILLMAIL_PUBLIC_URL"),
    ("web", "host", "TILLMAIL_WEB_HOST"),
    ("web", "port", "TILLMAIL_WEB_PORT"),
    ("gateway", "base_url", "TILLMAIL_STRIPE_BASE_URL"),
)


def _businesses(root: Path) -> tuple[Rules, ...]:
    files = sorted((root / "config" / "businesses").glob("*.toml"))
    return tuple(_checked(Rules, _toml(file) | {"key": file.stem}, file) for file in files)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise SettingsError(f"{file.name} is not valid TOML: {e}") from e
    except (OSError, UnicodeDecodeError) as e:
        raise SettingsError(f"{file.name} cannot be read: {e}") from e


def _checked(model: type[_M], values: Mapping[str, Any], file: Path) -> _M:
    try:
        return model.model_validate(values)
    except ValidationError as e:
        lines = [_explain(model, error) for error in e.errors()]
        raise SettingsError(f"{file.name}: " + "\n".join(lines)) from e


def _explain(model: type[BaseModel], error: Any) -> str:
    path = [str(step) for step in error["loc"]]
    where = ".".join(path)
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}."
    near = difflib.get_close_matches(path[-1], _keys(model), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{where} is not a setting.{hint}"


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key that appears anywhere in the model's sections."""
    keys: set[str] = set()
    for name, field in model.model_fields.items():
        keys.add(name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _keys(part)
    return keys


def _own_link_key(var: Path) -> bytes:
    """One machine's own key, made at its first start and kept beside its database."""
    file = var / "link.key"
    var.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        # Written aside and linked into place: two processes that start at once keep one key.
        draft = var / f"link.key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32), encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_bytes()
