"""Numbers of people at rest: sealed for their place, found by a blind index, shown masked."""

from __future__ import annotations

from typing import Final

from quzhou_migrants.kernel.crypto import blind, seal, unseal
from quzhou_migrants.kernel.ids import mask, mask_bank_account, mask_resident_id

ID_PLACE: Final = "register_member.id_cipher"
BANK_PLACE: Final = "register_household.bank_cipher"
PHONE_PLACE: Final = "register_household.phone_cipher"
ROW_PLACE: Final = "register_import_row.cells"


def id_blind(number: str) -> bytes:
    """Give the search value of a resident ID."""
    return blind(number, "register.resident_id")


def bank_blind(number: str) -> bytes | None:
    """Give the search value of a bank account; none for none."""
    return blind(number, "register.bank_account") if number else None


def sealed(number: str, place: str) -> bytes | None:
    """Seal a number for its place; nothing for nothing."""
    return seal(number, place) if number else None


def opened(cipher: bytes | None, place: str) -> str:
    """Open a sealed number; nothing for nothing."""
    return unseal(cipher, place) if cipher else ""


def masked_id(cipher: bytes) -> str:
    """Show a resident ID as it may be shown."""
    return mask_resident_id(unseal(cipher, ID_PLACE))


def masked_bank(cipher: bytes | None) -> str:
    """Show a bank account as it may be shown."""
    return mask_bank_account(opened(cipher, BANK_PLACE))


def masked_phone(cipher: bytes | None) -> str:
    """Show a telephone number as it may be shown."""
    return mask(opened(cipher, PHONE_PLACE), 3, 4)
