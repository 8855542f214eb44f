"""Generated households and people; their numbers pass every check but carry an area nobody lives in."""

from __future__ import annotations

from asyncio import TaskGroup
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from random import Random

from quzhou_migrants.demo.world import BUSINESS_DATE, Report, World, words
from quzhou_migrants.kernel.ids import DemoIds, Sex
from quzhou_migrants.kernel.tx import system_tx
from quzhou_migrants.register.bulk import copy_households
from quzhou_migrants.register.rules import House, Person
from quzhou_migrants.register.words import Relation, Support

CHUNK = 2_000
WRITERS = 2
YEAR = timedelta(days=365.25)
RARE_IN = 400  # one name in so many has a character that many systems cannot show
# How many people a household has, by weight: 3.25 on average.
SIZES, WEIGHTS = (1, 2, 3, 4, 5, 6), (8, 22, 29, 24, 12, 5)


class Names:
    """Names of people, some with rare characters."""

    def __init__(self, rng: Random) -> None:
        """Take the word lists."""
        self.rng, said = rng, words()
        self.surnames = [*said["surnames"], *said["compound_surnames"]]
        self.given = {"male": said["male"] + said["either"], "female": said["female"] + said["either"]}
        self.rare = said["rare"]

    def surname(self) -> str:
        """Choose a surname."""
        return str(self.rng.choice(self.surnames))

    def of(self, surname: str, sex: Sex) -> str:
        """Make a name of a family."""
        rng = self.rng
        given = rng.choice(self.given[sex])
        if rng.random() < 0.75:  # noqa: PLR2004 - three names in four have two characters
            given += rng.choice(self.given[sex])
        if rng.randrange(RARE_IN) == 0:
            given = given[:-1] + rng.choice(self.rare)
        return f"{surname}{given}"


async def make_households(world: World, count: int, report: Report) -> int:
    """Write the households with their people, in chunks that each commit. Gives the number of people."""
    houses, written = _houses(world, count), [0, 0]

    async def write() -> None:
        while chunk := list(islice(houses, CHUNK)):
            async with system_tx("demo.households") as tx:
                await copy_households(tx.conn, chunk)
            written[0] += len(chunk)
            written[1] += sum(len(house.people) for house in chunk)
            report("households", written[0], count)

    # Most of the work is the database's, and it has more than one processor.
    async with TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(write())
    return written[1]


def _houses(world: World, count: int) -> Iterator[House]:
    """Make households village by village, in proportion to the size of the village."""
    rng = world.rng("households")
    names, ids = Names(rng), DemoIds()
    shares = [rng.uniform(0.5, 1.5) for _ in world.villages]
    whole, before = sum(shares), 0.0
    for village, share in zip(world.villages, shares, strict=True):
        first, before = round(before / whole * count), before + share
        for number in range(round(before / whole * count) - first):
            yield _house(rng, names, ids, f"{village.code}-{number + 1:04d}", village.code)


def _house(rng: Random, names: Names, ids: DemoIds, code: str, village: str) -> House:
    support = Support.CASH if rng.random() < 0.7 else Support.PROJECT  # noqa: PLR2004 - seven in ten
    account = f"999{rng.randrange(10**16):016d}" if support is Support.CASH else ""
    return House(
        code,
        village,
        support,
        tuple(_family(rng, names, ids)),
        low_income=rng.random() < 0.06,  # noqa: PLR2004 - six in a hundred
        reservoir=rng.choice(words()["reservoirs"]),
        moved_year=rng.randrange(1959, 2006),
        bank_name=words()["org"]["bank"] if account else "",
        bank_account=account,
    )


def _family(rng: Random, names: Names, ids: DemoIds) -> Iterator[Person]:
    surname = names.surname()
    size = rng.choices(SIZES, WEIGHTS)[0]
    age = rng.randrange(30, 78)
    sex: Sex = "male" if rng.random() < 0.8 else "female"  # noqa: PLR2004 - heads are mostly men

    def person(relation: Relation, years: int, sex: Sex, family: str) -> Person:
        born = BUSINESS_DATE - YEAR * max(years, 0) - timedelta(days=rng.randrange(1, 365))
        return Person(names.of(family, sex), relation, ids.next(date(born.year, born.month, born.day), sex))

    yield person(Relation.HEAD, age, sex, surname)
    if size > 1:
        other: Sex = "female" if sex == "male" else "male"
        yield person(Relation.SPOUSE, age - rng.randrange(-3, 4), other, names.surname())
    for number in range(size - 2):
        child: Sex = "male" if rng.random() < 0.51 else "female"  # noqa: PLR2004 - as births go
        if number == 2 and age < 60:  # noqa: PLR2004 - grandparents live with younger heads
            yield person(Relation.PARENT, age + rng.randrange(20, 30), child, surname)
        else:
            yield person(Relation.CHILD, age - rng.randrange(21, 32) - 2 * number, child, surname)
