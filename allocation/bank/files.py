"""The file for the bank as CSV: the same file gives the same bytes, so its hash can be compared. See FORMAT.md."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from allocation.bank.sources import LINE_PLACE
from quzhou_migrants.kernel.crypto import unseal

COLUMNS = ("batch_no", "line_no", "payee", "bank_name", "account", "amount", "remark")
MARK = "\ufeff"  # spreadsheet programs read UTF-8 only with this mark


@dataclass(frozen=True, slots=True)
class BankFile:
    """The file and its hash."""

    data: bytes
    sha256: str


def records(batch: dict[str, Any], lines: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Write each payment as the bank reads it, the account in full."""
    return [
        (
            batch["number"],
            str(line["line_no"]),
            line["payee"],
            line["bank_name"],
            unseal(line["account_cipher"], LINE_PLACE),
            f"{line['amount_fen'] // 100}.{line['amount_fen'] % 100:02d}",
            line["remark"],
        )
        for line in lines
    ]


def bank_csv(batch: dict[str, Any], lines: Sequence[dict[str, Any]], head: Sequence[str] = COLUMNS) -> BankFile:
    """Write the file. The hash is that of the lines alone, whatever language the heading is in."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(records(batch, lines))
    body = out.getvalue()
    heading = ",".join(head) + "\r\n"
    return BankFile((MARK + heading + body).encode(), hashlib.sha256(body.encode()).hexdigest())
