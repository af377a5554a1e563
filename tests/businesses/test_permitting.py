"""Who may do what with a customer's money."""

from __future__ import annotations

import pytest

from worker.businesses import Act, MailRules, Role, Rules, Staff, permit
from worker.kernel.errors import Refused

RULES = Rules(
    key="acme",
    name="Acme",
    mail=MailRules(from_address="billing@acme.example"),
    staff=tuple(
        Staff(name=role.value.title(), address=f"{role.value}@acme.example", roles=(role,))
        for role in Role
    ),
)
EVERYBODY = set(Role)
DESK = {Role.ADMIN, Role.FINANCE, Role.CASHIER}
OWN, OTHERS, NOBODYS = "sales@acme.example", "sal@acme.example", None


@pytest.mark.parametrize(
    ("act", "salesperson", "allowed"),
    [
        (Act.REGISTER, OWN, EVERYBODY),
        (Act.REGISTER, OTHERS, EVERYBODY - {Role.SALES}),
        (Act.REGISTER, NOBODYS, DESK),
        (Act.APPLY, OWN, EVERYBODY),
        (Act.APPLY, NOBODYS, DESK),
        (Act.UNDO, OWN, DESK),
        (Act.REFUND, OWN, {Role.ADMIN, Role.FINANCE}),
    ],
)
@pytest.mark.parametrize("role", Role)
def test_a_role_allows_what_it_says(
    role: Role, act: Act, salesperson: str | None, allowed: set[Role]
) -> None:
    if role in allowed:
        assert permit(RULES, role.value.upper(), act, salesperson=salesperson).roles == (role,)
        return
    with pytest.raises(Refused):
        permit(RULES, f"{role.value}@acme.example", act, salesperson=salesperson)


def test_somebody_unknown_is_told_who_is_known() -> None:
    with pytest.raises(Refused, match="root is not staff of Acme: say who you are with --as NAME"):
        permit(RULES, "root", Act.REGISTER, salesperson=None)
