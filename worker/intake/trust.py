"""How far a mail is to be trusted. Decided from the envelope and the mailbox's rules; pure.

Levels are RELIABILITY 1.2's: A0 anonymous, A1 domain authenticated, A2 known sender, A3 bound to a
secret intake address. Nothing in a mail's text or in a forwarded original adds to them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from worker.businesses import MailboxRules
from worker.readers import Envelope


class Level(StrEnum):
    """Comparable by name: A0 < A1 < A2 < A3."""

    A0 = "A0"
    A1 = "A1"
    A2 = "A2"
    A3 = "A3"


@dataclass(frozen=True, slots=True)
class Trust:
    """The level, the reason for it, and whether somebody tried to look like us."""

    level: Level
    because: str
    alarm: bool = False

    @property
    def may_send_invoices(self) -> bool:
        """A2 and above."""
        return self.level >= Level.A2


def trust(envelope: Envelope, mailbox: MailboxRules, known: Collection[str]) -> Trust:
    """How far this mail may be trusted."""
    if envelope.sender is None:
        return Trust(Level.A0, envelope.sender_problem or "It names no sender.")
    if mailbox.trust == "local":
        return Trust(Level.A2, "It was dropped into a mailbox on this machine that is trusted.")
    domain = _authenticated(envelope, mailbox.authserv_id, mailbox.delivered_by)
    if domain.level is Level.A0:
        return domain
    address = envelope.sender.address.lower()
    if address not in known:
        return Trust(Level.A1, f"{address} is authentic, and not on the list of known senders.")
    if {a.lower() for a in envelope.delivered_to} & {a.lower() for a in mailbox.intake_addresses}:
        return Trust(Level.A3, "A known sender wrote to a secret intake address.")
    return Trust(Level.A2, "An authentic mail from a known sender.")


def _authenticated(
    envelope: Envelope, authserv_id: str | None, delivered_by: Collection[str]
) -> Trust:
    if authserv_id is None:
        return Trust(Level.A0, "This mailbox names no receiving host (authserv_id) to believe.")
    ours = [a for a in envelope.authentication if a.authserv_id.lower() == authserv_id.lower()]
    if not ours:
        return Trust(Level.A0, "Our receiving host wrote no Authentication-Results.")
    top = min(a.position for a in envelope.authentication)
    first = ours[0]
    # RFC 8601 section 5: the border host removes headers that bear its own name. One further down,
    # or below a Received of somebody else, was written by the sender.
    strangers = set(first.received_above) - {host.lower() for host in delivered_by}
    if len(ours) > 1 or first.position != top or strangers:
        return Trust(
            Level.A0, "Authentication-Results in our name stand where others write.", alarm=True
        )
    sender_domain = (envelope.sender.address if envelope.sender else "").rpartition("@")[2]
    aligned = first.header_from is None or first.header_from.lower() == sender_domain.lower()
    if first.dmarc != "pass" or not aligned:
        return Trust(Level.A0, f"DMARC says {first.dmarc or 'nothing'} for {sender_domain}.")
    return Trust(Level.A1, f"DMARC passed for {sender_domain}.")
