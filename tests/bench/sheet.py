"""A register sheet of any number of households, one row each, for import measurements."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

from quzhou_migrants.kernel.ids import DemoIds
from quzhou_migrants.kernel.xlsx import Book, Column
from quzhou_migrants.register.columns import COLUMNS

COUNTY = "330802000000"


def villages() -> list[str]:
    """Six hundred village codes of one county."""
    return [f"33080210{township}2{number:02d}" for township in range(10) for number in range(1, 61)]


def write_sheet(path: Path, households: int) -> None:
    """Write the sheet; every row passes every check."""
    ids, rng, codes = DemoIds(), random.Random(1), villages()
    surnames, given = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", [chr(0x4E00 + 7 * n) for n in range(900)]
    same = {
        "relation": "户主",
        "migrant": "是",
        "support": "直补到人",
        "low_income": "否",
        "reservoir": "湖南镇水库",
        "moved_year": "1979",
        "phone": "13800000000",
        "bank_name": "农村商业银行",
    }
    with Book(path) as book:
        table = book.table("登记", [Column(column.title) for column in COLUMNS])
        for number in range(households):
            born = date(rng.randrange(1940, 2010), rng.randrange(1, 13), rng.randrange(1, 28))
            row = same | {
                "household_code": f"BM-{number:06d}",
                "village_code": codes[number % len(codes)],
                "name": rng.choice(surnames) + rng.choice(given) + rng.choice(given),
                "resident_id": ids.next(born, "male"),
                "bank_account": f"62284804{number:011d}",
            }
            table.add([row[column.key] for column in COLUMNS])
