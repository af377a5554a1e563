"""Actors of documents."""

from __future__ import annotations

from sqlalchemy.orm import Session

from worker import documents, invoices, paylinks
from worker.actors.shapes import Run, work
from worker.kernel.errors import PermanentError


@work
def render_invoice(run: Run) -> None:
    """Print an invoice in a child, then freeze it."""
    with run.reading() as s:
        invoice = _invoice(s, run)
        link = paylinks.live_link(s, run.business, invoice.id) if invoice.pay_link else None
        url = run.app.link_url(link) if link else None
        look = run.app.look(s, run.business)
        order = documents.order(s, invoice, run.app.rules(run.business), look, url=url)
    printed = run.app.press.print_pdf(order)
    with run.finish() as s:
        documents.keep(s, _invoice(s, run), printed, order, at=run.app.now())


def _invoice(s: Session, run: Run) -> invoices.Invoice:
    invoice = invoices.by_id(s, run.business, run.subject)
    if invoice is None:
        raise PermanentError(f"Invoice {run.subject} is missing.")
    return invoice
