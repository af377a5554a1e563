"""Each adapter made from settings, when it is first needed.

Adapters are imported where they are made: a process that renders nothing never loads a renderer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from worker import autocharge, delivery, intake, payments
    from worker.adapters.redis_broker_process import BrokerProcess
    from worker.adapters.stripe_gateway import StripeAccess
    from worker.adapters.zygote_reader import ZygoteReader
    from worker.businesses import MailboxRules, Rules
    from worker.kernel.clock import Clock
    from worker.settings import Settings


def store_url(settings: Settings) -> str:
    """Where the database is; the folder of a database file is there afterwards."""
    url = settings.store.url
    if not settings.is_sqlite:
        return url
    file = settings.path(url.removeprefix("sqlite:///"))
    file.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{file}"


def make_clock(settings: Settings, engine: Engine) -> Clock:
    """Business time: the database's, or in embedded mode one that can be moved forward."""
    from worker.adapters.database_clock import DatabaseClock
    from worker.adapters.file_clock import FileClock

    if settings.is_sqlite:
        return FileClock(settings.var / "clock.ahead")
    return DatabaseClock(engine)


def embedded_queue_url(settings: Settings) -> str:
    """Where the queue server of this home folder listens."""
    from worker.adapters.redis_broker_process import url_of

    return url_of(settings.var / "queue")


def make_broker_process(settings: Settings) -> BrokerProcess:
    """The embedded queue server of a home folder; start it before anything that needs it."""
    from worker.adapters.redis_broker_process import BrokerProcess

    return BrokerProcess(settings.var / "queue")


def make_reader(size: int) -> ZygoteReader:
    """Reader children for a command that needs nothing else; start it before any thread."""
    from worker.adapters.zygote_reader import ZygoteReader

    return ZygoteReader(size=size)


def make_mailbox(settings: Settings, business: BusinessKey, rules: MailboxRules) -> intake.Mailbox:
    """A connection to one mailbox folder."""
    limit_bytes = rules.max_size_mb * 1_000_000
    if rules.kind == "maildir":
        from worker.adapters.maildir_mailbox import MaildirMailbox

        return MaildirMailbox(settings.path(rules.path), limit_bytes=limit_bytes)
    from worker.adapters.imap_mailbox import ImapAccount, ImapMailbox

    account = ImapAccount(
        host=rules.host,
        port=rules.port,
        username=rules.user,
        password=settings.mailbox_password(business, rules) or "",
        folder=rules.folder,
        security=rules.security,
    )
    return ImapMailbox(account, limit_bytes=limit_bytes)


def make_transport(settings: Settings) -> delivery.Transport:
    """The way out for emails."""
    out = settings.outbox
    if out.kind == "maildir":
        from worker.adapters.maildir_transport import MaildirTransport

        return MaildirTransport(settings.path(out.path))
    from worker.adapters.smtp_transport import SmtpRelay, SmtpTransport

    relay = SmtpRelay(
        host=out.host,
        port=out.port,
        security=out.security,
        username=out.user,
        password=settings.secret("SMTP_PASSWORD") or "",
    )
    return SmtpTransport(relay)


def make_signer(settings: Settings, rules: Rules) -> delivery.Signer:
    """Signs a business's mail, when it has a key."""
    from worker.adapters.dkim_signer import DkimSigner, NoSigner

    key = settings.business_secret(BusinessKey(rules.key), "dkim_key")
    if key is None or rules.mail.dkim_selector is None:
        return NoSigner()
    domain = rules.mail.from_address.rpartition("@")[2]
    return DkimSigner(domain, rules.mail.dkim_selector, key)


def make_gateway(access: StripeAccess) -> payments.Gateway:
    """A business's own Stripe account."""
    from worker.adapters.stripe_gateway import StripeGateway

    return StripeGateway(access)


def make_stored_cards(access: StripeAccess) -> autocharge.StoredCards:
    """The cards that it keeps."""
    from worker.adapters.stripe_stored_cards import StripeStoredCards

    return StripeStoredCards(access)


def stripe_access(settings: Settings, rules: Rules) -> StripeAccess:
    """A business's keys; raises PermanentError when there is none."""
    from worker.adapters.stripe_gateway import StripeAccess

    business = BusinessKey(rules.key)
    key = settings.business_secret(business, "stripe_key")
    if key is None:
        raise PermanentError(
            f"{business} has no Stripe key: set TILLMAIL_{business.upper()}_STRIPE_KEY."
        )
    names = ("stripe_webhook_secret", "stripe_webhook_secret_old")
    hooks = (settings.business_secret(business, name) for name in names)
    return StripeAccess(
        api_key=key,
        webhook_secrets=tuple(secret for secret in hooks if secret),
        expects_livemode=rules.stripe.livemode,
        expected_account=rules.stripe.account,
        base_url=settings.gateway.base_url or None,
    )
