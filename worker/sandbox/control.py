"""`/_sandbox`: what only a sandbox has. Faults, the clock, what banks decide, and the oracle.

`GET /_sandbox` lists it all with an example each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.sandbox import debits, disputes, methods, payouts, refunds
from worker.sandbox.api import Api, account_of
from worker.sandbox.call import public
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError

Answer = Object | list[Object]
Asked = Mapping[str, str]


def routes(api: Api) -> list[Route]:
    """The control endpoints; JSON in, JSON out."""
    reads: dict[str, Callable[[Api, Asked], Answer]] = {
        "health": _health,
        "faults": _faults,
        "charges": _charges,
        "movements": _movements,
        "deliveries": _deliveries,
        "clock": _clock,
    }
    writes: dict[str, Callable[[Api, Any], Answer]] = {
        "faults": _add_faults,
        "deliveries": _redeliver,
        "clock": _forward,
        "cards": _renew_card,
        "debits": _decide_debit,
        "disputes": _dispute,
        "payouts": _pay_out,
        "refunds": _settle_refund,
    }
    told = [("GET", name, read) for name, read in reads.items()]
    index = {
        f"{verb} /_sandbox/{name}": " ".join((does.__doc__ or "").split())
        for verb, name, does in [*told, *(("POST", *one) for one in writes.items())]
    }
    return [
        Route("/_sandbox", _reading(api, lambda *_: index), methods=["GET"]),
        *(_route("GET", name, _reading(api, read)) for name, read in reads.items()),
        *(_route("POST", name, _writing(api, write)) for name, write in writes.items()),
        _route("DELETE", "faults", _reading(api, _clear_faults)),
    ]


def _route(method: str, name: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
    return Route(f"/_sandbox/{name}", answer, methods=[method])


def _reading(
    api: Api, read: Callable[[Api, Asked], Answer]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        api.catch_up()
        return JSONResponse(read(api, request.query_params))

    return answer


def _writing(
    api: Api, write: Callable[[Api, Any], Answer]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            result = write(api, await request.json())
        except (ValueError, KeyError, TypeError, ApiError) as e:
            return JSONResponse({"error": f"{type(e).__name__}: {e}"}, status_code=400)
        api.wake.set()
        return JSONResponse(result)

    return answer


def _health(_: Api, __: Asked) -> Answer:
    """Whether the sandbox is up."""
    return {"ready": True, "real_money": False}


def _faults(api: Api, _: Asked) -> Answer:
    """The troubles that are still to come; DELETE calls them off."""
    return api.faults.listed()


def _add_faults(api: Api, entries: Any) -> Answer:
    """One fault or a list of them: `{"on": "POST /v1/customers", "do": "commit_then_drop"}`,
    `{"on": "webhook charge.refunded", "do": "duplicate"}`, `{"on": "card pm_…", "do": "decline",
    "decline_code": "do_not_honor"}`, `{"on": "debit *", "do": "fail", "reason": "no_account"}`."""
    for entry in entries if isinstance(entries, list) else [entries]:
        api.faults.add(entry)
    return api.faults.listed()


def _clear_faults(api: Api, _: Asked) -> Answer:
    api.faults.clear()
    return []


def _charges(api: Api, asked: Asked) -> Answer:
    """What was truly taken, whatever anybody was told: the measure for tests. `?account=acct_…` or
    `?payment_intent=pi_…` asks for less."""
    wanted = asked.get("payment_intent")
    return [
        {
            "account": account,
            "amount": charge["amount"],
            "amount_refunded": charge["amount_refunded"],
            "charge": charge["id"],
            "created": charge["created"],
            "currency": charge["currency"],
            "customer": charge["customer"],
            "disputed": charge["disputed"],
            "metadata": charge["metadata"],
            "method": charge["payment_method_details"]["type"],
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "session": charge.get("_session"),
        }
        for account, charge in api.state.every("charge", account=asked.get("account"))
        if charge["paid"] and wanted in (None, charge["payment_intent"])
    ]


def _movements(api: Api, asked: Asked) -> Answer:
    """Every true movement of money, oldest first, as each account's balance saw it.
    `?account=acct_…` asks for one account's, `?after=txn_…` for what came after that one."""
    found = api.state.every(
        "balance_transaction", account=asked.get("account"), after=asked.get("after")
    )
    return [
        {
            "account": account,
            "amount": txn["amount"],
            "charge": txn["_charge"],
            "created": txn["created"],
            "currency": txn["currency"],
            "fee": txn["fee"],
            "id": txn["id"],
            "source": txn["source"],
            "type": txn["type"],
        }
        for account, txn in found
    ]


def _settle_refund(api: Api, wanted: Any) -> Answer:
    """What the bank made of a refund: `{"refund": "re_…", "status": "failed", "reason": "…"}`."""
    with api.acting_on(wanted["refund"]) as call:
        return public(
            refunds.settle(
                call, wanted["refund"], wanted["status"], wanted.get("reason", "unknown")
            )
        )


def _decide_debit(api: Api, wanted: Any) -> Answer:
    """What the bank made of a debit: `{"payment_intent": "pi_…", "do": "fail", "reason": "…"}`;
    `do` is succeed, fail, or, when it has been paid, return."""
    with api.acting_on(wanted["payment_intent"]) as call:
        outcome = f"{wanted['do']} {wanted.get('reason', '')}".strip()
        return public(debits.decide(call, wanted["payment_intent"], outcome))


def _dispute(api: Api, wanted: Any) -> Answer:
    """Opens a dispute, `{"charge": "ch_…", "reason": "fraudulent", "inquiry": false}`, perhaps over
    a smaller `amount`; or decides one, `{"dispute": "du_…", "do": "win"}`: win, lose, review, or
    escalate an inquiry. A charge may be named by its `payment_intent`."""
    if "dispute" in wanted:
        with api.acting_on(wanted["dispute"]) as call:
            dispute = call.get("dispute", wanted["dispute"])
            return public(disputes.decide(call, dispute, wanted["do"]))
    named = wanted.get("charge") or wanted["payment_intent"]
    with api.acting_on(named) as call:
        charge = named
        if "payment_intent" in wanted:
            charge = call.get("payment_intent", named)["latest_charge"]
        return public(
            disputes.open_dispute(
                call,
                call.get("charge", charge),
                wanted.get("reason", "fraudulent"),
                inquiry=wanted.get("inquiry") is True,
                amount=wanted.get("amount"),
            )
        )


def _renew_card(api: Api, wanted: Any) -> Answer:
    """The network updates a saved card: `{"payment_method": "pm_…", "exp_year": 2031}`, or another
    test card's `number`."""
    changed = {name: value for name, value in wanted.items() if name != "payment_method"}
    with api.acting_on(wanted["payment_method"]) as call:
        method = call.get("payment_method", wanted["payment_method"])
        return public(methods.renew(call, method, changed))


def _pay_out(api: Api, wanted: Any) -> Answer:
    """Pays out what is available: `{"key": "sk_test_…", "currency": "eur"}`, or with the `account`
    it goes from; or has the bank send one back: `{"payout": "po_…", "do": "fail"}`."""
    if "payout" in wanted:
        with api.acting_on(wanted["payout"]) as call:
            return public(payouts.fail(call, wanted["payout"]))
    account = account_of(wanted["key"]) if "key" in wanted else wanted["account"]
    with api.acting_for(account) as call:
        return public(payouts.pay_out(call, wanted["currency"]))


def _deliveries(api: Api, _: Asked) -> Answer:
    """Every webhook delivery and how it went."""
    return api.state.deliveries()


def _redeliver(api: Api, wanted: Any) -> Answer:
    """Sends an event again: `{"event": "evt_…", "copies": 1, "signing": "good"}`."""
    event = wanted["event"]
    account = api.state.home_of(event)
    if account is None:
        raise ValueError(f"There is no event {event}.")
    api.state.send_again(
        event,
        account=api.state.owner_of(account) or account,
        copies=int(wanted.get("copies", 1)),
        signing=str(wanted.get("signing", "good")),
    )
    return api.state.deliveries()


def _clock(api: Api, _: Asked) -> Answer:
    """The sandbox's time."""
    return {"now": api.state.now()}


def _forward(api: Api, wanted: Any) -> Answer:
    """Moves the clock forward: `{"seconds": 3600}`. It never goes back. Whoever moves business
    time forward moves this too, or sessions seem to last too long."""
    seconds = wanted["seconds"]
    if type(seconds) is not int or seconds < 0:
        raise ValueError("seconds is a whole number and not negative.")
    api.state.forward(seconds)
    return {"now": api.state.now()}
