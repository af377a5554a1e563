"""The demo's act of a prepayment: a card is stored, a credit request raised, announced and charged.

The bank says no once, and the card is tried again on its day. Days pass by moving the clock.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import requests
from rich.table import Table
from sqlalchemy.orm import Session

from worker import autocharge, customers, intake, payments
from worker.actors.shapes import run_sweep
from worker.autocharge import Charge, ChargeState, Mandate
from worker.commands.charge_lines import time_line
from worker.commands.demo_customer import store_card
from worker.commands.demo_story import Story
from worker.commands.household import tillmail
from worker.kernel.errors import PermanentError

_CUSTOMER = "K-1003"
_BOOKKEEPER = "Mara Lindqvist"
_TIMEOUT_S = 60
_LOOK_AFTER_S = 2.0
_SWEEPS = ("autocharge.plan", "autocharge.hand_out_due")


def play(story: Story) -> None:
    """From the page on which a card is stored to the receipt, and the time line of it all."""
    page = _type(story, "customers", "card-link", _CUSTOMER, "--per-charge", "500.00")
    store_card(page)
    story.say("customer", "stored a card at Stripe, to be charged up to 500.00 EUR at once")
    story.until(lambda: _mandate(story) is not None)
    title = ("--title", "Deposit for the spring range", "--confirm")
    number = _type(story, "credits", "draft", _CUSTOMER, "250.00", *title)
    story.until(lambda: story.sent("credit_request") > 0)
    story.say("raised", f"{number} over 250.00 EUR: sent with its PDF and a pay link")
    _tell(story)
    _decline(story)
    _charge_again(story)
    story.show(_table(story))


def _tell(story: Story) -> None:
    story.until(lambda: _charge(story).state == ChargeState.NOTICED)
    charge = _charge(story)
    told = f"{charge.amount} from the stored card on {charge.due_on:%d %B}, unless they answer STOP"
    story.say("notice", f"the same mail tells the customer: {told}")


def _decline(story: Story) -> None:
    mandate = _mandate(story)
    fault = {
        "on": f"card {mandate.stripe_method_id if mandate else ''}",
        "do": "decline",
        "decline_code": "insufficient_funds",
    }
    control = f"http://127.0.0.1:{story.stage.sandbox_port}/_sandbox/faults"
    requests.post(control, json=fault, timeout=_TIMEOUT_S).raise_for_status()
    _go_on(story, lambda: _charge(story).state == ChargeState.DECLINED)
    story.until(lambda: story.sent("charge_failed") > 0)
    story.say("declined", "insufficient funds: the customer is told what to do, and by when")


def _charge_again(story: Story) -> None:
    receipts = story.sent("receipt")
    _go_on(story, lambda: _charge(story).state == ChargeState.SETTLED)
    story.until(lambda: story.sent("receipt") > receipts)
    with story.reading() as session:
        charge = _charge_in(story, session)
        held = payments.balance(session, story.business, charge.customer_id, charge.currency)
    story.say("balance", f"{held} stands on the customer's balance, for the next invoice")


def _go_on(story: Story, is_done: Callable[[], bool]) -> None:
    """Move the clock to the next thing to do about the charge, and do it, until it is done."""
    while not is_done():
        with story.reading() as session:
            newest = autocharge.newest(session, story.business, limit=1)
            due_at = newest[0].due_at if newest else None
        if due_at is not None and due_at > story.app.now() + timedelta(minutes=1):
            _move_clock(story, due_at)
        _read_mailbox(story)
        for sweep in _SWEEPS:
            run_sweep(story.app, sweep)
        story.until(is_done, at_most_s=_LOOK_AFTER_S)


def _move_clock(story: Story, then: datetime) -> None:
    story.move_clock(then - story.app.now() + timedelta(seconds=1))
    local = then.astimezone(ZoneInfo(story.app.rules(story.business).time_zone))
    story.say("clock", f"moved forward to {local:%A, %d %B %Y, %H:%M}")


def _read_mailbox(story: Story) -> None:
    """Nobody is charged before the mailbox was read past the time to object: here, at once."""
    for rules in story.app.rules(story.business).mailboxes:
        at, mailbox = story.app.now(), story.app.mailbox(story.business, rules)
        if not any(True for _ in mailbox.arrivals(limit=1, known=frozenset())):
            with story.app.transaction() as session:
                intake.went_well(session, story.business, rules.name, at=at)


def _mandate(story: Story) -> Mandate | None:
    with story.reading() as session:
        customer = customers.by_number(session, story.business, _CUSTOMER)
        who = {customer.id} if customer else set()
        found = autocharge.mandates_of(session, story.business, who)
    return next((of[0] for of in found.values()), None)


def _charge(story: Story) -> Charge:
    with story.reading() as session:
        return _charge_in(story, session)


def _charge_in(story: Story, session: Session) -> Charge:
    [charge] = autocharge.newest(session, story.business, limit=1)
    return charge


def _table(story: Story) -> Table:
    table = Table(title="tillmail charges show: one charge, and all that happened", min_width=72)
    table.title_justify = "left"
    for column in ("when", "what", "how"):
        table.add_column(column, no_wrap=column != "how")
    zone = ZoneInfo(story.app.rules(story.business).time_zone)
    with story.reading() as session:
        for line in time_line(session, story.business, _charge_in(story, session)):
            local = line["at"].astimezone(zone)
            table.add_row(f"{local:%a %d %b %H:%M}", line["what"].replace("_", " "), line["detail"])
    return table


def _type(story: Story, *words: str) -> str:
    """Have the bookkeeper type a command; gives what it prints."""
    shown = " ".join(f'"{word}"' if " " in word else word for word in words)
    story.say("desk", f"tillmail {shown}")
    done = subprocess.run(
        [sys.executable, *tillmail(*words, "--as", _BOOKKEEPER)],
        env=story.stage.environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise PermanentError(f"tillmail {shown} did not go through: {done.stderr.strip()}")
    return done.stdout.strip()
