"""Books: money registered, applied, and the checkouts that bring it."""

from worker.payments.checkout import Payer, begin, opened, order_for
from worker.payments.model import Allocation, Checkout, CheckoutState, Payment, PaymentState
from worker.payments.ports import (
    BadSignature,
    CheckoutFacts,
    CheckoutOrder,
    CheckoutPage,
    Gateway,
    GatewayEvent,
)
from worker.payments.reconciling import compare, look_up_due
from worker.payments.records import (
    allocated_to,
    allocations_of,
    by_id,
    checkout,
    checkout_of_session,
    checkouts_of,
    ever_allocated_to,
    live_checkout,
    newest,
    settled_by,
)
from worker.payments.reversals import Dispute, Refund, RefundState
from worker.payments.settling import give_up, is_past_hope, never_opened, settle
from worker.payments.webhooks import keep as keep_webhook

__all__ = [
    "Allocation",
    "BadSignature",
    "Checkout",
    "CheckoutFacts",
    "CheckoutOrder",
    "CheckoutPage",
    "CheckoutState",
    "Dispute",
    "Gateway",
    "GatewayEvent",
    "Payer",
    "Payment",
    "PaymentState",
    "Refund",
    "RefundState",
    "allocated_to",
    "allocations_of",
    "begin",
    "by_id",
    "checkout",
    "checkout_of_session",
    "checkouts_of",
    "compare",
    "ever_allocated_to",
    "give_up",
    "is_past_hope",
    "keep_webhook",
    "live_checkout",
    "look_up_due",
    "never_opened",
    "newest",
    "opened",
    "order_for",
    "settle",
    "settled_by",
]
