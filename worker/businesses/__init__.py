"""Books: the sellers, their rules, and the published looks of their papers."""

from worker.businesses.bank_accounts import BankAccount
from worker.businesses.enrolling import enrol, everyone, lock
from worker.businesses.methods import BANK_DAYS, Methods, PayerKind, Tariff, Way
from worker.businesses.model import (
    BankDetails,
    Business,
    DocumentRules,
    InvoiceRules,
    LinkRules,
    MailboxRules,
    MailRules,
    Role,
    Rules,
    Staff,
    StripeRules,
    TemplateSet,
)
from worker.businesses.permitting import Act, is_staff, permit
from worker.businesses.publishing import files_of, newest_set, publish, set_hash
from worker.businesses.transfers import transfer_code
from worker.businesses.wording import day_text, locale_of, money_text

__all__ = [
    "BANK_DAYS",
    "Act",
    "BankAccount",
    "BankDetails",
    "Business",
    "DocumentRules",
    "InvoiceRules",
    "LinkRules",
    "MailRules",
    "MailboxRules",
    "Methods",
    "PayerKind",
    "Role",
    "Rules",
    "Staff",
    "StripeRules",
    "Tariff",
    "TemplateSet",
    "Way",
    "day_text",
    "enrol",
    "everyone",
    "files_of",
    "is_staff",
    "locale_of",
    "lock",
    "money_text",
    "newest_set",
    "permit",
    "publish",
    "set_hash",
    "transfer_code",
]
