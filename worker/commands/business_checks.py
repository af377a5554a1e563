"""What `doctor` checks of each business: staff, mailboxes, Stripe, DKIM and templates."""

from __future__ import annotations

from collections.abc import Iterator

from worker import businesses
from worker.actors.businesses import fault_of
from worker.app import App
from worker.businesses import MailboxRules
from worker.commands.findings import Finding, Verdict, judged, probe, unchecked
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey


def of_business(app: App, business: BusinessKey) -> Iterator[Finding]:
    """Everything that is this business's but its templates."""
    rules = app.rules(business)
    yield judged(
        f"{business}: staff",
        None if rules.staff else "nobody is asked when something needs a person",
        ok=f"{len(rules.staff)} people",
        mend=f"Add [[staff]] to config/businesses/{business}.toml.",
    )
    if not rules.mailboxes:
        yield judged(f"{business}: mailboxes", "none", ok="", mend="Add [[mailboxes]] to its file.")
    for mailbox in rules.mailboxes:
        yield _mailbox(app, business, mailbox)
        yield _trusted(business, mailbox)
    yield _stripe(app, business)
    yield _webhooks(app, business)
    yield _dkim(app, business)
    yield _dns(app, business)


def _mailbox(app: App, business: BusinessKey, rules: MailboxRules) -> Finding:
    def look() -> str:
        mailbox = app.mailbox(business, rules)
        try:
            waiting = sum(1 for _ in mailbox.arrivals(limit=1))
        finally:
            mailbox.close()
        return "opens; mail waits in it" if waiting else "opens; it is empty"

    mend = f"Mend [[mailboxes]] and TILLMAIL_{business.upper()}_{rules.name.upper()}_PASSWORD."
    return probe(f"{business}: mailbox {rules.name}", look, mend)


def _trusted(business: BusinessKey, rules: MailboxRules) -> Finding:
    what = f"{business}: who may send to {rules.name}"
    if rules.trust == "local":
        return Finding(what, Verdict.OK, "whoever can write to the folder on this machine")
    return judged(
        what,
        None if rules.authserv_id else "no mail is believed: nobody says who authenticated it",
        ok=f"what {rules.authserv_id} authenticated, from staff and `senders`",
        mend="Set authserv_id to the name your mail host writes into Authentication-Results.",
    )


def _stripe(app: App, business: BusinessKey) -> Finding:
    def look() -> str:
        facts, wanted = app.gateway(business).account(), app.rules(business).stripe
        if facts.livemode is not wanted.livemode:
            raise PermanentError(f"The key is {_mode(facts.livemode)}, the rules are not.")
        if wanted.account is not None and facts.account_id != wanted.account:
            raise PermanentError(f"The key is of {facts.account_id}, not of {wanted.account}.")
        if not facts.charges_enabled:
            raise PermanentError(f"Stripe does not let {facts.account_id} take charges.")
        if facts.api_version != facts.pinned_version:
            raise PermanentError(
                f"Stripe answers in API {facts.api_version}; this version is written for "
                f"{facts.pinned_version}. Bring Tillmail up to date."
            )
        return f"{facts.account_id}, {_mode(facts.livemode)}, API {facts.api_version}"

    mend = f"Mend [stripe] and TILLMAIL_{business.upper()}_STRIPE_KEY."
    return probe(f"{business}: Stripe", look, mend)


def _webhooks(app: App, business: BusinessKey) -> Finding:
    secret = app.settings.business_secret(business, "stripe_webhook_secret")
    url = f"{app.settings.web.public_url.rstrip('/')}/hooks/stripe/{business}"
    return judged(
        f"{business}: Stripe webhooks",
        None if secret else "no secret: payments are found by looking, minutes later",
        ok=f"a secret is set for {url}",
        mend=f"Add {url} at Stripe; set TILLMAIL_{business.upper()}_STRIPE_WEBHOOK_SECRET.",
    )


def _dkim(app: App, business: BusinessKey) -> Finding:
    def look() -> str:
        signer = app.signer(business)
        name, text = getattr(signer, "record_name", None), getattr(signer, "record_text", None)
        return f"signs; the DNS must have {name} TXT {text}" if name else ""

    found = probe(f"{business}: DKIM key", look, "Put a PEM key into TILLMAIL_…_DKIM_KEY.")
    if found.verdict is not Verdict.OK or found.found:
        return found
    mend = f"Or set mail.dkim_selector and TILLMAIL_{business.upper()}_DKIM_KEY."
    return unchecked(found.what, "none is set: the mail server has to sign", mend)


def _dns(app: App, business: BusinessKey) -> Finding:
    mail = app.rules(business).mail
    domains = {mail.from_address.rpartition("@")[2], mail.reply_domain, mail.bounce_domain}
    names = ", ".join(sorted(domain for domain in domains if domain))
    mend = f"Look at SPF, DKIM, DMARC and MX yourself: dig TXT _dmarc.{names.split(', ')[0]}"
    return unchecked(f"{business}: DNS of {names}", "nothing was asked over the network", mend)


def of_templates(app: App, business: BusinessKey) -> Finding:
    """Compiles every template and prints its samples in children; publishes nothing."""

    def look() -> str:
        files = app.templates_on_disk(business)
        name = businesses.set_hash(files)
        fault = fault_of(app, business, app.write_out(business, name, files))
        if fault is not None:
            raise PermanentError(fault)
        with app.reading() as session:
            in_force = businesses.newest_set(session, business)
        state = "in force" if in_force == name else "good; the worker publishes it in a moment"
        return f"set {name[:8]}, {state}"

    mend = "Mend the file; until then the last good templates stay in use."
    return probe(f"{business}: templates", look, mend)


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
