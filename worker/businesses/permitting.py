"""Who of the staff may do what with a customer's money, as the business's file says it."""

from __future__ import annotations

from enum import StrEnum

from worker.businesses.model import Role, Rules, Staff
from worker.kernel.errors import Refused


class Act(StrEnum):
    """What somebody wants to do."""

    REGISTER = "register payments"
    TAKE = "take payments"
    APPLY = "apply money to invoices"
    UNDO = "undo payments"
    REFUND = "give money back"
    WRITE_OFF = "accept deductions"
    CHARGE = "decide about stored cards"


_DESK = frozenset({Role.ADMIN, Role.FINANCE, Role.CASHIER})
_SALES = frozenset({Role.SALES_MANAGER, Role.SALES})
_WHO_MAY = {
    Act.REGISTER: _DESK | _SALES,
    Act.TAKE: _DESK | _SALES,
    Act.APPLY: _DESK | _SALES,
    Act.UNDO: _DESK,
    Act.REFUND: frozenset({Role.ADMIN, Role.FINANCE}),
    Act.WRITE_OFF: frozenset({Role.ADMIN, Role.FINANCE}),
    Act.CHARGE: frozenset({Role.ADMIN, Role.FINANCE}),
}


def permit(rules: Rules, name: str, act: Act, *, salesperson: str | None) -> Staff:
    """The member of staff who may do this for a customer of this salesperson.

    Admin, finance and cashiers act for every customer, sales managers for those that a salesperson
    has, sales for their own. Raises Refused with who is known.
    """
    person = _called(rules, name)
    roles = _WHO_MAY[act] & set(person.roles)
    if not roles:
        having = ", ".join(role.value for role in person.roles) or "no role"
        raise Refused(f"{person.name} ({having}) may not {act}: ask finance.")
    if roles & _DESK:
        return person
    is_own = (salesperson or "").lower() == person.address.lower()
    if is_own or (salesperson and Role.SALES_MANAGER in roles):
        return person
    raise Refused(f"{person.name} may {act} for their own customers only, and this is not one.")


def is_staff(rules: Rules, address: str) -> bool:
    """Whether somebody of the business's staff has this address."""
    return any(person.address.lower() == address.lower() for person in rules.staff)


def _called(rules: Rules, name: str) -> Staff:
    wanted = name.strip().casefold()
    for person in rules.staff:
        if wanted in (person.name.casefold(), person.address.casefold()):
            return person
    known = ", ".join(person.name for person in rules.staff) or "nobody yet"
    raise Refused(
        f"{name} is not staff of {rules.name}: say who you are with --as NAME. Its file names: "
        f"{known}."
    )
