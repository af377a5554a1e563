"""Customers from a CSV file: columns number, name, vat_id, address (email) and language."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from sqlalchemy.orm import Session

from worker.customers.filing import Details, add, add_contact
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.kernel.mail import Address, NotAnAddress

COLUMNS = ("number", "name", "vat_id", "address", "language")
_NEEDED = ("name", "address")


def import_csv(session: Session, business: BusinessKey, text: str, *, by: str, at: datetime) -> int:
    """Put every row on file, all or none; gives how many. Importing again changes nothing.

    Raises Refused with the line that cannot be used.
    """
    rows = csv.DictReader(io.StringIO(text), strict=True)
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise Refused(f"The file has no column {missing[0]}. Its first line names the columns.")
    count = 0
    for row in rows:
        try:
            address = Address.parse((row["address"] or "").strip())
        except NotAnAddress as e:
            raise Refused(f"Line {rows.line_num}: {e}") from e
        customer = add(session, business, _details(row, rows.line_num), by=by, at=at)
        add_contact(session, customer, address, by=by, at=at)
        count += 1
    return count


def _details(row: dict[str, str | None], line: int) -> Details:
    cells = {name: (row.get(name) or "").strip() or None for name in COLUMNS}
    if cells["name"] is None:
        raise Refused(f"Line {line}: the customer has no name.")
    return Details(
        name=cells["name"],
        number=cells["number"],
        vat_id=cells["vat_id"],
        language=cells["language"],
    )
