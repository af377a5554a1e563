"""`make chaos`: kill processes at random moments of the flow; nothing may change but time.

    python -m bench.chaos [--kills 20] [--seed N]

Invoices are mailed in and paid while `worker`, `mailbox`, `clock` and `web` are killed with SIGKILL
and, now and then, Redis is emptied. At the end every invariant must hold, every invoice be sent and
paid once, and the sandbox's own list of charges must agree with the books.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import redis
import requests

from tests.flows.house import House, hook, running_house
from tests.flows.papers import Paper, forward
from tests.servers.processes import free_port
from tests.servers.stripe import running_sandbox
from worker.commands.demo_customer import pay
from worker.commands.invariants import violations
from worker.invoices import State, state_of, still_to_pay
from worker.kernel.errors import PermanentError
from worker.payments import STRIPE_EVIDENCE, Payment

VICTIMS = ("worker", "mailbox", "clock", "web", "worker", "redis")
LIMIT_S = 240.0


def run(house: House, *, kills: int, seed: int, say: bool = True) -> list[str]:
    """What does not hold after so many kills; empty when all is well."""
    draw = random.Random(seed)
    numbers = [f"CHAOS-{seed}-{n}" for n in range(max(3, kills // 2))]
    for number in numbers:
        house.send_in(forward(Paper(number=number)))
    unpaid, done = list(numbers), 0
    deadline = time.monotonic() + LIMIT_S
    while (unpaid or done < kills) and time.monotonic() < deadline:
        if done < kills:
            _strike(house, draw.choice(VICTIMS), done, say=say)
            done += 1
        until = time.monotonic() + draw.uniform(0.2, 2.5)
        while time.monotonic() < until:
            house.household.watch()
            unpaid = _pay_some(house, unpaid)
            time.sleep(0.05)
    house.await_that(lambda: _all_paid(house, numbers), patience_s=LIMIT_S, minutes_pass=True)
    house.await_quiet()
    return _differences(house, numbers)


def _strike(house: House, victim: str, nth: int, *, say: bool) -> None:
    if victim == "redis":
        redis.Redis.from_url(house.queue_url()).flushall()
    else:
        house.household.kill(victim)
    if say:
        print(f"{nth + 1:3}. {'emptied' if victim == 'redis' else 'killed'} {victim}", flush=True)


def _pay_some(house: House, numbers: list[str]) -> list[str]:
    """Pay whatever was sent; gives what is left. A page that is down is tried again."""
    left = []
    for number in numbers:
        invoice = house.invoice(number)
        if invoice is None or "sent" not in house.activity(invoice):
            left.append(number)
            continue
        try:
            pay(house.pay_url(invoice))
        except (requests.RequestException, PermanentError):
            left.append(number)
    return left


def _all_paid(house: House, numbers: list[str]) -> bool:
    return all(_state(house, number) is State.PAID for number in numbers)


def _state(house: House, number: str) -> State:
    invoice = house.await_invoice(number)
    with house.app.reading() as session:
        return state_of(invoice, still_to_pay(session, invoice))


def _differences(house: House, numbers: list[str]) -> list[str]:
    with house.app.reading() as session:
        found = violations(session)
    emails = [mail["Message-ID"] for mail in house.emails()]
    found += [f"{e} went out twice" for e in set(emails) if emails.count(e) > 1]
    assert house.sandbox is not None
    charged = sorted(charge["amount"] for charge in house.sandbox.charges())
    # What staff registered at the desk never passed the gateway.
    through_it = (p for p in house.all_of(Payment) if p.evidence_type == STRIPE_EVIDENCE)
    booked = sorted(payment.amount_minor for payment in through_it)
    if charged != booked:
        found.append(f"the sandbox took {charged}, the books say {booked}")
    for number in numbers:
        invoice = house.await_invoice(number)
        paid = house.activity(invoice).count("payment_made")
        if paid != 1:
            found.append(f"{number} was paid {paid} times")
    return found


def main() -> None:
    """Run it and say what happened."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--kills", type=int, default=20)
    given.add_argument("--seed", type=int, default=int(time.time()))
    chosen = given.parse_args()
    print(f"seed {chosen.seed}")
    with ExitStack() as stack:
        port = free_port()
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(running_sandbox(*hook(port)))
        settings = {"TILLMAIL_STRIPE_BASE_URL": sandbox.url}
        house = stack.enter_context(running_house(home / "house", port, settings))
        house.sandbox = sandbox
        found = run(house, kills=chosen.kills, seed=chosen.seed)
    if found:
        sys.exit("\n".join(["It does not hold:", *found]))
    print(f"{chosen.kills} strikes: every invariant holds, everything was sent and paid once.")


if __name__ == "__main__":
    main()
