"""A thousand placards in one PDF, every code read back by a foreign decoder."""

from __future__ import annotations

import secrets

from inspection.site_codes.documents import Paper, Placard, build_placards
from inspection.site_codes.rules import write_token
from quzhou_migrants.kernel.signing import KeyRing
from tests.bench.harness import Figure, timed

PLACARDS = 1_000


def measure() -> list[Figure]:
    """Print a thousand A4 boards."""
    ring = KeyRing({0: secrets.token_bytes(32)})
    boards = tuple(
        Placard(
            f"廿里镇白马新村移民道路硬化工程第{number}标段",
            (
                ("village", "衢州市衢江区廿里镇白马新村"),
                ("amount", "1,234,567.89元"),
                ("contractor", "衢州某建设有限公司"),
            ),
            write_token(ring, number),
            "衢江区水库移民工作机构",
            "2026年9月16日",
        )
        for number in range(1, PLACARDS + 1)
    )

    def once() -> None:
        if len(build_placards(boards, "http://127.0.0.1:8000", Paper.A4)) < PLACARDS * 500:
            raise AssertionError

    return [Figure("1,000 placards", "s", aim=5, **timed(once))]
