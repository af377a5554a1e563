"""Typed ids: a prefix that says what it is, then 130 random bits."""

from __future__ import annotations

import secrets
from itertools import product
from typing import NewType

BusinessKey = NewType("BusinessKey", str)
MailId = NewType("MailId", str)
JobId = NewType("JobId", str)
CustomerId = NewType("CustomerId", str)
ContactId = NewType("ContactId", str)
InvoiceId = NewType("InvoiceId", str)
EntryId = NewType("EntryId", str)
PaymentId = NewType("PaymentId", str)
AllocationId = NewType("AllocationId", str)
CheckoutId = NewType("CheckoutId", str)
LinkId = NewType("LinkId", str)
DocumentId = NewType("DocumentId", str)
NoticeId = NewType("NoticeId", str)
WorkItemId = NewType("WorkItemId", str)
BlobHash = NewType("BlobHash", str)


# Two characters for ten bits: half the work of one at a time.
_PAIRS = tuple(a + b for a, b in product("abcdefghijklmnopqrstuvwxyz234567", repeat=2))


def random_part() -> str:
    """26 lower-case letters and digits: 130 bits from the operating system."""
    number = secrets.randbits(130)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(0, 130, 10)])


def new_id(prefix: str) -> str:
    """A fresh id such as `inv_…`; wrap it in its type where it is made."""
    return f"{prefix}_{random_part()}"
