"""Days in the life of a house that charges cards, drawn from a seed: what can go wrong, does.

After each step, what the sandbox truly took is held against the books: nothing is booked that was
not taken, and nothing is taken twice for one charge or one item. At the end the house is left in
peace, and the two must be equal.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from tests.autocharge.house import SWEEPS, House, Killed, euro
from tests.books import ACME
from tests.servers.stripe import DECLINED, PAYS
from worker import autocharge, invoices, payments
from worker.autocharge import Attempt, Charge, ChargeState, Mandate
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import Refused, TillmailError
from worker.kernel.events import ChargeDue, ChargeHeard, CheckoutHeard
from worker.payments import Checkout, CheckoutState, Method, Payer, Registration
from worker.store import tell

FAULTS = (
    "commit_then_drop",
    "commit_then_500",
    "drop_before",
    "error_500_before",
    "error_429",
    "error_409",
    "lock_timeout",
    "refuse",
)
PLACES = (
    "POST /v1/payment_intents",
    "POST /v1/payment_intents/*/confirm",
    "POST /v1/payment_intents/*/cancel",
    "GET /v1/payment_intents/*",
    "GET /v1/payment_intents",
)
CODES = (
    "insufficient_funds",
    "issuer_not_available",
    "do_not_honor",
    "expired_card",
    "stolen_card",
)
MOST_LIVE = 12
VERIFIED_EVERY = 500
_LIVE = select(func.count()).select_from(Charge).where(Charge.ended_at.is_(None))
_ALL = select(Charge.id, Charge.item_id, Charge.planned_at)
_LIVING = _ALL.where(Charge.ended_at.is_(None))
# As often as the timetable has them: what is due is looked for most of all.
_SWEEPS = (*SWEEPS, "autocharge.compare_charges", *("autocharge.hand_out_due",) * 3)
_BUSY = (ChargeState.UNDER_WAY, ChargeState.UNKNOWN, ChargeState.ENDING)


@dataclass
class Figures:
    """What happened."""

    steps: int = 0
    charged: int = 0
    by_link: int = 0
    by_staff: int = 0
    unknown: int = 0
    kills: int = 0
    doubles: int = 0
    items: int = 0
    done: Counter[str] = field(default_factory=Counter)
    # Where a process died: what it did, and at which point before or after a commit.
    died_at: set[tuple[str, int]] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """Those that add up over stories."""
        return {name: count for name, count in vars(self).items() if isinstance(count, int)}


class Story:
    """One house, one seed."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.draw, self.figures = house, random.Random(seed), Figures()
        self.items: list[tuple[Customer, Invoice]] = []
        self.cards: list[tuple[Customer, Mandate]] = []
        self._silent_until: datetime | None = None
        self._compared = (-1, -1)
        self._taken: list[dict[str, Any]] = []
        self._acts: list[tuple[float, Callable[[], None]]] = [
            (6, self.owe),
            (10, self.wait),
            (12, self.tick),
            (30, self.work),
            (1.5, self.trouble),
            (0.3, self.silence),
            (0.8, self.decline),
            (4, self.kill),
            (1, self.pay_by_link),
            (2, self.hear),
            (0.6, self.object),
            (0.15, self.revoke),
            (0.6, self.pay_staff),
            (2, self.relay),
            (0.3, self.lose),
        ]
        self._weights = [weight for weight, _ in self._acts]

    def told(self, steps: int) -> Figures:
        """The whole story: so many steps, the invariants asked now and then, and its end."""
        self.begin()
        for _ in range(steps):
            self.step()
            if self.figures.steps % VERIFIED_EVERY == 0:
                self.verify()
        return self.end()

    def begin(self) -> None:
        """Three customers owe something and were told that their cards will be charged."""
        for _ in range(3):
            self._owe()
        self.house.tick()

    def step(self) -> None:
        """One thing happens; then oracle, books and ledger are compared."""
        [(_, act)] = self.draw.choices(self._acts, self._weights)
        try:
            act()
        except Killed:
            self.figures.kills += 1
            self.figures.died_at.add(self.house.doing)
            self.house.slips.clear()
        self.house.dies_in = None
        self.figures.steps += 1
        self.figures.done[act.__name__] += 1
        self.compare()

    def owe(self) -> None:
        """A customer with a card gets an invoice, or is asked for credit."""
        if self._live() < MOST_LIVE:
            self._owe()

    def _owe(self) -> None:
        house, draw = self.house, self.draw
        if not self.cards or draw.random() < 0.5:
            customer = house.customer()
            self.cards.append((customer, house.card(customer)))
        customer, _ = draw.choice(self.cards[-MOST_LIVE:])
        try:
            owed = house.request if draw.random() < 0.4 else house.invoice
            self.items.append((customer, owed(customer, "119.00")))
        except Refused:
            # Their card is gone, or was stopped: nobody asks for credit on it.
            return
        self.figures.items += 1

    def wait(self) -> None:
        """Time passes: minutes, hours or days, or until something is due."""
        passes = timedelta(minutes=self.draw.choice((1, 3, 20, 90, 600, 1440, 4320)))
        if self.draw.random() < 0.5:
            passes = min(passes, self._until_due() or passes)
        self.house.forward(passes)
        if self._silent_until and self.house.at >= self._silent_until:
            self._silent_until = None
            self.house.sandbox.heal()

    def tick(self) -> None:
        """A clock ticks, or two do; what comes of it waits for a worker."""
        name = self.draw.choice(_SWEEPS)
        for _ in range(self.draw.choice((1, 1, 2))):
            self.house.sweep(name)

    def work(self) -> None:
        """A worker takes something that waits, in any order, perhaps twice."""
        self.house.repeats = self.draw.choice((1, 1, 2))
        if self.house.slips:
            self._work_on(self.draw.randrange(len(self.house.slips)))
        else:
            self.tick()

    def _work_on(self, place: int) -> None:
        house = self.house
        slip = house.slips.pop(place)
        for _ in range(house.repeats):
            house.run(slip)

    def relay(self) -> None:
        """What was lost is brought again."""
        self.house.slips += self.house.claim_due(99)

    def lose(self) -> None:
        """The queue is emptied."""
        self.house.slips.clear()

    def trouble(self) -> None:
        """The network or Stripe fails somewhere, soon."""
        on, do = self.draw.choice(PLACES), self.draw.choice(FAULTS)
        self.house.sandbox.fail(on, do, times=self.draw.choice((1, 1, 2, 4)))

    def silence(self) -> None:
        """Stripe takes what it is asked for, and for hours nobody can see whether it did."""
        how = self.draw.choice(("drop_before", "error_429"))
        self.house.sandbox.fail(PLACES[1], "commit_then_drop", times=2)
        for place in PLACES[3:]:
            self.house.sandbox.fail(place, how, times=1_000)
        self._silent_until = self.house.at + timedelta(hours=self.draw.choice((2, 12, 40)))

    def decline(self) -> None:
        """Some bank says no, soon."""
        _, mandate = self._card()
        code = self.draw.choice(CODES)
        on = f"card {mandate.stripe_method_id}"
        self.house.sandbox.fail(on, "decline", decline_code=code)

    def kill(self) -> None:
        """The process dies at some point, before or after a commit, of what it does next."""
        house = self.house
        charge = self._charge(live=True)
        if charge is not None and charge.state != ChargeState.PLANNED:
            with house.transaction() as s:
                tell(s, ChargeDue(ACME, charge.id))
        house.repeats = 1
        house.dies_in = self.draw.randint(1, 12)
        if house.slips:
            self._work_on(-1)
        else:
            house.sweep(self.draw.choice(_SWEEPS))

    def hear(self) -> None:
        """A webhook says that some charge changed, once or twice, perhaps of long ago."""
        charge = self._charge()
        for _ in range(self.draw.choice((1, 2)) if charge else 0):
            with self.house.transaction() as s:
                tell(s, ChargeHeard(ACME, charge.id if charge else ""))

    def pay_by_link(self) -> None:
        """A customer pays on the page, and perhaps nobody hears of it at first."""
        checkout = self._page(self._item_in_doubt() or self._item()[1])
        if checkout is None or checkout.url is None:
            return
        status = self.house.sandbox.pay(checkout.url, self.draw.choice((PAYS, PAYS, DECLINED)))
        if status == 303 and self.draw.random() < 0.5:
            with self.house.transaction() as s:
                tell(s, CheckoutHeard(ACME, checkout.id))

    def pay_staff(self) -> None:
        """Staff register money that came otherwise, perhaps while the card is being charged."""
        customer, item = self._item()
        amount = euro(self.draw.choice(("119.00", "50.00")))
        said = Registration(
            amount, Method.CASH, self.house.at.date(), "ann", nth=self.figures.steps
        )
        try:
            with self.house.transaction() as s:
                row = invoices.by_id(s, ACME, item.id)
                payments.register(s, s.merge(customer), row, said, at=self.house.at)
            self.figures.by_staff += 1
        except TillmailError:
            return

    def object(self) -> None:
        """Somebody stops, delays, holds or resumes a charge."""
        chosen = self._charge()
        if chosen is None:
            return
        wish = self.draw.choice(("stop", "hold", "delay", "resume"))
        try:
            with self.house.transaction() as s:
                charge = s.merge(chosen)
                terms = autocharge.terms_of(self.house.rules(ACME))
                at = self.house.at
                if wish == "delay":
                    autocharge.delay(s, charge, terms, by="pat", at=at)
                elif wish == "resume":
                    autocharge.resume(s, charge, terms, by="ann", at=at)
                else:
                    end = autocharge.stop if wish == "stop" else autocharge.hold
                    end(s, charge, terms, by="pat", because="STOP", at=at)
        except TillmailError:
            return

    def revoke(self) -> None:
        """A customer takes the consent back."""
        _, mandate = self._card()
        with self.house.transaction() as s:
            autocharge.revoke(s, s.merge(mandate), by="pat", because="STOP", at=self.house.at)

    def compare(self) -> None:
        """Nothing is booked that was not taken, nothing was taken twice, and the ledger agrees.

        Where neither Stripe nor the books were written to, nothing can have changed.
        """
        house, writes = self.house, self.house.sandbox.writes
        is_known = writes is not None and (writes, house.commits) == self._compared
        if is_known:
            return
        if writes is None or writes != self._compared[0]:
            self._taken = house.taken()
            self._refuse_doubles()
        self._compared = (writes or 0, house.commits)
        booked, at_stripe = house.booked()
        amounts = {one["payment_intent"]: one["amount"] for one in self._taken}
        for intent, minor in booked.items():
            assert amounts.get(intent) == minor, (intent, minor)
        assert at_stripe == sum(booked.values())

    def _refuse_doubles(self) -> None:
        of_charges = Counter(
            one["metadata"]["tillmail_charge"]
            for one in self._taken
            if "tillmail_charge" in one["metadata"]
        )
        self.figures.doubles += sum(count - 1 for count in of_charges.values())
        assert self.figures.doubles == 0, of_charges.most_common(3)

    def verify(self) -> None:
        """Every invariant of the house holds, in the midst of it all."""
        broken = [line for line in self.house.broken() if "job" not in line.lower()]
        assert broken == [], broken

    def end(self) -> Figures:
        """Peace: no more faults, and time enough. Then the books are what was truly taken."""
        house = self.house
        house.sandbox.heal()
        house.repeats = 1
        for _ in range(60):
            house.forward(timedelta(hours=2))
            house.bring_again()
            house.tick(*(*SWEEPS, "autocharge.compare_charges", "payments.compare_listing"))
            if not any(c.state in _BUSY for c in house.charges()) and self._is_equal():
                break
        assert self._is_equal(), self._difference()
        stuck = [(c.id, c.state, c.because) for c in house.charges() if c.state in _BUSY]
        assert stuck == [], stuck
        self.verify()
        self._no_item_is_taken_twice()
        self._count()
        return self.figures

    def _is_equal(self) -> bool:
        return self._difference() == ({}, {})

    def _difference(self) -> tuple[dict[str, int], dict[str, int]]:
        taken = {one["payment_intent"]: one["amount"] for one in self.house.taken()}
        booked, _ = self.house.booked()
        missing = {k: v for k, v in taken.items() if booked.get(k) != v}
        return missing, {k: v for k, v in booked.items() if taken.get(k) != v}

    def _no_item_is_taken_twice(self) -> None:
        """Of an item Stripe took money once: by one charge or by one page, and never by both."""
        charged = select(Charge.item_id).where(Charge.state == ChargeState.SETTLED.value)
        paid = select(Checkout.item_id).where(Checkout.state == CheckoutState.COMPLETE.value)
        with self.house.reading() as s:
            took = Counter([*s.scalars(charged), *s.scalars(paid)])
        twice = [item for item, count in took.items() if count > 1]
        assert twice == [], twice

    def _count(self) -> None:
        with self.house.reading() as s:
            attempts = s.scalars(select(Attempt)).all()
            self.figures.unknown = sum(one.calls > 1 or bool(one.problem) for one in attempts)
        states = Counter(charge.state for charge in self.house.charges())
        self.figures.charged = states[ChargeState.SETTLED.value]
        self.figures.by_link = len(self.house.booked()[0]) - self.figures.charged

    def _until_due(self) -> timedelta | None:
        """How long until the next thing is to be done about a charge."""
        after = select(func.min(Charge.due_at)).where(Charge.due_at > self.house.at)
        with self.house.reading() as s:
            due_at = s.scalar(after)
        return due_at - self.house.at + timedelta(seconds=1) if due_at else None

    def _live(self) -> int:
        """How many charges have not ended."""
        with self.house.reading() as s:
            return s.scalar(_LIVE) or 0

    def _charge(self, *, live: bool = False) -> Charge | None:
        """Some charge; in the order of the items, so that a seed draws the same one again."""
        found = _LIVING if live else _ALL
        place = {item.id: nth for nth, (_, item) in enumerate(self.items)}
        with self.house.reading() as s:
            charges = sorted(s.execute(found), key=lambda one: (place[one.item_id], one.planned_at))
            return s.get(Charge, (ACME, self.draw.choice(charges).id)) if charges else None

    def _item(self) -> tuple[Customer, Invoice]:
        return self.draw.choice(self.items[-3 * MOST_LIVE :])

    def _item_in_doubt(self) -> Invoice | None:
        """What a card may have paid, and nobody knows: the worst time to pay it by link."""
        unknown = select(Charge.item_id).where(Charge.state == ChargeState.UNKNOWN.value)
        with self.house.reading() as s:
            ids = set(s.scalars(unknown))
        doubtful = [item for _, item in self.items if item.id in ids]
        return self.draw.choice(doubtful) if doubtful else None

    def _card(self) -> tuple[Customer, Mandate]:
        return self.draw.choice(self.cards[-MOST_LIVE:])

    def _page(self, item: Invoice) -> Checkout | None:
        house, at = self.house, self.house.at
        try:
            with house.transaction() as s:
                row = invoices.by_id(s, ACME, item.id)
                assert row is not None
                checkout = payments.begin(s, row, link_id="lnk_1", at=at)
            if checkout.state == CheckoutState.OPEN:
                return checkout
            url = "https://pay.acme.example/l/x"
            payer = Payer("lnk_1", None, "en", "Invoice", url, url)
            order = payments.order_for(checkout, payer)
            page = house.gateway(ACME).open_checkout(order, key=checkout.key)
            with house.transaction() as s:
                checkout = s.merge(checkout)
                payments.opened(s, checkout, page)
        except TillmailError:
            return None
        return checkout
