"""Which endpoints there are, with the SDK's parameters for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import stripe.params as p
from stripe.params import checkout as c

from worker.sandbox import (
    balance,
    charges,
    disputes,
    events,
    intents,
    methods,
    parties,
    payouts,
    refunds,
    sessions,
    setups,
)
from worker.sandbox.call import by_id
from worker.sandbox.state import Object
from worker.sandbox.wire import ApiError


@dataclass(frozen=True, slots=True)
class Route:
    """`does(call, params, *ids)` answers; `params` is the SDK's typed dictionary."""

    method: str
    path: str
    params: type
    does: Callable[..., Object]

    def ids(self, path: str) -> tuple[str, ...] | None:
        """The ids in a path that is this route's, else None."""
        found = re.fullmatch(self.path.replace("{id}", "([A-Za-z0-9_]+)"), path, re.ASCII)
        return found.groups() if found else None


def _routes(*rows: tuple[str, str, Any, Callable[..., Object]]) -> tuple[Route, ...]:
    return tuple(Route(*row) for row in rows)


_SESSION = "/v1/checkout/sessions"
_INTENT = "/v1/payment_intents"
_ENDPOINT = "/v1/webhook_endpoints"
_CHARGE = "/v1/charges"
_REFUND = "/v1/refunds"
_CUSTOMER = "/v1/customers"
_DISPUTE = "/v1/disputes"
_METHOD = "/v1/payment_methods"
_SETUP = "/v1/setup_intents"
_TXN = "/v1/balance_transactions"
ROUTES = _routes(
    ("POST", _SESSION, c.SessionCreateParams, sessions.create),
    ("GET", _SESSION, c.SessionListParams, sessions.list_sessions),
    ("GET", _SESSION + "/{id}", c.SessionRetrieveParams, by_id("checkout.session")),
    ("POST", _SESSION + "/{id}/expire", c.SessionExpireParams, sessions.expire),
    ("GET", _SESSION + "/{id}/line_items", c.SessionListLineItemsParams, sessions.line_items),
    ("POST", _INTENT, p.PaymentIntentCreateParams, intents.create),
    ("GET", _INTENT, p.PaymentIntentListParams, intents.list_intents),
    ("GET", _INTENT + "/{id}", p.PaymentIntentRetrieveParams, by_id("payment_intent")),
    ("POST", _INTENT + "/{id}", p.PaymentIntentUpdateParams, intents.update),
    ("POST", _INTENT + "/{id}/confirm", p.PaymentIntentConfirmParams, intents.confirm),
    ("POST", _INTENT + "/{id}/cancel", p.PaymentIntentCancelParams, intents.cancel),
    ("GET", _CHARGE, p.ChargeListParams, charges.list_charges),
    ("GET", _CHARGE + "/{id}", p.ChargeRetrieveParams, by_id("charge")),
    ("POST", _CHARGE + "/{id}", p.ChargeUpdateParams, charges.update_charge),
    ("POST", _REFUND, p.RefundCreateParams, refunds.create),
    ("GET", _REFUND, p.RefundListParams, refunds.list_refunds),
    ("GET", _REFUND + "/{id}", p.RefundRetrieveParams, by_id("refund")),
    ("POST", _REFUND + "/{id}", p.RefundUpdateParams, refunds.update),
    ("POST", _REFUND + "/{id}/cancel", p.RefundCancelParams, refunds.cancel),
    ("GET", _TXN, p.BalanceTransactionListParams, balance.list_transactions),
    ("GET", _TXN + "/{id}", p.BalanceTransactionRetrieveParams, by_id("balance_transaction")),
    ("POST", _SETUP, p.SetupIntentCreateParams, setups.create),
    ("GET", _SETUP, p.SetupIntentListParams, setups.list_setups),
    ("GET", _SETUP + "/{id}", p.SetupIntentRetrieveParams, by_id("setup_intent")),
    ("POST", _SETUP + "/{id}/confirm", p.SetupIntentConfirmParams, setups.confirm),
    ("POST", _SETUP + "/{id}/cancel", p.SetupIntentCancelParams, setups.cancel),
    ("GET", "/v1/mandates/{id}", p.MandateRetrieveParams, by_id("mandate")),
    ("POST", _METHOD, p.PaymentMethodCreateParams, methods.create),
    ("GET", _METHOD, p.PaymentMethodListParams, methods.list_methods),
    ("GET", _METHOD + "/{id}", p.PaymentMethodRetrieveParams, by_id("payment_method")),
    ("POST", _METHOD + "/{id}", p.PaymentMethodUpdateParams, methods.update),
    ("POST", _METHOD + "/{id}/attach", p.PaymentMethodAttachParams, methods.attach),
    ("POST", _METHOD + "/{id}/detach", p.PaymentMethodDetachParams, methods.detach),
    ("GET", _DISPUTE, p.DisputeListParams, disputes.list_disputes),
    ("GET", _DISPUTE + "/{id}", p.DisputeRetrieveParams, by_id("dispute")),
    ("POST", _DISPUTE + "/{id}", p.DisputeUpdateParams, disputes.update),
    ("POST", _DISPUTE + "/{id}/close", p.DisputeCloseParams, disputes.close),
    ("GET", "/v1/payouts", p.PayoutListParams, payouts.list_payouts),
    ("GET", "/v1/payouts/{id}", p.PayoutRetrieveParams, by_id("payout")),
    ("POST", _CUSTOMER, p.CustomerCreateParams, parties.create_customer),
    ("GET", _CUSTOMER, p.CustomerListParams, parties.list_customers),
    ("GET", _CUSTOMER + "/{id}", p.CustomerRetrieveParams, by_id("customer")),
    ("POST", _CUSTOMER + "/{id}", p.CustomerUpdateParams, parties.update_customer),
    ("DELETE", _CUSTOMER + "/{id}", p.CustomerDeleteParams, parties.delete_customer),
    (
        "GET",
        _CUSTOMER + "/{id}/payment_methods",
        p.CustomerListPaymentMethodsParams,
        methods.list_of_customer,
    ),
    (
        "GET",
        _CUSTOMER + "/{id}/payment_methods/{id}",
        p.CustomerRetrievePaymentMethodParams,
        methods.one_of_customer,
    ),
    ("GET", "/v1/account", p.AccountRetrieveCurrentParams, parties.retrieve_account),
    ("GET", "/v1/balance", p.BalanceRetrieveParams, balance.retrieve_balance),
    ("GET", "/v1/events", p.EventListParams, events.list_events),
    ("GET", "/v1/events/{id}", p.EventRetrieveParams, by_id("event")),
    ("POST", _ENDPOINT, p.WebhookEndpointCreateParams, events.create_endpoint),
    ("GET", _ENDPOINT, p.WebhookEndpointListParams, events.list_endpoints),
    ("GET", _ENDPOINT + "/{id}", p.WebhookEndpointRetrieveParams, events.retrieve_endpoint),
    ("DELETE", _ENDPOINT + "/{id}", p.WebhookEndpointDeleteParams, events.delete_endpoint),
)


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route of a request and the ids in its path."""
    for route in ROUTES:
        ids = route.ids(path) if route.method == method else None
        if ids is not None:
            return route, ids
    raise ApiError(404, f"Unrecognized request URL ({method}: {path}).", code="url_invalid")
