"""Books: customers and the addresses on file."""

from worker.customers.contracting import add_contract, end_contract
from worker.customers.filing import (
    Details,
    add,
    add_contact,
    assign,
    lock,
    lock_all,
    pay_by_link,
    say_kind,
    suppress,
)
from worker.customers.importing import import_csv
from worker.customers.model import Contact, Contract, Customer
from worker.customers.naming import name_key
from worker.customers.records import (
    billing_contacts,
    by_id,
    by_number,
    contact,
    contact_at,
    contacts_at,
    contacts_of,
    contract,
    contracts_of,
    everyone,
    named,
    with_vat_id,
)

__all__ = [
    "Contact",
    "Contract",
    "Customer",
    "Details",
    "add",
    "add_contact",
    "add_contract",
    "assign",
    "billing_contacts",
    "by_id",
    "by_number",
    "contact",
    "contact_at",
    "contacts_at",
    "contacts_of",
    "contract",
    "contracts_of",
    "end_contract",
    "everyone",
    "import_csv",
    "lock",
    "lock_all",
    "name_key",
    "named",
    "pay_by_link",
    "say_kind",
    "suppress",
    "with_vat_id",
]
