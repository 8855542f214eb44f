"""Passwords: argon2id in threads, at most two at once; rules computed, never guessed."""

from __future__ import annotations

import asyncio
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from quzhou_migrants.kernel.errors import Problem

HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=2)
_AT_ONCE = asyncio.Semaphore(2)
SHORTEST = 10
_KINDS = (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]")
_NOBODY = HASHER.hash(secrets.token_hex(16))
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"


async def hash_password(plain: str) -> str:
    """Hash a password (about 0.1 s, in a thread)."""
    async with _AT_ONCE:
        return await asyncio.to_thread(HASHER.hash, plain)


async def matches(stored: str | None, plain: str) -> bool:
    """Compare in the same time whether or not the account exists."""
    async with _AT_ONCE:
        return await asyncio.to_thread(_matches, stored or _NOBODY, plain) and stored is not None


def _matches(stored: str, plain: str) -> bool:
    try:
        return HASHER.verify(stored, plain)
    except (VerifyMismatchError, InvalidHashError):
        return False


def weaknesses(plain: str, login: str, *, field: str = "password") -> list[Problem]:
    """List what a new password lacks: ten characters, three of four kinds, not the login name."""
    found = []
    if len(plain) < SHORTEST:
        found.append(Problem("ACC-111", field, {"least": SHORTEST}))
    if sum(bool(re.search(kind, plain)) for kind in _KINDS) < 3:  # noqa: PLR2004 - three of the four kinds
        found.append(Problem("ACC-112", field))
    if login and login.lower() in plain.lower():
        found.append(Problem("ACC-113", field))
    return found


def first_password() -> str:
    """A random first password that must be changed at first sign-in."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(11)) + "-8a"
