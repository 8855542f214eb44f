"""What nobody would type: each answered clearly, nothing broken by it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from house import KECHENG, visitor
from litestar._parsers import parse_url_encoded_form_data

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE
from quzhou_migrants.kernel import sheets
from quzhou_migrants.kernel.file_types import PDF
from quzhou_migrants.kernel.files import NAME_LENGTH, proper_name
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.web.render import FLASH

PART = b'--a\r\nContent-Disposition: form-data; name="x"'


def _packed(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


@pytest.mark.parametrize("note", [b"[" * 9_000, b'["WEB-103", {"most": Infinity}]', b'["WEB-103", [1]]', b"7"])
async def test_an_invented_note_says_nothing(db, note):
    async with visitor() as http:
        assert (await http.get("/sign-in", headers={"cookie": f"{FLASH}={_packed(note)}"})).status_code == 200


async def test_no_form_stays_in_memory(db):
    async with visitor() as http:
        await http.post("/sign-in", data={"login": "", "password": "kept-by-nobody"})
    assert parse_url_encoded_form_data.cache_info().currsize == 0


async def test_an_odd_cookie_of_a_neighbour_does_not_sign_anybody_out(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        mixed = f'site={{"a":[1,2]}}; b c=d; {COOKIE}={http.cookies[COOKIE]}'
        http.cookies.clear()
        assert (await http.get("/home", headers={"cookie": mixed})).status_code == 200


async def test_an_invented_place_in_a_list_breaks_neither_page_nor_file(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for at in (b"[" * 9_000, b'[[["s","\\u0000"],["s","\\u0000"],["n",1]],false]'):
            for way in ("", "&format=xlsx"):
                assert (await http.get(f"/register/households?at={_packed(at)}{way}")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"name":' + b"[" * 100_000),
        ("application/json", b'{"moved_year":' + b"9" * 5_000 + b"}"),
        ("multipart/form-data; boundary=a", PART + b"\r\n\r\n\xff\r\n--a--\r\n"),
        (
            "multipart/form-data; boundary=a",
            PART + b"\r\nContent-Type: text/plain; charset=no-99\r\n\r\nx\r\n--a--\r\n",
        ),
        ("multipart/form-data", b"no boundary"),
    ],
)
async def test_what_cannot_be_read_is_said_to_be_unreadable(db, client_as, kind, body):
    path = "/api/v1/register/households" if kind.endswith("json") else "/register/households/new"
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post(path, content=body, headers={"content-type": kind})
        assert (answer.status_code, "WEB-400" in answer.text) == (400, True)


async def test_no_such_number_is_looked_at(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for what in ("phones", "bank_cipher", "id"):
            for answer in (
                await http.get(f"/register/households/1/reveal/{what}/0"),
                await http.post(f"/register/households/1/reveal/{what}/0", data={"reason": "核对信息"}),
            ):
                assert answer.status_code == 404


async def test_work_goes_on_after_a_process_was_killed():
    with pytest.raises(BrokenProcessPool):
        await in_pool(os._exit, 1)
    assert await in_pool(len, "一二三") == 3


async def test_a_table_is_read_whatever_the_machine_speaks(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("姓名\n𠮷䶮\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "gbk", "LC_ALL": "zh_CN.GBK"}
    script = Path(sheets.__file__).with_name("sheet_child.py")
    done = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(file), stdout=asyncio.subprocess.PIPE, env=environment
    )
    said, _ = await done.communicate()
    assert [json.loads(line) for line in said.decode().splitlines()] == [[["姓名"], ["𠮷䶮"]], {"end": 2}]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("合同.pdf", "合同.pdf"), ("发票.exe", "发票.exe.pdf"), ("2026.9", "2026.9.pdf"), ("A.PDF", "A.PDF"), ("", "")],
)
def test_a_file_is_called_what_it_is(name, kept):
    assert proper_name(name, PDF) == kept
    assert len(proper_name("长" * NAME_LENGTH, PDF)) == NAME_LENGTH
