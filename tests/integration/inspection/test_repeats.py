"""The same picture in two counties: the second is told that there is one, the city which; nobody else anything."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from house import BAIMA, CITY, KECHENG, QUJIANG, actor, become
from PIL import Image, ImageDraw
from visit_house import report, send

from inspection.visits import queries, repeats
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.fingerprint import BITS, STRETCH, fingerprint

pytestmark = pytest.mark.asyncio(loop_scope="session")
SIZE = (640, 480)


def scene(number: int) -> Image.Image:
    """Draw a scene: sky, ground and things of every size."""
    dice = Random(number)
    picture = Image.new("RGB", SIZE, (186, 206, 224))
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, w, h = dice.randrange(640), dice.randrange(480), dice.randrange(10, 200), dice.randrange(10, 150)
        pen.rectangle((x, y, x + w, y + h), fill=tuple(dice.randrange(256) for _ in range(3)))
    return picture


def saved(picture: Image.Image, quality: int, *, kind: str = "JPEG") -> bytes:
    out = BytesIO()
    picture.save(out, kind, quality=quality)
    return out.getvalue()


def apart(a: list[int], b: list[int]) -> int:
    return sum((x ^ y).bit_count() for x, y in zip(a, b, strict=True))


def look(folder: Path, content: bytes) -> list[int]:
    path = folder / "picture"
    path.write_bytes(content)
    return fingerprint(path)


async def test_fingerprint_knows_a_picture_saved_anew_and_no_other(tmp_path: Path) -> None:
    first = look(tmp_path, saved(scene(1), 90))
    assert [part >> STRETCH for part in first] == list(range(BITS // STRETCH))
    small = scene(1).resize((400, 300))
    anew = [saved(scene(1), 35), saved(small, 60), saved(scene(1), 90, kind="PNG")]
    assert all(apart(first, look(tmp_path, content)) <= 20 for content in anew)
    others = [apart(first, look(tmp_path, saved(scene(n), 90))) for n in range(2, 40)]
    assert min(others) > 100


@pytest.mark.parametrize(("again", "kind"), [(90, True), (40, False)])
async def test_picture_of_another_county_is_told_without_its_data(
    tx_as: Any, project_in: Any, again: int, kind: bool
) -> None:
    first, second = saved(scene(3), 90), saved(scene(3), again)
    async with tx_as(Role.INSPECTOR, QUJIANG) as tx:
        there = await project_in(tx, number=2, division=BAIMA, title="别县的工程")
        await send(tx, report(there, first), first)
        async with become(tx, actor(Role.INSPECTOR, KECHENG)):
            here = await project_in(tx)
            clean = saved(scene(4), 90)
            answer = await send(tx, report(here, second, clean), second, clean)
            visit = await queries.find(tx, answer.id)
            assert (answer.state, [(m.code, m.facts) for m in visit["marks"]]) == ("held", [("INS-242", {"count": 1})])
            assert await tx.conn.fetchval("SELECT count(*) FROM inspection_photo_repeat") == 0
            with pytest.raises(Refused, match="KRN-404"):
                await repeats.find_repeat(tx, 1)
        async with become(tx, actor(Role.CITY_CLERK, CITY)):
            (row,) = await tx.conn.fetch("SELECT * FROM inspection_photo_repeat")
            found = await repeats.find_repeat(tx, row["id"])
            assert (found["title"], found["earlier_title"], found["same_bytes"]) == ("道路硬化工程", "别县的工程", kind)
            assert found["apart"] <= 20


async def test_same_county_and_even_pictures_are_no_repeat(tx_as: Any, project_in: Any) -> None:
    plain = saved(Image.new("RGB", SIZE, (90, 90, 90)), 90)
    other = saved(Image.new("RGB", SIZE, (60, 90, 90)), 90)
    async with tx_as(Role.INSPECTOR, QUJIANG) as tx:
        there = await project_in(tx, number=2, division=BAIMA)
        await send(tx, report(there, plain), plain)
        async with become(tx, actor(Role.INSPECTOR, KECHENG)):
            here = await project_in(tx)
            assert (await send(tx, report(here, other), other)).state == "counted"
            shot, again = saved(scene(5), 90), saved(scene(5), 40)
            await send(tx, report(here, shot), shot)
            assert (await send(tx, report(here, again), again)).state == "counted"
        assert await tx.conn.fetchval("SELECT inspection_note_repeats(max(id), 20) FROM inspection_visit") == 0
