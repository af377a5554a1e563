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
        rules, look = run.app.rules(run.business), run.app.look(s, run.business)
        link = paylinks.on_papers(s, invoice, scope=rules.links.scope)
        url = run.app.link_url(link) if link else None
        order = documents.order(s, invoice, rules, look, url=url)
    printed = run.app.press.print_pdf(order)
    with run.finish() as s:
        documents.keep(s, _invoice(s, run), printed, order, at=run.app.now())


def _invoice(s: Session, run: Run) -> invoices.Invoice:
    invoice = invoices.by_id(s, run.business, run.subject)
    if invoice is None:
        raise PermanentError(f"Invoice {run.subject} is missing.")
    return invoice
