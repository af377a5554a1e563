"""Actors of documents."""

from __future__ import annotations

from sqlalchemy.orm import Session

from worker import documents, invoices, paylinks
from worker.actors.shapes import Run, work
from worker.app import App
from worker.documents import PrintOrder
from worker.kernel.errors import PermanentError
from worker.kernel.ids import BusinessKey


def order(app: App, s: Session, business: BusinessKey, invoice_id: str) -> PrintOrder:
    """What is to be printed for an invoice."""
    invoice = _invoice(s, business, invoice_id)
    rules, look = app.rules(business), app.look(s, business)
    link = paylinks.on_papers(s, invoice, scope=rules.links.scope)
    url = app.link_url(link) if link else None
    return documents.order(s, invoice, rules, look, url=url)


@work(order)
def render_invoice(run: Run, order: PrintOrder) -> None:
    """Print an invoice in a child, then freeze it."""
    printed = run.app.press.print_pdf(order)
    with run.finish() as s:
        invoice = _invoice(s, run.business, run.subject)
        documents.keep(s, invoice, printed, order, at=run.app.now())


def _invoice(s: Session, business: BusinessKey, invoice_id: str) -> invoices.Invoice:
    invoice = invoices.by_id(s, business, invoice_id)
    if invoice is None:
        raise PermanentError(f"Invoice {invoice_id} is missing.")
    return invoice
