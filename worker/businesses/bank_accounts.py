"""The business's own bank accounts, whose files may be booked. In its file only, never by mail."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from worker.kernel.money import digits_of


class BankAccount(BaseModel):
    """One account. Files of accounts that are not named here are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    iban: str = ""
    ids: tuple[str, ...] = Field(
        default=(), description="What else the bank's files call it, such as 37040044/532013000"
    )
    currency: str = "EUR"
    intake_address: str = Field(
        default="", description="Secret address for its files; empty: none are booked by mail"
    )

    @field_validator("currency")
    @classmethod
    def _currency_is_known(cls, code: str) -> str:
        digits_of(code)
        return code

    @model_validator(mode="after")
    def _has_a_name_in_files(self) -> BankAccount:
        if not self.key:
            raise ValueError("an account needs its iban, or ids")
        return self

    @property
    def key(self) -> str:
        """What its entries are kept under: its IBAN, else the first of its ids."""
        return next((found for name in (self.iban, *self.ids) if (found := _plain(name))), "")

    @property
    def shown(self) -> str:
        """What people call it; never the whole number."""
        return self.name or f"…{self.key[-4:]}"

    def is_called(self, name: str) -> bool:
        """Whether a bank file means this account by the name; it may add the currency to it."""
        forms = {_plain(name), _plain(name).removesuffix(self.currency), _german(name)}
        own = {_plain(known) for known in (self.iban, *self.ids)}
        if self.key.startswith("DE"):
            own.add(self.key[4:])
        return bool((forms & own) - {""})


def _plain(name: str) -> str:
    return "".join(character for character in name.upper() if character.isalnum())


def _german(name: str) -> str:
    """Bank code and account number as a German IBAN ends."""
    code, slash, number = name.partition("/")
    digits = "".join(character for character in number if character.isdigit())
    return _plain(code) + digits.zfill(10) if slash and digits else ""
