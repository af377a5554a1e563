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
from datetime import timedelta

from sqlalchemy import func, select

from tests.autocharge.house import SWEEPS, House, Killed, euro
from tests.books import ACME
from tests.servers.stripe import DECLINED, PAYS, pay
from worker import autocharge, invoices, payments
from worker.autocharge import Attempt, Charge, ChargeState, Mandate
from worker.customers import Customer
from worker.invoices import Invoice
from worker.kernel.errors import TillmailError
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
MOST_LIVE = 8
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
    invoices: int = 0
    done: Counter[str] = field(default_factory=Counter)


class Story:
    """One house, one seed."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.draw, self.figures = house, random.Random(seed), Figures()
        self.items: list[tuple[Customer, Invoice]] = []
        self._acts: list[tuple[float, Callable[[], None]]] = [
            (4, self.owe),
            (8, self.wait),
            (9, self.tick),
            (9, self.work),
            (3, self.trouble),
            (1.5, self.decline),
            (4, self.kill),
            (1.5, self.pay_by_link),
            (2, self.hear),
            (1, self.object),
            (0.3, self.revoke),
            (1.5, self.pay_staff),
            (2, self.relay),
            (0.5, self.lose),
        ]

    def begin(self) -> None:
        """Three customers owe something and were told that their cards will be charged."""
        for _ in range(3):
            self._owe()
        self.house.tick()

    def step(self) -> None:
        """One thing happens; then oracle and books are compared."""
        weights = [weight for weight, _ in self._acts]
        [(_, act)] = self.draw.choices(self._acts, weights)
        try:
            act()
        except Killed:
            self.figures.kills += 1
            self.house.dies_in = None
            self.house.slips.clear()
        self.figures.steps += 1
        self.figures.done[act.__name__] += 1
        self.compare()

    def owe(self) -> None:
        """A customer with a card gets an invoice."""
        while len(self._open()) < MOST_LIVE and self.draw.random() < 0.6:
            self._owe()

    def _owe(self) -> None:
        customer = self.house.customer()
        self.house.card(customer)
        owed = self.house.request if self.draw.random() < 0.4 else self.house.invoice
        self.items.append((customer, owed(customer, "119.00")))
        self.figures.invoices += 1

    def wait(self) -> None:
        """Time passes: minutes, hours or days."""
        minutes = self.draw.choice((1, 3, 20, 90, 600, 1440, 4320))
        self.house.forward(timedelta(minutes=minutes))

    def tick(self) -> None:
        """A clock ticks, or two do."""
        for _ in range(self.draw.choice((1, 1, 2))):
            self.house.tick(*(*SWEEPS, "autocharge.compare_charges"))

    def work(self) -> None:
        """A worker takes what waits, in any order, perhaps twice."""
        self.draw.shuffle(self.house.slips)
        self.house.repeats = self.draw.choice((1, 2))
        self.house.work()

    def relay(self) -> None:
        """What was lost is brought again."""
        self.house.bring_again()

    def lose(self) -> None:
        """The queue is emptied."""
        self.house.slips.clear()

    def trouble(self) -> None:
        """The network or Stripe fails somewhere, soon."""
        on, do = self.draw.choice(PLACES), self.draw.choice(FAULTS)
        self.house.sandbox.fail(on, do, times=self.draw.choice((1, 1, 2, 4)))

    def decline(self) -> None:
        """Some bank says no, soon."""
        mandate = self._mandate()
        if mandate is not None:
            code = self.draw.choice(CODES)
            on = f"card {mandate.stripe_method_id}"
            self.house.sandbox.fail(on, "decline", decline_code=code)

    def kill(self) -> None:
        """The process dies at some point of what it does next."""
        self.house.dies_in = self.draw.randint(1, 16)
        with_due = [c for c in self._open() if c.state != ChargeState.PLANNED]
        if with_due:
            with self.house.transaction() as s:
                tell(s, ChargeDue(ACME, self.draw.choice(with_due).id))
        self.tick()
        self.house.dies_in = None

    def hear(self) -> None:
        """Webhooks come: about any charge, once or twice."""
        charges = self.house.charges()
        if charges:
            charge = self.draw.choice(charges)
            for _ in range(self.draw.choice((1, 2))):
                with self.house.transaction() as s:
                    tell(s, ChargeHeard(ACME, charge.id))
            self.house.work()

    def pay_by_link(self) -> None:
        """A customer pays on the page, and perhaps nobody hears of it at first."""
        if not self.items:
            return
        _, item = self.draw.choice(self.items)
        checkout = self._page(item)
        if checkout is None or checkout.url is None:
            return
        answer = pay(checkout.url, self.draw.choice((PAYS, PAYS, DECLINED)))
        if answer.status_code == 303 and self.draw.random() < 0.5:
            with self.house.transaction() as s:
                tell(s, CheckoutHeard(ACME, checkout.id))
            self.house.work()

    def pay_staff(self) -> None:
        """Staff register money that came otherwise, perhaps while the card is being charged."""
        if not self.items:
            return
        customer, item = self.draw.choice(self.items)
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
        charges = self.house.charges()
        if not charges:
            return
        wish = self.draw.choice((autocharge.stop, autocharge.hold, None, autocharge.resume))
        chosen = self.draw.choice(charges)
        try:
            with self.house.transaction() as s:
                charge = s.merge(chosen)
                terms = autocharge.terms_of(self.house.rules(ACME))
                at = self.house.at
                if wish is None:
                    autocharge.delay(s, charge, terms, by="pat", at=at)
                elif wish is autocharge.resume:
                    autocharge.resume(s, charge, terms, by="ann", at=at)
                else:
                    wish(s, charge, terms, by="pat", because="STOP", at=at)
        except TillmailError:
            return

    def revoke(self) -> None:
        """A customer takes the consent back."""
        mandate = self._mandate()
        if mandate is not None and self.draw.random() < 0.5:
            with self.house.transaction() as s:
                autocharge.revoke(s, s.merge(mandate), by="pat", because="STOP", at=self.house.at)

    def compare(self) -> None:
        """Nothing is booked that was not taken, and nothing was taken twice."""
        taken = self.house.taken()
        of_charges = Counter(
            one["metadata"].get("tillmail_charge")
            for one in taken
            if "tillmail_charge" in one["metadata"]
        )
        self.figures.doubles += sum(count - 1 for count in of_charges.values())
        amounts = {one["payment_intent"]: one["amount"] for one in taken}
        for intent, minor in self.house.booked().items():
            assert amounts.get(intent) == minor, (intent, minor)
        assert self.figures.doubles == 0, of_charges.most_common(3)

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
        assert stuck == []
        assert [line for line in house.broken() if "job" not in line.lower()] == []
        self._no_item_is_taken_twice()
        self._count()
        return self.figures

    def _is_equal(self) -> bool:
        return self._difference() == ({}, {})

    def _difference(self) -> tuple[dict[str, int], dict[str, int]]:
        taken = {one["payment_intent"]: one["amount"] for one in self.house.taken()}
        booked = self.house.booked()
        missing = {k: v for k, v in taken.items() if booked.get(k) != v}
        return missing, {k: v for k, v in booked.items() if taken.get(k) != v}

    def _no_item_is_taken_twice(self) -> None:
        """Of an item at most one charge took money; a link beside it went to the balance."""
        with self.house.reading() as s:
            settled = s.execute(
                select(Charge.item_id, func.count())
                .where(Charge.state == ChargeState.SETTLED.value)
                .group_by(Charge.item_id)
            )
            twice = [item for item, count in settled if count > 1]
        assert twice == []

    def _count(self) -> None:
        with self.house.reading() as s:
            attempts = s.scalars(select(Attempt)).all()
            self.figures.unknown = sum(one.calls > 1 or bool(one.problem) for one in attempts)
        states = Counter(charge.state for charge in self.house.charges())
        self.figures.charged = states[ChargeState.SETTLED.value]
        self.figures.by_link = len(self.house.booked()) - self.figures.charged

    def _open(self) -> list[Charge]:
        with self.house.reading() as s:
            paid = [i for _, i in self.items if invoices.still_to_pay(s, i).is_positive]
        return [c for c in self.house.charges() if c.ended_at is None and paid]

    def _mandate(self) -> Mandate | None:
        with self.house.reading() as s:
            found = s.scalars(select(Mandate).order_by(Mandate.recorded_at, Mandate.id)).all()
        return self.draw.choice(found[-MOST_LIVE:]) if found else None

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
