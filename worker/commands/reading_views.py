"""A reading as a person likes to see it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.readers import Invoice, Kind, Reading
from worker.readers.model import Proposal, Remittance

_COLOURS = {
    Kind.INVOICE: "green",
    Kind.CREDIT_NOTE: "green",
    Kind.REMITTANCE: "cyan",
    Kind.BANK_STATEMENT: "cyan",
    Kind.SUSPICIOUS: "red",
    Kind.BOUNCE: "magenta",
    Kind.COMPLAINT: "magenta",
    Kind.OTHER: "bright_black",
}
_MAX_LINES = 12


def view(path: str, reading: Reading) -> RenderableType:
    """The reading of one file: what it is, why, what it says and what is wrong with it."""
    colour = _COLOURS.get(reading.kind, "blue")
    words = reading.kind.value.replace("_", " ")
    head = Text.assemble((f" {words} ", f"bold reverse {colour}"), " ", (path, "bold"))
    return Group(head, *(Padding(part, (0, 0, 0, 2)) for part in _parts(reading)), Text())


def _parts(reading: Reading) -> Iterator[RenderableType]:
    if reading.error:
        yield Text.assemble(("✗ ", "bold red"), (reading.error, "red"))
    for reason in reading.reasons:
        yield Text(reason, "bright_black")
    for invoice in reading.invoices:
        yield from _invoice(invoice)
    yield from _mail(reading)
    for remittance in reading.remittances:
        yield from _remittance(remittance)
    if proposal := reading.proposal:
        yield from _proposal(proposal)
    for statement in reading.statements:
        entries = f"{len(statement.entries)} entries"
        yield _facts({"statement": f"{statement.format} {statement.account}, {entries}"})
    for warning in reading.warnings:
        yield Text.assemble(("! ", "bold yellow"), (warning, "yellow"))


def _invoice(invoice: Invoice) -> Iterator[RenderableType]:
    prepaid = invoice.prepaid
    yield _facts(
        {
            "number": invoice.number,
            "issued": invoice.issue_date,
            "due": invoice.due_date,
            "to pay": _money(invoice.total, invoice.currency),
            "of": _money(invoice.grand_total, invoice.currency)
            if invoice.grand_total != invoice.total
            else None,
            "prepaid": _money(prepaid, invoice.currency) if prepaid else None,
            "net + tax": _net_and_tax(invoice),
            "seller": _with_id(invoice.seller.name, invoice.seller.vat_id),
            "buyer": _with_id(invoice.buyer.name, invoice.buyer.vat_id),
            "buyer's email": invoice.buyer.email,
            "IBAN": invoice.seller.iban,
            "reference": invoice.payment_reference,
            "contract": invoice.contract,
            "confidence": f"{invoice.confidence:.0%}" if invoice.confidence < 1 else None,
        }
    )
    if invoice.lines:
        yield _lines(invoice)


def _lines(invoice: Invoice) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bright_black", padding=(0, 2, 0, 0))
    table.add_column("#")
    table.add_column("what", max_width=60, overflow="ellipsis", no_wrap=True)
    for header in ("quantity", "price", "net"):
        table.add_column(header, justify="right", no_wrap=True)
    for line in invoice.lines[:_MAX_LINES]:
        cells = (line.position, line.name, line.quantity, line.unit_price, line.net_amount)
        table.add_row(*(Text(_plain(cell)) for cell in cells))
    if (more := len(invoice.lines) - _MAX_LINES) > 0:
        table.add_row("", Text(f"… and {more} more", "bright_black"))
    return table


def _mail(reading: Reading) -> Iterator[RenderableType]:
    if forwarded := reading.forwarded:
        sender = f"{forwarded.sender.name or ''} <{forwarded.sender.address}>".strip()
        yield _facts({"forwarded from": sender, "about": forwarded.subject or None})
    if reading.reply and reading.reply.text:
        yield _facts({"says": reading.reply.text[:400]})
    if bounce := reading.bounce:
        addresses = ", ".join(each.address for each in bounce.recipients)
        yield _facts({"bounced": addresses, "status": bounce.status, "reason": bounce.reason})


def _remittance(remittance: Remittance) -> Iterator[RenderableType]:
    yield _facts(
        {
            "paid": _money(remittance.total, remittance.currency),
            "on": remittance.paid_on,
            "by": (remittance.method or "").replace("_", " "),
            "reference": remittance.payer_reference,
            "on account": _money(remittance.on_account, remittance.currency),
        }
    )
    if not remittance.lines:
        return
    table = _sums("for", "amount", "taken off", "because of")
    for line in remittance.lines[:_MAX_LINES]:
        cells = (line.as_written, line.amount, line.deduction, line.deduction_reason)
        table.add_row(*(Text(_plain(cell)) for cell in cells))
    if (more := len(remittance.lines) - _MAX_LINES) > 0:
        table.add_row(Text(f"… and {more} more", "bright_black"))
    yield table


def _proposal(proposal: Proposal) -> Iterator[RenderableType]:
    colour = {"apply": "green", "review": "yellow"}.get(proposal.decision, "bright_black")
    yield Text.assemble((f"{proposal.decision} ", f"bold {colour}"), proposal.why)
    if not proposal.allocations:
        return
    table = _sums("item", "cash", "deduction", "why")
    for each in proposal.allocations[:_MAX_LINES]:
        cells = (each.invoice_number, each.amount, each.deduction, each.reason)
        table.add_row(*(Text(_plain(cell)) for cell in cells))
    if (more := len(proposal.allocations) - _MAX_LINES) > 0:
        table.add_row(Text(f"… and {more} more", "bright_black"))
    yield table


def _sums(name: str, *headers: str) -> Table:
    """A table of amounts under a first column of names; the last column is words."""
    table = Table(box=None, pad_edge=False, header_style="bright_black", padding=(0, 2, 0, 0))
    table.add_column(name, no_wrap=True)
    for header in headers[:-1]:
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column(headers[-1])
    return table


def _facts(facts: dict[str, object]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bright_black", no_wrap=True)
    grid.add_column()
    for name, value in facts.items():
        if value not in (None, ""):
            grid.add_row(name, Text(str(value)))
    return grid


def _net_and_tax(invoice: Invoice) -> str | None:
    if invoice.net_total is None or invoice.tax_total is None:
        return None
    return f"{invoice.net_total:f} + {invoice.tax_total:f}"


def _money(amount: Decimal | None, currency: str | None) -> str | None:
    return None if amount is None else f"{amount:f} {currency or ''}".strip()


def _with_id(name: str | None, number: str | None) -> str | None:
    return f"{name or ''}  {number}".strip() if number else name


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value or "")
