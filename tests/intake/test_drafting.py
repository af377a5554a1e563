"""From a sorted mail to the documents in it, and for which of them an instruction speaks."""

from __future__ import annotations

import pytest

from tests.books import ACME, AT, document
from worker import intake, readers
from worker.intake import Mail
from worker.readers.model import Buyer

ANN, BOB = Buyer(name="Ann AG"), Buyer(name="Bob Ltd")


def _mail(*buyers: Buyer) -> Mail:
    raw = b"From: us@acme.example\r\nSubject: x\r\n\r\nPlease send it to ann@ann.example\r\n"
    examined = readers.examine(raw)
    found = tuple(document(number=f"R-{n}", buyer=b) for n, b in enumerate(buyers))
    reading = examined.reading.model_copy(update={"invoices": found})
    kept = examined.model_copy(update={"reading": reading}).model_dump(mode="json")
    return Mail(business=ACME, id="mail_1", reading=kept, received_at=AT)


@pytest.mark.parametrize(
    ("buyers", "is_clear"),
    [([ANN], True), ([ANN, ANN], True), ([ANN, BOB], False)],
    ids=["one", "two of one buyer", "two of two buyers"],
)
def test_one_address_is_for_the_invoices_of_one_buyer(
    buyers: list[Buyer], *, is_clear: bool
) -> None:
    for draft in intake.drafts(_mail(*buyers)):
        assert (draft.instructed is not None) is is_clear
        assert (draft.instruction_problem is None) is is_clear
