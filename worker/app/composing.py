"""One process's parts in one place: the App."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from worker import (
    autocharge,
    businesses,
    delivery,
    documents,
    intake,
    invoices,
    paylinks,
    payments,
    remittance,
    store,
)
from worker.app import parts
from worker.businesses import MailboxRules, Rules
from worker.kernel.clock import Clock
from worker.kernel.errors import PermanentError, TransientError
from worker.kernel.events import Event
from worker.kernel.ids import BusinessKey
from worker.settings import PROJECT, Settings, SettingsError
from worker.store import outbox
from worker.store.outbox import Slip

if TYPE_CHECKING:
    from worker.adapters.dramatiq_queue import DramatiqQueue
    from worker.adapters.outbox_relay import Relay
    from worker.adapters.web_pages import WebPage
    from worker.adapters.zygote_press import ZygotePress
    from worker.adapters.zygote_reader import ZygoteReader

log = logging.getLogger(__name__)

Step = Callable[["App", Session, Event, datetime], None]


@dataclass(frozen=True, slots=True)
class Route:
    """What follows from a fact: a job for an actor, or a step in the same transaction.

    An actor that `acts_outside` may have to wait for somebody else's server.
    """

    actor: str | None = None
    step: Step | None = None
    acts_outside: bool = False


Flow = Mapping[type[Event], Sequence[Route]]
HandOut = Callable[[Sequence[Slip]], None]
# Whether somebody begins this job with the transaction that brings it forth.
Begin = Callable[[Session, Event, str, datetime], bool]


class App:
    """One process's parts, made when they are first asked for. Close it at the end."""

    def __init__(self, settings: Settings, flow: Flow) -> None:
        self.settings = settings
        self.flow = flow
        self.engine: Engine = store.make_engine(parts.store_url(settings))
        self.clock: Clock = parts.make_clock(settings, self.engine)
        self.link_keys = paylinks.LinkKeys(settings.link_secrets())
        self._rules = {BusinessKey(rules.key): rules for rules in settings.businesses}
        self._looks: dict[tuple[str, str], documents.Look] = {}
        self._gateways: dict[BusinessKey, payments.Gateway] = {}
        self._stored_cards: dict[BusinessKey, autocharge.StoredCards] = {}
        self._making = threading.RLock()
        self._queue: DramatiqQueue | None = None
        self._reader: ZygoteReader | None = None
        self._press: ZygotePress | None = None
        self._transport: delivery.Transport | None = None
        self._queue_is_away = False
        # Where jobs go after a commit; another object may stand here instead of a queue.
        self.hand_out: HandOut = lambda slips: self.queue.push(slips)  # noqa: PLW0108 - made late.

    def now(self) -> datetime:
        """Business time."""
        return self.clock.now()

    def businesses(self) -> list[BusinessKey]:
        """Every configured business."""
        return list(self._rules)

    def rules(self, business: BusinessKey) -> Rules:
        """What the business decides; PermanentError when its file is gone."""
        try:
            return self._rules[business]
        except KeyError:
            raise PermanentError(
                f"There is no config/businesses/{business}.toml any more: put it back."
            ) from None

    def mailbox_rules(self, business: BusinessKey, name: str) -> MailboxRules:
        """One mailbox of a business."""
        found = [m for m in self.rules(business).mailboxes if m.name == name]
        if not found:
            raise PermanentError(f"{business} has no mailbox {name} any more.")
        return found[0]

    def remittance_terms(self, business: BusinessKey) -> remittance.Terms:
        """What a payer may take off without being asked."""
        own = self.rules(business).remittance
        return remittance.Terms(own.discount_rate, own.discount_days, own.fee_rate)

    def invoice_limits(self, business: BusinessKey) -> invoices.Limits:
        """What goes out without asking."""
        rules = self.rules(business)
        own = rules.invoices
        limits = (own.first_time_addresses, own.send_limit, rules.currency, own.send_plain_from)
        return invoices.Limits(*limits)

    def link_life(self, business: BusinessKey) -> paylinks.Life:
        """How long a pay link lasts."""
        links = self.rules(business).links
        return paylinks.Life(links.ttl_h, links.cap_days)

    def life_of(self, link: paylinks.Link) -> paylinks.Life:
        """How long this link lasts: a contact's portal link longer than a pay link."""
        business = BusinessKey(link.business)
        return self.link_life(business) if link.contact_id is None else self.portal_life(business)

    def portal_life(self, business: BusinessKey) -> paylinks.Life:
        """How long a portal link lasts, opened or not."""
        days = self.rules(business).links.portal_days
        return paylinks.Life(days * 24, days)

    def link_url(self, link: paylinks.Link) -> str:
        """The address behind the pay button; from settings alone, never from a request."""
        token = self.link_keys.token(link.id, link.key_version)
        return f"{self.settings.web.public_url.rstrip('/')}/l/{token}"

    @property
    def mail_secret(self) -> bytes:
        """The key of reply and bounce addresses."""
        return self.link_keys.secrets[min(self.link_keys.secrets)]

    @contextmanager
    def transaction(self, begin: Begin | None = None) -> Iterator[Session]:
        """One transaction; at its end the facts told become jobs in it, and the queue is nudged.

        A job that `begin` takes is its, and does not go to the queue.
        """
        with store.transaction(self.engine) as session:
            yield session
            slips = self._follow(session, begin)
        self.nudge(slips)

    def reading(self) -> AbstractContextManager[Session]:
        """One consistent state, to read only."""
        return store.reading(self.engine)

    def claim_due(self, limit: int) -> list[Slip]:
        """Jobs that nobody holds, leased to the queue: the relay's half."""
        with store.transaction(self.engine) as session:
            return outbox.claim_due(session, at=self.now(), limit=limit)

    def _follow(self, session: Session, begin: Begin | None) -> list[Slip]:
        jobs: list[tuple[Event, str]] = []
        at = self.now()
        while told := outbox.take_told(session):
            for event in told:
                for route in self.flow.get(type(event), ()):
                    if route.step is not None:
                        route.step(self, session, event, at)
                    elif route.actor is not None:
                        jobs.append((event, route.actor))
        # Whoever begins a job prepares for it here, when all else is done.
        left = [job for job in jobs if begin is None or not begin(session, *job, at)]
        return [outbox.add(session, event, actor, at=at) for event, actor in left]

    def nudge(self, slips: Sequence[Slip]) -> None:
        """Hand out jobs that are committed; what does not arrive is sent again by the relay."""
        if not slips:
            return
        try:
            self.hand_out(slips)
            self._queue_is_away = False
        except TransientError as e:
            # The jobs are committed; the relay sends them once their lease has passed. Said once: a
            # command that works without a queue commits a hundred times.
            if not self._queue_is_away:
                log.warning("New jobs wait for the relay: %s", e)
            self._queue_is_away = True

    def check_schema(self) -> None:
        """Raises SettingsError unless the database is at the revision this code needs."""
        have, need = store.schema.current(self.engine), store.schema.newest()
        if have != need:
            raise SettingsError(
                f"The database is at {have or 'nothing'} and this version needs {need}. "
                "Run: tillmail release"
            )

    @property
    def queue(self) -> DramatiqQueue:
        """Where jobs are handed out."""
        from worker.adapters.dramatiq_queue import DramatiqQueue

        with self._making:
            if self._queue is None:
                url = self.settings.queue.url or parts.embedded_queue_url(self.settings)
                routes = [route for routes in self.flow.values() for route in routes]
                calls = frozenset(r.actor for r in routes if r.actor and r.acts_outside)
                heartbeat_s = self.settings.queue.heartbeat_s
                self._queue = DramatiqQueue(url, heartbeat_s=heartbeat_s, calls=calls)
            return self._queue

    def start_children(self, *, reader: bool = False, press: bool = False) -> None:
        """Exec the zygotes. Call it before this process has any thread."""
        from worker.adapters.zygote_press import ZygotePress
        from worker.adapters.zygote_reader import ZygoteReader

        rules = self.settings.children
        if reader:
            self._reader = ZygoteReader(size=rules.readers)
            self._reader.start()
        if press:
            self._press = ZygotePress(size=rules.press or None)
            self._press.start()
        for pool in (self._reader, self._press):
            if (
                pool is not None
                and not pool.isolation.network_namespace
                and not rules.accept_no_namespace
            ):
                raise SettingsError(
                    f"Children cannot be shut off from the network here: {pool.isolation.why}. "
                    "Run where namespaces are allowed, or set children.accept_no_namespace = true."
                )

    @property
    def reader(self) -> ZygoteReader:
        """Reads untrusted bytes."""
        if self._reader is None:
            raise PermanentError("This process was started without a reader.")
        return self._reader

    @property
    def press(self) -> ZygotePress:
        """Prints documents and composes emails."""
        if self._press is None:
            raise PermanentError("This process was started without a press.")
        return self._press

    def mailbox(self, business: BusinessKey, rules: MailboxRules) -> intake.Mailbox:
        """A connection to one mailbox folder."""
        return parts.make_mailbox(self.settings, business, rules)

    @property
    def transport(self) -> delivery.Transport:
        """Hands mail over."""
        with self._making:
            if self._transport is None:
                self._transport = parts.make_transport(self.settings)
            return self._transport

    def signer(self, business: BusinessKey) -> delivery.Signer:
        """Signs the business's mail, when it has a key."""
        return parts.make_signer(self.settings, self.rules(business))

    def stored_cards(self, business: BusinessKey) -> autocharge.StoredCards:
        """The cards that the business's own Stripe account keeps."""
        with self._making:
            if business not in self._stored_cards:
                access = parts.stripe_access(self.settings, self.rules(business))
                self._stored_cards[business] = parts.make_stored_cards(access)
            return self._stored_cards[business]

    def gateway(self, business: BusinessKey) -> payments.Gateway:
        """The business's own Stripe account."""
        with self._making:
            if business not in self._gateways:
                access = parts.stripe_access(self.settings, self.rules(business))
                self._gateways[business] = parts.make_gateway(access)
            return self._gateways[business]

    def templates_on_disk(self, business: BusinessKey) -> dict[str, bytes]:
        """The business's template tree as it lies on disk now, published or not."""
        from worker.adapters.disk_templates import collect

        folder = self.settings.business_folder(business)
        logo = self.rules(business).documents.logo
        return collect(PROJECT / "templates", folder / "templates", folder / logo if logo else None)

    def look(
        self, session: Session, business: BusinessKey, set_hash: str | None = None
    ) -> documents.Look:
        """The set in force (or the one named), written out on this host."""
        name = set_hash or businesses.newest_set(session, business)
        if name is None:
            raise TransientError(f"No templates of {business} are published yet.", retry_after_s=2)
        with self._making:
            if (business, name) not in self._looks:
                files = businesses.files_of(session, business, name)
                self._looks[business, name] = self.write_out(business, name, files)
            return self._looks[business, name]

    def write_out(
        self, business: BusinessKey, name: str, files: Mapping[str, bytes]
    ) -> documents.Look:
        """A set as a folder that children can read."""
        from worker.adapters.disk_templates import write_out

        folder = self.settings.var / "templates" / business / name
        write_out(files, folder)
        return documents.Look(name, str(folder))

    def page(
        self, business: BusinessKey, page: str, language: str, context: Mapping[str, object]
    ) -> WebPage:
        """A web page of the set in force, rendered in this process."""
        from worker.adapters.web_pages import render

        with self.reading() as session:
            look = self.look(session, business)
        return render(look.folder, page, language, context)

    def try_pages(self, business: BusinessKey, look: documents.Look) -> None:
        """Fill in every web page of a set with samples; raises PermanentError for what fails."""
        from worker.adapters.web_pages import try_pages

        try_pages(look.folder, self.rules(business))

    def plain_page(self, page: str, language: str, context: Mapping[str, object]) -> WebPage:
        """A web page that is no business's, from what is shipped; needs no database."""
        from worker.adapters.web_pages import render

        return render(str(PROJECT / "templates"), page, language, context)

    def qr_png(self, text: str) -> bytes:
        """A QR code as a picture."""
        from worker.adapters.qr_codes import qr_png

        return qr_png(text)

    def close(self) -> None:
        """Let go of everything; the process may end now."""
        if self._queue is not None:
            self._queue.stop()
        for pool in (self._reader, self._press):
            if pool is not None:
                pool.close()
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()
        self.engine.dispose()


def make_relay(app: App) -> Relay:
    """The relay of a worker process."""
    from worker.adapters.outbox_relay import Relay

    return Relay(app.claim_due, app.queue.push)
