"""Typed ids: a prefix that says what it is, then 128 random bits."""

from __future__ import annotations

import base64
import secrets
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


def random_part() -> str:
    """26 lower-case letters and digits: 128 bits from the operating system."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def new_id(prefix: str) -> str:
    """A fresh id such as `inv_…`; wrap it in its type where it is made."""
    return f"{prefix}_{random_part()}"
